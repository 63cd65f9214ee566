//! `workshop`: the process that works on model files; the program starts it itself.

use std::ffi::OsString;

use crate::cli::exit::Exit;
use crate::worker;

/// The process that works on model files; the program starts it itself
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The job.
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

/// Does a job in this process; how it went is in its last line.
pub(super) fn run(args: &Args) -> Exit {
    match worker::run_workshop(&args.words) {
        Ok(()) => Exit::Answered,
        // Whoever asked for it is gone.
        Err(_) => Exit::Failed,
    }
}
