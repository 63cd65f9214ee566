//! `endpoints`: the servers of config.toml, whether they answer, and what they serve.

mod ask;
mod list;

pub(super) use list::{key, origin, protocol};

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Env;
use crate::config::Paths;
use crate::config::Settings;

/// List and check the endpoints of config.toml
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// List the endpoints; nothing is connected to
    List,
    /// Ask endpoints for their models: can they be reached, is the key accepted, the model served?
    #[command(after_help = "Nothing of a conversation is sent. Exit code 1: one of them fails.")]
    Check {
        /// The endpoints [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// List the models that endpoints serve
    Models {
        /// The endpoints [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

/// Does what the subcommand says.
///
/// # Errors
/// The configuration cannot be used, there is no such endpoint, or nothing may leave the device.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    let settings = Settings::load(&Paths::resolve(env)?, env, &super::config::here())?;
    super::notices(&settings.notices);
    match &args.command {
        Command::List => list::run(cli, &settings),
        Command::Check { names } => ask::check(cli, &settings, env, names),
        Command::Models { names } => ask::models(cli, &settings, env, names),
    }
}
