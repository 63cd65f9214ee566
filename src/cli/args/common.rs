//! Flags that every command shares.

use std::path::PathBuf;

use clap::ArgAction;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use super::usage;
use crate::chat::Fault;
use crate::chat::Mode;
use crate::cli::output::ColorFlag;
use crate::config::Overrides;

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
    /// Ask in a saved session: its id or the beginning of it, its title, last, or new
    #[arg(short, long, global = true, value_name = "ID|new|last")]
    pub session: Option<String>,
    /// Keep no trace of the conversation
    #[arg(long, global = true, conflicts_with = "session")]
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
          value_parser = NonEmptyStringValueParser::new())]
    pub stop: Vec<String>,
    /// How long to wait for a session that somebody else answers in, in seconds
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// A text file that goes with the question, or a pattern like 'src/*.rs'; may be given several times
    #[arg(short, long, global = true, value_name = "FILE", action = ArgAction::Append)]
    pub file: Vec<PathBuf>,
    /// A JSON schema that the answer has to match (`ask` and `map`)
    #[arg(long, global = true, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Print one JSON event a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Say everything in plain lines: no colours, no moving cursor, as for screen readers
    #[arg(long, global = true, conflicts_with = "json")]
    pub plain: bool,
    /// Keep the chat on the terminal's normal screen
    #[arg(long, global = true)]
    pub inline: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorFlag,
    /// Leave stdin alone, as in `while read` loops
    #[arg(long, global = true)]
    pub no_stdin: bool,
    /// Answer on a GPU of this device or not at all
    #[arg(long, global = true)]
    pub require_gpu: bool,
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
    pub(super) fn no_turn(&self, but: &[&str]) -> Result<(), Fault> {
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
            ("--session", self.session.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("--file", !self.file.is_empty()),
            ("--require-gpu", self.require_gpu),
        ];
        let meant = |flag: &&str| !but.contains(flag);
        match flags.iter().find(|(flag, given)| *given && meant(flag)) {
            Some((flag, _)) => Err(usage(format!("{flag} means nothing to this command"))),
            None => Ok(()),
        }
    }
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
