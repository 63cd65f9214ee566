//! The record of every decision: where a turn ran, why, what was expected, what came, which bytes
//! left. One JSON object a line, in a file of the user's own, bounded by rotation.
//!
//! Never: a word of a conversation, a key, a header.

mod file;
mod read;
mod record;

pub use file::{Log, LogError};
pub use read::{Filter, read};
pub use record::{Actual, Event, Happened, Net, Record};
