//! `reset-terminal`: what a killed program could not do.

use std::io;
use std::io::IsTerminal as _;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::exit::Exit;
use crate::runtime;

/// Puts the terminal on stdout right.
///
/// # Errors
/// stdout is no terminal, or it cannot be written.
pub(super) fn run() -> Result<Exit, Fault> {
    if !io::stdout().is_terminal() {
        return Err(Fault::new("stdout is no terminal")
            .kind(FaultKind::Usage)
            .hint("run it in the terminal that is out of order"));
    }
    runtime::reset_terminal()
        .map_err(|error| Fault::new(format!("cannot reset the terminal: {error}")))?;
    Ok(Exit::Answered)
}
