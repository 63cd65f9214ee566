//! `completions`: the script that a shell completes from.

use clap_complete::Shell;

use crate::cli::args::Cli;
use crate::cli::exit::Exit;

/// Print the completion script of a shell
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Example: edgewise completions bash > ~/.local/share/bash-completion/completions/edgewise"
)]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::grammar(), "edgewise", &mut script);
    super::give(String::from_utf8_lossy(&script).into_owned())
}
