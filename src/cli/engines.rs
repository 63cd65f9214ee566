//! The engines that run: `ps` and `stop`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::chat::Fault;
use crate::chat::LoadState;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Env;
use crate::config::Paths;
use crate::engine;
use crate::engine::Seen;
use crate::engine::SeenState;
use crate::ipc::Status;
use crate::runtime::Printed;
use crate::text::Clean;

/// The longest model name in the table, in graphemes.
const NAME_MAX: usize = 40;

/// How long an engine may take to answer, or to leave; it needs milliseconds, or a step of its
/// batch.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Lists the engines.
///
/// # Errors
/// The runtime directory cannot be found or read.
pub(super) fn ps(cli: &Cli, env: &Env) -> Result<Exit, Fault> {
    let seen = engine::look(&directories(env)?, PATIENCE).map_err(unreadable)?;
    let stdout = if cli.common.json { lines(&seen) } else { table(&seen) };
    let stderr = if seen.is_empty() { "no engine runs\n".to_owned() } else { String::new() };
    super::print(&Printed { stdout, stderr });
    Ok(Exit::Answered)
}

/// Stops the engines.
///
/// # Errors
/// The runtime directory cannot be found or read, or an engine does not leave.
pub(super) fn stop(env: &Env) -> Result<Exit, Fault> {
    let (gone, left) = engine::stop(&directories(env)?, PATIENCE).map_err(unreadable)?;
    let mut stderr = String::new();
    for pid in &gone {
        writeln!(stderr, "stopped engine {pid}").ok();
    }
    if gone.is_empty() && left.is_empty() {
        stderr.push_str("no engine runs\n");
    }
    super::print(&Printed { stdout: String::new(), stderr });
    match left.first() {
        None => Ok(Exit::Answered),
        Some(pid) => Err(Fault::new(format!("engine {pid} does not leave"))
            .hint(format!("end it with: kill {pid}"))),
    }
}

fn directories(env: &Env) -> Result<[std::path::PathBuf; 2], Fault> {
    Ok(Paths::resolve(env)?.runtime_dirs())
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn unreadable(error: std::io::Error) -> Fault {
    Fault::new(format!("cannot read the runtime directory: {error}"))
}

/// One line an engine, under headings.
fn table(seen: &[Seen]) -> String {
    if seen.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{:>8}  {:NAME_MAX$}  {:>8}  {:>11}  {:>5}  {:>7}  {:9}  ON\n",
        "PID", "MODEL", "MEMORY", "POOL", "TURNS", "CLIENTS", "STAYS"
    );
    for Seen { pid, state } in seen {
        match state {
            SeenState::Ready(status) => text.push_str(&row(*pid, status)),
            SeenState::Loading(percent) => {
                writeln!(text, "{pid:>8}  loading {percent} %").unwrap_or(());
            }
            SeenState::Failed(why) => {
                let why = Clean::one_line(why, 200);
                writeln!(text, "{pid:>8}  {}", why.as_str()).unwrap_or(());
            }
            SeenState::Silent => writeln!(text, "{pid:>8}  does not answer").unwrap_or(()),
        }
    }
    text
}

fn row(pid: u32, status: &Status) -> String {
    let health = &status.health;
    let name = Clean::one_line(&stem(&status.model), NAME_MAX);
    let memory = format!("{} MB", health.resident_bytes / 1_000_000);
    let pool = format!("{}/{}", health.pool_used, health.pool_tokens);
    let turns = health.running + health.queued;
    let on = Clean::one_line(device(status), NAME_MAX).into_string();
    let stays = status.leaves_in.map_or_else(|| "in use".to_owned(), words);
    format!(
        "{pid:>8}  {:NAME_MAX$}  {memory:>8}  {pool:>11}  {turns:>5}  {:>7}  {stays:9}  {on}\n",
        name.as_str(),
        health.clients
    )
}

/// Returns what an engine computes on; nothing as long as it loads.
fn device(status: &Status) -> &str {
    match &status.load {
        LoadState::Ready(info) => &info.device,
        LoadState::Loading(_) => "",
    }
}

/// Words a time that somebody waits for.
pub(super) fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

fn stem(model: &Path) -> String {
    model.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// One JSON object an engine.
fn lines(seen: &[Seen]) -> String {
    let object = |Seen { pid, state }: &Seen| match state {
        SeenState::Ready(status) => json!({
            "v": 1, "type": "engine", "pid": pid, "state": "ready",
            "model": status.model.to_string_lossy(),
            "resident_bytes": status.health.resident_bytes,
            "pool_used": status.health.pool_used,
            "pool_tokens": status.health.pool_tokens,
            "running": status.health.running,
            "queued": status.health.queued,
            "clients": status.health.clients,
            "threads": status.health.threads,
            "device": status.health.level.name(),
            "computes_on": Clean::one_line(device(status), 200).as_str(),
            "leaves_in_s": status.leaves_in.map(|time| time.as_secs()),
        }),
        SeenState::Loading(percent) => json!({
            "v": 1, "type": "engine", "pid": pid, "state": "loading", "percent": percent,
        }),
        SeenState::Failed(why) => json!({
            "v": 1, "type": "engine", "pid": pid, "state": "failed", "error": why,
        }),
        SeenState::Silent => json!({ "v": 1, "type": "engine", "pid": pid, "state": "silent" }),
    };
    seen.iter().map(object).fold(String::new(), |mut text, object| {
        writeln!(text, "{object}").ok();
        text
    })
}
