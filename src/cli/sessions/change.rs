//! `sessions rename`, `tag`, `archive`, `fork`, `rm` and `purge`.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::list::object;
use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::SessionId;
use crate::chat::Take;
use crate::cli::args::Cli;
use crate::cli::saved;
use crate::config::Env;
use crate::config::Paths;
use crate::engine;
use crate::engine::Unheard;
use crate::runtime;
use crate::store::Store;

/// How long an engine may take to forget: it finishes a step of its batch first.
const ENGINE_PATIENCE: Duration = Duration::from_secs(20);

/// Gives a session another title.
pub(super) fn rename(
    cli: &Cli,
    store: &Store,
    session: &str,
    title: &str,
) -> Result<String, Fault> {
    let title = title.trim().to_owned();
    changed(cli, store, session, |session| Change::Rename { session, title })
}

/// Puts tags on a session and takes others off.
pub(super) fn tag(
    cli: &Cli,
    store: &Store,
    session: &str,
    (add, remove): (&[String], &[String]),
) -> Result<String, Fault> {
    let (add, remove) = (add.to_vec(), remove.to_vec());
    changed(cli, store, session, |session| Change::Tag { session, add, remove })
}

/// Leaves a session out of lists, or not any more.
pub(super) fn archive(
    cli: &Cli,
    store: &Store,
    session: &str,
    undo: bool,
) -> Result<String, Fault> {
    changed(cli, store, session, |session| Change::Archive { session, archived: !undo })
}

/// Copies the way to a message as a session of its own.
pub(super) fn fork(
    cli: &Cli,
    store: &Store,
    session: &str,
    (at, take): (Option<&str>, Take),
) -> Result<String, Fault> {
    let from = saved::find(&store.reader()?, session)?.info.id;
    let at = at.map(str::parse).transpose()?;
    let into = runtime::new_session();
    saved::save(store, Change::Fork { from, at, take, into, created: runtime::now() })?;
    show(cli, store, into)
}

/// Removes sessions.
pub(super) fn rm(cli: &Cli, store: &Store, sessions: &[String]) -> Result<String, Fault> {
    let ids = ids(store, sessions)?;
    for id in &ids {
        saved::save(store, Change::Remove(*id))?;
    }
    Ok(told(cli, "removed", &ids))
}

/// Makes a change and returns what the session is then.
fn changed(
    cli: &Cli,
    store: &Store,
    session: &str,
    change: impl FnOnce(SessionId) -> Change,
) -> Result<String, Fault> {
    let id = saved::find(&store.reader()?, session)?.info.id;
    saved::save(store, change(id))?;
    show(cli, store, id)
}

/// Returns a session with `--json`, and its identity without.
fn show(cli: &Cli, store: &Store, id: SessionId) -> Result<String, Fault> {
    if !cli.common.json {
        return Ok(format!("{id}\n"));
    }
    let one = saved::find(&store.reader()?, &id.to_string())?;
    Ok(object(&one).to_string() + "\n")
}

/// Names every session before the first one is touched.
fn ids(store: &Store, words: &[String]) -> Result<Vec<SessionId>, Fault> {
    let reader = store.reader()?;
    words.iter().map(|word| Ok(saved::find(&reader, word)?.info.id)).collect()
}

fn told(cli: &Cli, what: &str, ids: &[SessionId]) -> String {
    ids.iter().fold(String::new(), |mut text, id| {
        if cli.common.json {
            let object = json!({ "v": 1, "type": what, "id": id.to_string() });
            writeln!(text, "{object}").ok();
        } else {
            writeln!(text, "{what} {id}").ok();
        }
        text
    })
}

/// Removes sessions without a trace.
pub(super) fn purge(
    cli: &Cli,
    env: &Env,
    store: Store,
    sessions: &[String],
) -> Result<String, Fault> {
    let ids = ids(&store, sessions)?;
    let paths = Paths::resolve(env)?;
    let unreadable = |error| Fault::new(format!("cannot read the runtime directory: {error}"));
    let forgotten = engine::forget(&paths.runtime_dirs(), &ids, ENGINE_PATIENCE);
    let forgotten = forgotten.map_err(unreadable)?;
    if let Some(engine) = forgotten.unheard.first() {
        return Err(unheard(engine));
    }
    let purged = store.purge(&ids, std::slice::from_ref(&paths.cache))?;
    if let Some(trace) = purged.traces.first() {
        let message = format!(
            "removed, but {} files still have something of it: {}",
            purged.traces.len(),
            trace.display()
        );
        return Err(Fault::new(message).hint("nothing reads it any more: remove the file"));
    }
    let mut text = told(cli, "purged", &ids);
    if !cli.common.json {
        let (searched, deleted) = (purged.searched, purged.deleted);
        let engines = match forgotten.did {
            1 => "1 engine".to_owned(),
            many => format!("{many} engines"),
        };
        let deleted = match deleted {
            0 => String::new(),
            1 => "deleted 1 file of the cache, ".to_owned(),
            deleted => format!("deleted {deleted} files of the cache, "),
        };
        writeln!(text, "{deleted}searched {searched} files and asked {engines}: no trace").ok();
    }
    Ok(text)
}

/// Nothing is removed before every engine has forgotten: afterwards the session could not be named
/// to ask again.
fn unheard(engine: &Unheard) -> Fault {
    let message = format!("{engine} does not answer and may hold the conversation: not removed");
    Fault::new(message).hint(match engine.pid {
        Some(pid) => format!("end it with `kill {pid}`, then purge again"),
        None => "end it, then purge again".to_owned(),
    })
}
