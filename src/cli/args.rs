//! The command line.
//!
//! Never: what a command does.

use std::ffi::OsString;

use clap::Args;
use clap::Parser;
use clap::Subcommand;

/// Chat with a model on this device.
#[derive(Clone, Debug, Parser)]
#[command(name = "edgewise", version)]
pub struct Cli {
    /// What to do; none is the chat, or `ask` when stdin or stdout is no terminal.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The question.
    pub prompt: Option<String>,
    /// Flags that every command shares.
    #[command(flatten)]
    pub common: Common,
}

/// A command.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Answer one question and exit.
    Ask {
        /// The question.
        prompt: Option<String>,
    },
    /// Print a shell's completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Give a broken terminal back.
    ResetTerminal,
    /// The engine process; started by the program itself.
    #[command(hide = true)]
    Engine {
        /// What the front passes on.
        rest: Vec<OsString>,
    },
}

/// Flags that every command shares.
#[derive(Clone, Debug, Args)]
pub struct Common {}
