//! Arguments to a command to an exit code.
//!
//! Never: business rules.
