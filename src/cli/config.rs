//! `config`: the files of settings, what they come to, and where each value comes from.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command as Process;

use serde_json::json;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::output::OUTPUT_SCHEMA;
use crate::config;
use crate::config::ConfigError;
use crate::config::Env;
use crate::config::Paths;
use crate::config::Project;
use crate::config::Settings;
use crate::config::Shown;
use crate::config::Trust;
use crate::runtime::Printed;
use crate::text::Clean;

/// What a new file begins with: every key, commented.
const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/config.toml"));

/// Check, show, edit and trust the files of settings
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Check config.toml, and the project's .edgewise.toml if there is one
    Check,
    /// Open config.toml in $VISUAL or $EDITOR, and check it afterwards
    Edit,
    /// Print where config.toml is
    Path,
    /// Print every setting as it counts, flags included
    Show {
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Set one key in config.toml; comments stay
    #[command(after_help = "Example: edgewise config set profiles.quick.n_ctx 8192")]
    Set {
        /// Tables and key, joined by dots
        key: String,
        /// TOML, or a text
        value: String,
    },
    /// Let the .edgewise.toml of this directory count, as it is now
    Trust {
        /// Take the trust back
        #[arg(long)]
        revoke: bool,
    },
    /// Print the JSON Schema of config.toml, for editors
    Schema {
        /// Print that of the lines of --json instead
        #[arg(long)]
        output: bool,
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
/// A file cannot be read, written or used.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    match &args.command {
        Command::Check => check(env),
        Command::Edit => edit(env),
        Command::Path => {
            Ok(super::give(format!("{}\n", Paths::resolve(env)?.config_file().display())))
        }
        Command::Show { origin } => show(cli, env, *origin),
        Command::Set { key, value } => set(env, key, value),
        Command::Trust { revoke: false } => trust(env),
        Command::Trust { revoke: true } => revoke(env),
        Command::Schema { output: true } => Ok(super::give(OUTPUT_SCHEMA.to_owned())),
        Command::Schema { output: false } => Ok(super::give(config::schema())),
    }
}

/// The directory that the program was started in; one that was removed has no project file either.
pub(super) fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
}

fn check(env: &Env) -> Result<Exit, Fault> {
    let paths = Paths::resolve(env)?;
    let settings = Settings::load_own(&paths, env)?;
    settings.select(None, &config::Overrides::default())?;
    let file = paths.config_file();
    let word = if file.exists() { "ok" } else { "not there, everything is built in" };
    let mut text = format!("{}: {word}\n", file.display());
    if let Ok((path, content)) = Trust::read(&here()) {
        let project = Project::parse(&path.display().to_string(), &content)?;
        settings.with_project(&project)?;
        writeln!(text, "{}: ok", path.display()).ok();
    }
    Ok(super::give(clean(&text)))
}

fn edit(env: &Env) -> Result<Exit, Fault> {
    let paths = Paths::resolve(env)?;
    let file = paths.config_file();
    if !file.exists() {
        config::replace(&file, EXAMPLE.as_bytes()).map_err(|error| cannot_write(&file, &error))?;
    }
    let editor = env.get("VISUAL").or_else(|| env.get("EDITOR"));
    let editor = editor.map_or_else(|| "vi".to_owned(), |name| name.to_string_lossy().into_owned());
    let mut words = editor.split_whitespace();
    let status = Process::new(words.next().unwrap_or("vi")).args(words).arg(&file).status();
    let failed = |why: String| {
        Fault::new(format!("the editor {editor}: {why}")).hint("set VISUAL or EDITOR")
    };
    match status {
        Ok(status) if status.success() => check(env),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn show(cli: &Cli, env: &Env, origin: bool) -> Result<Exit, Fault> {
    let paths = Paths::resolve(env)?;
    let settings = Settings::load(&paths, env, &here())?;
    super::notices(&settings.notices);
    let named = cli.common.profile.as_deref();
    let flags = cli.common.overrides();
    let profile = settings.select(named, &flags)?.name;
    let table = format!("profiles.{profile}");
    let mut shown = settings.shown();
    // The profile in force is shown as it counts, under the flags; the others as they stand.
    if let Some(at) = shown.iter().position(|shown| shown.table == table) {
        shown.retain(|shown| shown.table != table);
        shown.splice(at..at, settings.shown_profile(&profile, &flags));
    }
    let text = if cli.common.json { lines(&shown) } else { toml(&shown, origin) };
    Ok(super::give(clean(&text)))
}

/// Writes settings as a file that could be read again.
pub(super) fn toml(shown: &[Shown], origin: bool) -> String {
    let mut text = String::new();
    let mut table = "";
    for Shown { table: own, key, value, origin: from } in shown {
        if own != table {
            write!(text, "\n[{own}]\n").ok();
            table = own;
        }
        let Some(value) = value else { continue };
        let setting = format!("{key} = {value}");
        if origin {
            writeln!(text, "{setting:48} # {from}").ok();
        } else {
            writeln!(text, "{setting}").ok();
        }
    }
    text
}

/// Writes one JSON object a setting.
pub(super) fn lines(shown: &[Shown]) -> String {
    shown.iter().fold(String::new(), |mut text, Shown { table, key, value, origin }| {
        let object = json!({
            "v": 1, "type": "setting", "table": table, "key": key, "value": value,
            "origin": origin.to_string(),
        });
        writeln!(text, "{object}").ok();
        text
    })
}

fn set(env: &Env, key: &str, value: &str) -> Result<Exit, Fault> {
    let file = Paths::resolve(env)?.config_file();
    let old = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Fault::new(format!("cannot read {}: {error}", file.display())));
        }
    };
    let new = config::change(&file.display().to_string(), &old, key, value)?;
    config::replace(&file, new.as_bytes()).map_err(|error| cannot_write(&file, &error))?;
    Ok(Exit::Answered)
}

/// Says what the project's file would change, and lets it count from now on.
fn trust(env: &Env) -> Result<Exit, Fault> {
    let paths = Paths::resolve(env)?;
    let before = Settings::load_own(&paths, env)?;
    let (path, content) = Trust::read(&here())?;
    let project = Project::parse(&path.display().to_string(), &content)?;
    let after = before.with_project(&project)?;
    let profile = after.select(None, &config::Overrides::default())?.name;
    Trust::new(&paths.data).remember(&path, &content)?;
    let mut text = format!("trusted as it is now: {}\n", path.display());
    let none = config::Overrides::default();
    let name = path.display().to_string();
    let general = after.shown().into_iter().filter(|shown| !shown.table.contains('.'));
    for shown in general.chain(after.shown_profile(&profile, &none)) {
        let from_project =
            matches!(&shown.origin, config::Origin::File { place, .. } if *place.file == *name);
        if let (true, Some(value)) = (from_project, &shown.value) {
            writeln!(text, "  {} = {value}", shown.key).ok();
        }
    }
    super::print(&Printed { stdout: String::new(), stderr: clean(&text) });
    Ok(Exit::Answered)
}

fn revoke(env: &Env) -> Result<Exit, Fault> {
    let known = Trust::new(&Paths::resolve(env)?.data).forget(&here())?;
    if known {
        return Ok(Exit::Answered);
    }
    Err(Fault::new("no file of this directory is trusted").kind(FaultKind::Usage))
}

fn cannot_write(file: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError::new(format!("cannot write {}: {error}", file.display()))
}

/// Files may say anything, and a project's are somebody else's.
fn clean(text: &str) -> String {
    Clean::new(text).into_string()
}
