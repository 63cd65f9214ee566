//! `engine`: the other process; the program starts it itself.

use std::ffi::OsString;

use crate::cli::exit::Exit;
use crate::worker;

/// The engine process; the program starts it itself
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What the front passes on.
    #[arg(last = true)]
    pub rest: Vec<OsString>,
}

/// Runs an engine in this process.
pub(super) fn run() -> Exit {
    match worker::run() {
        Ok(()) => Exit::Answered,
        Err(error) => {
            super::notices(&[error.to_string()]);
            Exit::Failed
        }
    }
}
