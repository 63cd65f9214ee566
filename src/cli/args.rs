//! The command line: what may be said, and what it says.
//!
//! Never: what a command does.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgAction;
use clap::Args;
use clap::CommandFactory as _;
use clap::Parser;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Mode;
use crate::cli::exit::Exit;
use crate::cli::output::ColorFlag;
use crate::cli::stdin::Wish;
use crate::config::Overrides;
use crate::config::nearest;
use crate::text::Clean;

/// Commands that are planned; their names are no prompts.
const PLANNED: [&str; 11] = [
    "map",
    "sessions",
    "models",
    "profiles",
    "config",
    "endpoints",
    "bench",
    "doctor",
    "audit",
    "db",
    "man",
];

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

/// A command.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Answer one question and exit
    ///
    /// The text goes to stdout as it is generated, everything else to stderr. Text on stdin is
    /// appended to PROMPT.
    #[command(after_help = EXAMPLES)]
    Ask {
        /// The question; after `--` it may begin with a dash
        prompt: Option<String>,
    },
    /// List the engines that run, and how long they stay
    Ps,
    /// Stop every engine; an answer that runs is cut short
    Stop,
    /// Print the completion script of a shell
    #[command(
        after_help = "Example: edgewise completions bash > ~/.local/share/bash-completion/completions/edgewise"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Give back a terminal that a killed program left in disorder
    ResetTerminal,
    /// The engine process; the program starts it itself
    #[command(hide = true, disable_help_flag = true)]
    Engine {
        /// What the front passes on.
        #[arg(last = true)]
        rest: Vec<OsString>,
    },
}

/// Flags that every command shares.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Common {
    /// The profile of config.toml [default: its `default_profile`]
    #[arg(short, long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// A model's name, or a path: begins with / . ~ or ends in .gguf
    #[arg(short, long, global = true, value_name = "MODEL")]
    pub model: Option<String>,
    /// Where turns may run
    #[arg(long, global = true, value_name = "MODE", value_parser = mode_parser())]
    pub mode: Option<Mode>,
    /// The endpoint of config.toml for remote turns
    #[arg(long, global = true, value_name = "NAME")]
    pub endpoint: Option<String>,
    /// A saved session (not there yet)
    #[arg(short, long, global = true, value_name = "ID|new|last")]
    pub session: Option<String>,
    /// Keep no trace of the conversation
    #[arg(long, global = true)]
    pub ephemeral: bool,
    /// The system prompt; empty for none
    #[arg(long, global = true, value_name = "TEXT")]
    pub system: Option<String>,
    /// The most tokens to generate
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_tokens: Option<u32>,
    /// The temperature; 0 takes the likeliest token
    #[arg(long, global = true, value_name = "T", allow_negative_numbers = true,
          value_parser = temperature)]
    pub temp: Option<f32>,
    /// The seed of the draw
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(..i64::from(u32::MAX)))]
    pub seed: Option<u32>,
    /// A string that ends the answer; may be given several times
    #[arg(long, global = true, value_name = "TEXT", action = ArgAction::Append,
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub stop: Vec<String>,
    /// How long to wait for a session that is in use, in seconds (not there yet)
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// A file to attach (not there yet)
    #[arg(short, long, global = true, value_name = "FILE", action = ArgAction::Append)]
    pub file: Vec<PathBuf>,
    /// A JSON schema that the answer must match (not there yet)
    #[arg(long, global = true, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Print one JSON event a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print plain text and open no chat
    #[arg(long, global = true, conflicts_with = "json")]
    pub plain: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorFlag,
    /// Leave stdin alone, as in `while read` loops
    #[arg(long, global = true)]
    pub no_stdin: bool,
    /// Connect to no network
    #[arg(long, global = true)]
    pub offline: bool,
    /// Say nothing on stderr but failures
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say the route and the timings on stderr, even where it is no terminal
    #[arg(short, long, global = true)]
    pub verbose: bool,
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
        Self::try_parse_from(args).map_err(|error| Stop {
            text: Clean::new(&error.render().to_string()).into_string(),
            exit: if error.use_stderr() { Exit::Usage } else { Exit::Answered },
        })
    }

    /// Refuses what parses and cannot be meant or done.
    ///
    /// # Errors
    /// A flag that is not there yet, or a word that is nearly a command.
    pub fn check(&self) -> Result<(), Fault> {
        self.common.not_there_yet()?;
        if matches!(self.command, Some(Command::Ps | Command::Stop)) {
            self.common.no_turn()?;
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
            Some(Command::Ask { prompt }) => prompt.as_deref(),
            Some(
                Command::Completions { .. }
                | Command::Engine { .. }
                | Command::Ps
                | Command::ResetTerminal
                | Command::Stop,
            ) => None,
            None => self.prompt.as_deref(),
        }
    }

    /// Returns what decides between the chat and one turn.
    pub fn wish(&self) -> Wish {
        let ask = matches!(self.command, Some(Command::Ask { .. }));
        Wish {
            one_turn: ask || self.common.json || self.common.plain,
            prompt: self.question().is_some_and(|text| !text.trim().is_empty()),
            no_stdin: self.common.no_stdin,
        }
    }

    /// Returns what the completion scripts are made from.
    pub fn grammar() -> clap::Command {
        Self::command()
    }
}

impl Common {
    /// Returns what the flags say about the profile.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            mode: self.mode,
            model: self.model.clone(),
            endpoint: self.endpoint.clone(),
            system: self.system.clone(),
            max_tokens: self.max_tokens,
            temp: self.temp,
            seed: self.seed,
            stop: self.stop.clone(),
        }
    }

    /// Refuses what speaks of a turn, for commands that have none: `stop -m NAME` does not stop
    /// one model.
    fn no_turn(&self) -> Result<(), Fault> {
        let flags = [
            ("--profile", self.profile.is_some()),
            ("--model", self.model.is_some()),
            ("--mode", self.mode.is_some()),
            ("--endpoint", self.endpoint.is_some()),
            ("--system", self.system.is_some()),
            ("--max-tokens", self.max_tokens.is_some()),
            ("--temp", self.temp.is_some()),
            ("--seed", self.seed.is_some()),
            ("--stop", !self.stop.is_empty()),
        ];
        match flags.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(usage(format!("{flag} means nothing to this command"))),
            None => Ok(()),
        }
    }

    fn not_there_yet(&self) -> Result<(), Fault> {
        let flags = [
            ("--session", self.session.is_some()),
            ("--schema", self.schema.is_some()),
            ("--file", !self.file.is_empty()),
            ("--timeout", self.timeout.is_some()),
        ];
        match flags.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(usage(format!("{flag} is not there yet"))),
            None => Ok(()),
        }
    }
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
    let names = visible.map(clap::Command::get_name).chain(PLANNED).chain(["help"]);
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

fn mode_parser() -> impl clap::builder::TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::NAMES.map(|(name, _)| name)).map(|word| {
        let named = Mode::NAMES.iter().find(|(name, _)| *name == word);
        named.map_or_else(Mode::default, |(_, mode)| *mode)
    })
}

fn temperature(text: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a temperature is a number of at least 0".to_owned())
}

#[cfg(test)]
mod tests;
