//! `profiles`: the named bundles of settings.

use std::fmt::Write as _;

use serde_json::json;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::config::here;
use crate::cli::config::lines;
use crate::cli::config::toml;
use crate::cli::exit::Exit;
use crate::config::Env;
use crate::config::Paths;
use crate::config::Profile;
use crate::config::Settings;
use crate::text::Clean;

/// The longest name in the table, in graphemes.
const NAME_MAX: usize = 32;

/// List and show the profiles of config.toml
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// List the profiles; the one that is used without -p has a star
    List,
    /// Print one profile with everything that it takes from elsewhere
    Show {
        /// The profile [default: the one that is used without -p]
        name: Option<String>,
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
}

impl Args {
    /// Returns whether the flags about models and sampling mean something.
    pub(super) fn has_profile(&self) -> bool {
        matches!(self.command, Command::Show { .. })
    }
}

/// Does what the subcommand says.
///
/// # Errors
/// The configuration cannot be used, or there is no such profile.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    let settings = Settings::load(&Paths::resolve(env)?, env, &here())?;
    super::notices(&settings.notices);
    let text = match &args.command {
        Command::List if cli.common.json => objects(&settings),
        Command::List => table(&settings),
        Command::Show { name, origin } => {
            let named = name.as_deref().or(cli.common.profile.as_deref());
            let flags = cli.common.overrides();
            let profile = settings.select(named, &flags)?;
            let shown = settings.shown_profile(&profile.name, &flags);
            if cli.common.json { lines(&shown) } else { toml(&shown, *origin).trim_start().into() }
        }
    };
    Ok(super::give(Clean::new(&text).into_string()))
}

fn table(settings: &Settings) -> String {
    let head = format!("  {:NAME_MAX$}  {:13}  {:10}  MODEL\n", "NAME", "MODE", "PRIVACY");
    settings.profiles.iter().fold(head, |mut text, (name, profile)| {
        let star = if name == settings.default_name() { '*' } else { ' ' };
        let name = Clean::one_line(name, NAME_MAX);
        let model = Clean::one_line(&profile.model, 80);
        let (name, model, mode) = (name.as_str(), model.as_str(), profile.mode.name());
        let privacy = profile.privacy.name();
        writeln!(text, "{star} {name:NAME_MAX$}  {mode:13}  {privacy:10}  {model}").ok();
        text
    })
}

fn objects(settings: &Settings) -> String {
    let object = |(name, profile): (&String, &Profile)| {
        json!({
            "v": 1, "type": "profile", "name": name, "mode": profile.mode.name(),
            "privacy": profile.privacy.name(), "model": profile.model,
            "endpoints": profile.endpoints, "default": name == settings.default_name(),
        })
    };
    settings.profiles.iter().map(object).fold(String::new(), |mut text, object| {
        writeln!(text, "{object}").ok();
        text
    })
}
