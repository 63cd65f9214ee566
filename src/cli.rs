//! Arguments to a command to an exit code.
//!
//! Never: business rules.

pub mod args;
pub mod exit;
pub mod output;
pub mod stdin;
