//! Opens the chat.

use std::io;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::filling::warnings;
use crate::cli::first_run::Start;
use crate::cli::look;
use crate::cli::output::use_color;
use crate::cli::prepare::prepare;
use crate::cli::prepare::prepare_bare;
use crate::cli::saved;
use crate::config;
use crate::config::Env;
use crate::config::Paths;
use crate::prompt::Form;
use crate::prompt::attached;
use crate::runtime;
use crate::runtime::KEEP_ALIVE_CHAT;
use crate::runtime::Keeping;
use crate::runtime::Opening;
use crate::runtime::Outside;
use crate::runtime::Printed;
use crate::theme::Depth;
use crate::words::say;

/// Opens the chat and returns when the user has left it.
///
/// # Errors
/// It cannot be opened: the configuration, the model or the terminal.
pub(super) fn run(cli: &Cli, env: &Env, start: Start) -> Result<Exit, Fault> {
    let prepare = if start == Start::Skipped { prepare_bare } else { prepare };
    let prepared = prepare(cli, env, KEEP_ALIVE_CHAT)?;
    let paths = Paths::resolve(env)?;
    let settings = &prepared.settings;
    let unspoken = look::language(&settings.chat.language, &paths.config, env);
    let look = look::look(&settings.theme, &paths.config, depth(cli, env), env);
    let (keys, complaint) = look::keys(&paths.config);
    let plain = cli.common.plain || env.get("TERM").is_some_and(|term| term == "dumb");
    let inline = settings.chat.inline || cli.common.inline;
    let opening = Opening {
        themes: look.themes,
        theme: look.theme,
        follows_ground: look.follows_ground,
        keys,
        prompts: library(&paths),
        complaints: unspoken.into_iter().chain(look.complaints).chain(complaint).collect(),
        mouse: settings.chat.mouse,
        sidebar: settings.chat.sidebar,
        plain,
        inline,
        outside: Outside::read(env),
        paths: paths.clone(),
        scratch: paths.ensure_runtime()?,
        question: question(cli)?,
        keeping: keeping(cli, env)?,
    };
    let terminal = |error: io::Error| Fault::new(format!("the terminal: {error}"));
    let tasks = runtime::tasks().map_err(terminal)?;
    runtime::install_crash_hook();
    let left = tasks.block_on(runtime::chat(&prepared.front, opening)).map_err(terminal)?;
    let ended = left.die_by;
    // A task may sit in a read that never ends; the engine notices the closed socket by itself.
    tasks.shutdown_background();
    if ended.is_none() {
        let keep_alive = prepared.front.engine.as_ref().filter(|_| prepared.front.warms());
        let stderr = stays(keep_alive.map(|engine| engine.keep_alive).unwrap_or_default());
        let stdout = if prepared.settings.chat.print_on_exit && !plain && !inline {
            left.transcript
        } else {
            String::new()
        };
        super::print(&Printed { stdout, stderr });
    }
    super::notices(&prepared.settings.notices);
    if let Some(signal) = ended {
        runtime::die_by(signal);
    }
    Ok(Exit::Answered)
}

/// Makes the first question, with the files that go with it.
fn question(cli: &Cli) -> Result<Option<String>, Fault> {
    let question = cli.question().filter(|text| !text.trim().is_empty());
    if question.is_none() && !cli.common.file.is_empty() {
        return Err(Fault::new("--file goes with a question, and there is none")
            .kind(FaultKind::Usage)
            .hint("edgewise -f FILE \"a question\""));
    }
    let files = runtime::attach(&cli.common.file, Path::new(""))?;
    if !cli.common.quiet {
        super::notices(&warnings(&files));
    }
    Ok(question.map(|question| attached(question, &files)))
}

/// Returns the prompts of the library that can be read.
fn library(paths: &Paths) -> Vec<(String, Form)> {
    let prompts = config::prompts(paths).into_iter();
    prompts.filter_map(|prompt| Some((prompt.name, prompt.form.ok()?))).collect()
}

/// Tells what of the chat is kept, and which session is opened.
fn keeping(cli: &Cli, env: &Env) -> Result<Keeping, Fault> {
    if cli.common.ephemeral {
        return Ok(Keeping::Nothing);
    }
    let place = saved::place(env)?;
    match cli.common.session.as_deref() {
        None | Some("new") => Ok(Keeping::At(place)),
        Some(word) => {
            let store = saved::open(cli, env)?;
            let session = saved::find(&store.reader()?, word)?.info.id;
            Ok(Keeping::In(store, session))
        }
    }
}

/// Says what stays and how to stop it.
fn stays(keep_alive: Duration) -> String {
    if keep_alive.is_zero() {
        return String::new();
    }
    let time = super::engines::words(keep_alive);
    format!("{}\n", say!("engine-stays", time = time))
}

/// Tells how many colours the terminal shows, by what it says of itself.
fn depth(cli: &Cli, env: &Env) -> Depth {
    if !use_color(cli.common.color, env, io::stdout().is_terminal()) {
        return Depth::None;
    }
    let says = |name: &str, words: &[&str]| {
        let value = env.get(name).and_then(|value| value.to_str()).unwrap_or_default();
        words.iter().any(|word| value.contains(word))
    };
    if says("COLORTERM", &["truecolor", "24bit"]) || says("TERM", &["direct", "kitty", "ghostty"]) {
        return Depth::True;
    }
    if says("TERM", &["256color"]) { Depth::Indexed } else { Depth::Sixteen }
}
