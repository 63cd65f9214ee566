//! `db`: the file that the conversations are in.

use std::path::PathBuf;

use serde_json::json;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::saved;
use crate::config::Env;
use crate::runtime;
use crate::store;
use crate::text::Clean;

/// Check, copy and repair the file of the saved conversations
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Read every page and say what is wrong
    Check,
    /// Copy the file, while it is in use or not
    Backup {
        /// Where to [default: among the daily copies]
        #[arg(value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Set the file aside and make a new one of what can be read
    Repair,
}

/// Does what the subcommand says.
///
/// # Errors
/// The file is damaged, or cannot be read or written.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    let place = saved::place(env)?;
    let (kind, path, words) = match &args.command {
        Command::Check => {
            let faults = store::check(&place)?;
            if !faults.is_empty() {
                return Err(store::damaged(&faults));
            }
            ("check", place.database(), "sound".to_owned())
        }
        Command::Backup { to } => {
            let file = match to {
                Some(file) => file.clone(),
                None => place.backups().join(format!("{}.db", runtime::now().0)),
            };
            store::back_up(&place, &file)?;
            ("backup", file, "copied".to_owned())
        }
        Command::Repair => {
            let store::Salvage { sessions, messages, lost, aside } =
                store::repair(&place, runtime::now())?;
            let words = format!(
                "{sessions} sessions with {messages} messages read, {lost} rows lost; as it was"
            );
            ("repair", aside, words)
        }
    };
    let path = path.display().to_string();
    Ok(super::give(if cli.common.json {
        json!({"v": 1, "type": kind, "file": path, "result": words}).to_string() + "\n"
    } else {
        format!("{words}: {}\n", Clean::one_line(&path, 400).as_str())
    }))
}
