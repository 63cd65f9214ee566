//! The saved conversations, as the commands open and name them.

use std::fmt::Write as _;
use std::thread;

use time::OffsetDateTime;
use time::UtcOffset;
use time::macros::format_description;
use tokio::sync::oneshot;

use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Listed;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::cli::args::Cli;
use crate::config::Env;
use crate::config::Paths;
use crate::runtime;
use crate::runtime::Front;
use crate::store::Found;
use crate::store::Note;
use crate::store::Opened;
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

/// A store that is opened beside everything else there is to do.
#[derive(Debug)]
pub(super) struct Opening {
    opened: oneshot::Receiver<Opened>,
    /// What is no news of its opening; `None` says nothing at all.
    silent: Option<fn(&Note) -> bool>,
}

impl Opening {
    /// Begins to open the store of the conversations.
    ///
    /// # Errors
    /// There is no place for it, or no thread.
    pub(super) fn begin(cli: &Cli, env: &Env) -> Result<Self, Fault> {
        Self::silent_about(cli, env, is_fresh)
    }

    fn silent_about(cli: &Cli, env: &Env, silent: fn(&Note) -> bool) -> Result<Self, Fault> {
        let (place, options) = (place(env)?, options(env));
        let (told, opened) = oneshot::channel();
        // Whoever waited may have left.
        let open = move || drop(told.send(Store::open(place, options, runtime::now())));
        let thread = thread::Builder::new().name("edgewise-open".to_owned()).spawn(open);
        thread.map_err(|error| Fault::new(format!("no thread to open the store with: {error}")))?;
        Ok(Self { opened, silent: (!cli.common.quiet).then_some(silent) })
    }

    /// Waits until it is open and says what happened.
    ///
    /// # Errors
    /// The thread that opened it is gone.
    ///
    /// # Cancel safety
    /// Not safe: the store is closed again.
    pub(super) async fn opened(self) -> Result<Store, Fault> {
        let gone = |_| Fault::new("the thread that opens the store is gone");
        Ok(told(self.opened.await.map_err(gone)?, self.silent))
    }

    /// Waits as [`Opening::opened`] does, on a thread that may block.
    ///
    /// # Errors
    /// As for [`Opening::opened`].
    pub(super) fn wait(self) -> Result<Store, Fault> {
        let gone = |_| Fault::new("the thread that opens the store is gone");
        Ok(told(self.opened.blocking_recv().map_err(gone)?, self.silent))
    }
}

/// That it was made is no news to somebody who asks what is in it.
fn is_fresh(note: &Note) -> bool {
    matches!(note, Note::Fresh)
}

/// Says what happened while the store was opened.
fn told(opened: Opened, silent: Option<fn(&Note) -> bool>) -> Store {
    if let Some(silent) = silent {
        let news = opened.notes.iter().filter(|note| !silent(note));
        super::notices(&news.map(ToString::to_string).collect::<Vec<_>>());
    }
    opened.store
}

/// Begins to open the store for what endpoints teach, if turns may go to one at all. Where it cannot
/// be written to, nothing is remembered, and nobody need know.
pub(super) fn memory(cli: &Cli, env: &Env, front: &Front) -> Option<Opening> {
    if cli.common.ephemeral || front.leaves_to().is_empty() {
        return None;
    }
    let silent = |note: &Note| is_fresh(note) || matches!(note, Note::ReadOnly(_));
    Opening::silent_about(cli, env, silent).ok()
}

/// Opens the store and says what happened.
///
/// # Errors
/// There is no place for it.
pub(super) fn open(cli: &Cli, env: &Env) -> Result<Store, Fault> {
    let opened = Store::open(place(env)?, options(env), runtime::now());
    Ok(told(opened, (!cli.common.quiet).then_some(is_fresh)))
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

/// Says that a session was removed while it was looked at.
pub(super) fn gone(id: SessionId) -> Fault {
    Fault::new(format!("session {id} is not there any more"))
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
