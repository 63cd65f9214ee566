//! Whole turns against a server that does what a script says.

mod matrix;
mod play;
mod turns;
mod waits;

/// What servers do wrong, which is also played through the program itself.
#[path = "../../tests/support/table.rs"]
pub(crate) mod table;

use crate::chat::FaultKind;
use crate::config::Protocol;
use crate::net::fault;
