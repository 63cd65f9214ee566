//! The saved conversations, as the commands open and name them.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::UtcOffset;
use time::macros::format_description;

use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Listed;
use crate::chat::Timestamp;
use crate::cli::args::Cli;
use crate::config::Env;
use crate::config::Paths;
use crate::runtime;
use crate::runtime::Front;
use crate::store::Found;
use crate::store::Note;
use crate::store::Options;
use crate::store::Place;
use crate::store::Reader;
use crate::store::Saved;
use crate::store::Store;
use crate::store::Synchronous;
use crate::text::Clean;

/// The longest title that is named in a hint, in graphemes.
const TITLE_MAX: usize = 40;

/// Digits of an identity that are shown: the milliseconds and enough to tell two apart.
const SHORT: usize = 18;

/// Opens the store for what endpoints teach, if turns may go to one at all. Where it cannot be
/// written to, nothing is remembered, and nobody need know.
pub(super) fn memory(cli: &Cli, env: &Env, front: &Front) -> Option<Store> {
    if cli.common.ephemeral || front.leaves_to().is_empty() {
        return None;
    }
    let opened = Store::open(place(env).ok()?, options(env), runtime::now());
    let silent = |note: &&Note| matches!(note, Note::Fresh | Note::ReadOnly(_));
    let news = opened.notes.iter().filter(|note| !silent(note));
    let lines: Vec<String> = news.map(ToString::to_string).collect();
    if !cli.common.quiet {
        super::notices(&lines);
    }
    Some(opened.store)
}

/// Opens the store and says what happened.
///
/// # Errors
/// There is no place for it.
pub(super) fn open(cli: &Cli, env: &Env) -> Result<Store, Fault> {
    let opened = Store::open(place(env)?, options(env), runtime::now());
    // That it was made is no news to somebody who asks what is in it.
    let news = opened.notes.iter().filter(|note| !matches!(note, Note::Fresh));
    let lines: Vec<String> = news.map(ToString::to_string).collect();
    if !cli.common.quiet {
        super::notices(&lines);
    }
    Ok(opened.store)
}

/// Returns how the store is opened. A debug build can be told to sync less than it has to: that
/// shows the test that cuts its power to be one that can fail.
fn options(env: &Env) -> Options {
    let synchronous = match env.get("EDGEWISE_TEST_SYNCHRONOUS").and_then(|word| word.to_str()) {
        Some("normal") if cfg!(debug_assertions) => Synchronous::Normal,
        Some("off") if cfg!(debug_assertions) => Synchronous::Off,
        _ => Synchronous::Full,
    };
    Options { synchronous, ..Options::default() }
}

/// Returns where the conversations are.
///
/// # Errors
/// There is no home directory.
pub(super) fn place(env: &Env) -> Result<Place, Fault> {
    Ok(Place::new(Paths::resolve(env)?.sessions_dir()))
}

/// Makes a change and waits until it is durable.
///
/// # Errors
/// It is not.
pub(super) fn save(store: &Store, change: Change) -> Result<(), Fault> {
    match store.submit(change).wait() {
        Saved::Durable => Ok(()),
        Saved::InMemory(fault) | Saved::Refused(fault) | Saved::Busy(fault) => Err(fault),
    }
}

/// Finds the session that a word means.
///
/// # Errors
/// There is none, or more than one; the hint lists the nearest.
pub(super) fn find(reader: &Reader, word: &str) -> Result<Box<Listed>, Fault> {
    let word_shown = Clean::one_line(word, TITLE_MAX);
    let word_shown = word_shown.as_str();
    match reader.find(word)? {
        Found::One(one) => Ok(one),
        Found::Many(many) => {
            let message = format!("`{word_shown}` means {} sessions", many.len());
            Err(Fault::new(message).kind(FaultKind::Usage).hint(named("one of them is", &many)))
        }
        Found::None(nearest) => {
            let fault = Fault::new(format!("no session `{word_shown}`")).kind(FaultKind::Usage);
            Err(fault.hint(if nearest.is_empty() {
                "edgewise ask -s new \"a question\" begins one".to_owned()
            } else {
                named("the nearest are", &nearest)
            }))
        }
    }
}

fn named(begin: &str, sessions: &[Listed]) -> String {
    let mut text = format!("{begin}:");
    for one in sessions.iter().take(5) {
        let title = Clean::one_line(&one.info.title, TITLE_MAX);
        let apart = if text.ends_with(':') { "" } else { ";" };
        write!(text, "{apart} {} {}", short(one), title.as_str()).ok();
    }
    text
}

/// Returns as much of a session's identity as is shown in lists; it is enough to name it.
pub(super) fn short(one: &Listed) -> String {
    one.info.id.to_string().chars().take(SHORT).collect()
}

/// Words a moment in the user's time zone, to the minute.
pub(super) fn moment(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]");
    let nanos = i128::from(at.0) * 1_000_000;
    let utc = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    let local = utc.map(|utc| {
        let offset = UtcOffset::local_offset_at(utc).unwrap_or(UtcOffset::UTC);
        utc.to_offset(offset)
    });
    local.and_then(|local| local.format(&format).ok()).unwrap_or_else(|| "?".to_owned())
}
