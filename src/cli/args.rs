//! The command line: what may be said, and what it says.
//!
//! Never: what a command does.

mod common;

pub use common::Common;

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::Parser;
use clap::Subcommand;
use clap::error::ErrorKind;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::ask;
use crate::cli::audit;
use crate::cli::completions;
use crate::cli::config;
use crate::cli::db;
use crate::cli::endpoints;
use crate::cli::engine;
use crate::cli::exit::Exit;
use crate::cli::map;
use crate::cli::models;
use crate::cli::output::fault_lines;
use crate::cli::profiles;
use crate::cli::prompts;
use crate::cli::sessions;
use crate::cli::stdin::Wish;
use crate::cli::workshop;
use crate::config::nearest;
use crate::text::Clean;

/// Commands that are planned; their names are no prompts.
const PLANNED: &[&str] = &["bench"];

/// A shorter name is near too many words.
const SHORTEST_NEAR: usize = 3;

const USAGE: &str = "edgewise [OPTIONS] [PROMPT]\n       edgewise [OPTIONS] <COMMAND>";

const EXAMPLES: &str = "\
Examples:
  edgewise                                 open the chat
  edgewise \"Why is the sky blue?\"          open the chat with a first question
  edgewise ask \"Why is the sky blue?\"      answer once and exit
  edgewise ask \"Sum this up:\" < notes.txt  stdin is appended to the question
  git diff | edgewise ask -p review        with the profile `review` of config.toml
  edgewise map \"In French: {}\" < w.txt     a question for each line, several at once
  edgewise ask --json \"Hi\" | jq .          one JSON event a line
  edgewise ask -m ./model.gguf \"Hi\"        with a model file

Exit codes: 0 answered, 1 failed, 2 usage or configuration, 3 cut short, 4 no route allowed,
  5 the input does not fit the context, 6 the answer does not match the schema, 130 cancelled";

/// Chat with a model that runs on this device
///
/// Opens the chat when stdin and stdout are terminals; otherwise does what `ask` does.
#[derive(Clone, Debug, Parser)]
#[command(name = "edgewise", version, override_usage = USAGE, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The question; a single word that is a command's name needs `ask`
    pub prompt: Option<String>,
    /// Flags that every command shares.
    #[command(flatten)]
    pub common: Common,
}

/// A command. What it takes stands with what it does, in a file of its own; the order here is the
/// order of the help.
#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "the words of the help are those of the command's own type")]
pub enum Command {
    #[command(after_help = EXAMPLES)]
    Ask(ask::Args),
    Map(map::Args),
    /// List the engines that run, and how long they stay
    Ps,
    /// Stop every engine; an answer that runs is cut short
    Stop,
    /// Check the device and the installation
    Doctor,
    Models(models::Args),
    Profiles(profiles::Args),
    Prompts(prompts::Args),
    Endpoints(endpoints::Args),
    Config(config::Args),
    Sessions(sessions::Args),
    Db(db::Args),
    Audit(audit::Args),
    Completions(completions::Args),
    /// Print the manual page: edgewise man | man -l -
    Man,
    /// Give back a terminal that a killed program left in disorder
    ResetTerminal,
    #[command(hide = true, disable_help_flag = true)]
    Engine(engine::Args),
    #[command(hide = true, disable_help_flag = true)]
    Workshop(workshop::Args),
}

impl Command {
    /// Returns whether it has a turn or shows what one would have: the flags about models and
    /// sampling mean something.
    fn has_turn(&self) -> bool {
        match self {
            Self::Ask(_) | Self::Map(_) => true,
            Self::Config(args) => args.has_profile(),
            Self::Profiles(args) => args.has_profile(),
            _ => false,
        }
    }
}

impl Command {
    /// Returns the flags of a turn that mean something to a command without one.
    fn takes(&self) -> &'static [&'static str] {
        match self {
            Self::Sessions(args) => args.takes(),
            _ => &[],
        }
    }
}

/// The end of the program before any command: help, version or a wrong argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What to print, clean: on stdout for [`Exit::Answered`], else on stderr.
    pub text: String,
    /// How the program ends.
    pub exit: Exit,
}

impl Cli {
    /// Reads the arguments, the program's name first.
    ///
    /// # Errors
    /// Help or version was asked for, or an argument is wrong.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let args: Vec<OsString> = args.into_iter().collect();
        Self::try_parse_from(&args).map_err(|error| Stop {
            text: mistyped(&error, &args)
                .unwrap_or_else(|| Clean::new(&error.render().to_string()).into_string()),
            exit: if error.use_stderr() { Exit::Usage } else { Exit::Answered },
        })
    }

    /// Refuses what parses and cannot be meant or done.
    ///
    /// # Errors
    /// A flag that means nothing here, or a word that is nearly a command.
    pub fn check(&self) -> Result<(), Fault> {
        if let Some(command) = self.command.as_ref().filter(|command| !command.has_turn()) {
            self.common.no_turn(command.takes())?;
        }
        match (&self.command, &self.prompt) {
            (None, Some(prompt)) => no_command(prompt),
            (Some(_), Some(prompt)) => Err(usage(format!("a PROMPT before a command: `{prompt}`"))
                .hint("edgewise ask \"a question\"")),
            (_, None) => Ok(()),
        }
    }

    /// Returns the question, whichever way it was asked.
    pub fn question(&self) -> Option<&str> {
        match &self.command {
            Some(Command::Ask(ask)) => ask.prompt.as_deref(),
            Some(_) => None,
            None => self.prompt.as_deref(),
        }
    }

    /// Returns what decides between the chat and one turn.
    pub fn wish(&self) -> Wish {
        let ask = matches!(self.command, Some(Command::Ask(_)));
        let form = matches!(&self.command, Some(Command::Ask(ask)) if ask.filling.form.is_some());
        Wish {
            // Without a question the chat has plain lines as well.
            one_turn: ask
                || self.common.json
                || self.common.schema.is_some()
                || self.common.plain && self.question().is_some(),
            prompt: form || self.question().is_some_and(|text| !text.trim().is_empty()),
            no_stdin: self.common.no_stdin,
        }
    }

    /// Returns what the completion scripts are made from.
    pub fn grammar() -> clap::Command {
        Self::command()
    }
}

/// Words the error where the first word is nearly a command and what is behind it means nothing.
fn mistyped(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let word = args.get(1)?.to_str().filter(|word| !word.starts_with('-'))?;
    let fault = no_command(word).err().filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    Some(fault_lines(&fault, false))
}

/// Refuses a prompt of one word that is a planned command, or nearly a command.
fn no_command(prompt: &str) -> Result<(), Fault> {
    if prompt.is_empty() || prompt.contains(char::is_whitespace) {
        return Ok(());
    }
    let as_prompt = format!("to ask it as a question: edgewise ask \"{prompt}\"");
    if PLANNED.contains(&prompt) {
        return Err(usage(format!("the command `{prompt}` is not there yet")).hint(as_prompt));
    }
    let grammar = Cli::grammar();
    let visible = grammar.get_subcommands().filter(|command| !command.is_hide_set());
    let names = visible.map(clap::Command::get_name).chain(PLANNED.iter().copied()).chain(["help"]);
    match nearest(prompt, names.filter(|name| name.len() >= SHORTEST_NEAR)) {
        Some(near) => {
            Err(usage(format!("no command `{prompt}`; the nearest is `{near}`")).hint(as_prompt))
        }
        None => Ok(()),
    }
}

fn usage(message: String) -> Fault {
    Fault::new(message).kind(FaultKind::Usage)
}

#[cfg(test)]
mod tests;
