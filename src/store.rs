//! Saved conversations: one SQLite store that outlasts crashes, power cuts, full disks, two windows
//! and upgrades.
//!
//! Owns the files below the directory of [`Place`]: the database, its backups and what was damaged.
//! One thread writes ([`Store::submit`] never waits for it); reading goes over connections of its
//! own ([`Store::reader`]). Everything acknowledged as [`Saved::Durable`] outlasts a power cut.
//!
//! Never: `app`, `ui`; a clock: the time comes in with every change.

mod access;
mod apply;
mod asked;
mod backup;
mod change;
mod check;
mod connect;
mod daily;
mod error;
mod export;
mod fork;
mod import;
mod lease;
mod lesson;
mod list;
mod locks;
mod migrate;
mod network;
mod open;
mod owner;
mod place;
mod purge;
mod queue;
mod read;
mod receipt;
mod remove;
mod row;
mod salvage;
mod search;
mod stats;
mod streaming;
mod upkeep;
mod watching;
mod wire;
mod words;
mod writer;

pub use asked::day;
pub use change::Saved;
pub use check::{back_up, check, damaged, repair};
pub use connect::Synchronous;
pub use error::StoreError;
pub use export::{jsonl, markdown};
pub use import::{Parcel, read_file, read_jsonl};
pub use list::{Filter, Found};
pub use open::{Note, Opened, Options};
pub use place::Place;
pub use purge::Purged;
pub use read::{Page, PathNode, Reader};
pub use receipt::Receipt;
pub use salvage::Salvage;
pub use stats::{Stats, Used};
pub use watching::Watching;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::Saving;
use crate::chat::Timestamp;
use crate::route::Lesson;
use crate::store::access::Access;
use crate::store::change::Work;
use crate::store::open::Way;
use crate::store::owner::Owner;
use crate::store::queue::Queue;
use crate::store::read::Source;
use crate::store::upkeep::Upkeep;
use crate::store::writer::Database;
use crate::store::writer::Writer;

/// The store, as long as it is open. Clones are handles to the same one; the last one to go closes
/// it as [`Store::close`] does.
#[derive(Clone, Debug)]
pub struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    place: Place,
    access: Arc<Access>,
    queue: Arc<Queue>,
    health: watch::Receiver<Saving>,
    /// Why nothing is written.
    read_only: Option<Fault>,
    writer: Mutex<Option<JoinHandle<()>>>,
    upkeep: Mutex<Option<Upkeep>>,
    damage: watch::Sender<Option<Fault>>,
}

impl Store {
    fn start(place: Place, access: Arc<Access>, way: Way) -> Self {
        let queue = Arc::new(Queue::default());
        let (says, health) = watch::channel(match &way {
            Way::Open(_) => Saving::Well,
            Way::Later(fault, _) => Saving::Held { fault: fault.clone(), waiting: 0 },
            Way::Never(fault) => Saving::Never(fault.clone()),
        });
        let database = match way {
            Way::Open(db) => Ok(Database::Open(db)),
            Way::Later(_, reopen) => Ok(Database::Later(reopen)),
            Way::Never(fault) => Err(fault),
        };
        let started = database.and_then(|database| {
            let writer =
                Writer { database, owner: Owner::own(), queue: Arc::clone(&queue), health: says };
            let thread = thread::Builder::new().name("edgewise-store".to_owned());
            let started = thread.spawn(move || writer.run());
            started.map_err(|error| Fault::new(format!("no thread to save with: {error}")))
        });
        let (writer, read_only) = match started {
            Ok(thread) => (Some(thread), None),
            Err(fault) => (None, Some(fault)),
        };
        Self(Arc::new(Shared {
            place,
            access,
            queue,
            health,
            read_only,
            writer: Mutex::new(writer),
            upkeep: Mutex::new(None),
            damage: watch::Sender::new(None),
        }))
    }

    /// Hands a change to the writer and returns at once; changes are written in the order in which
    /// they were handed over.
    pub fn submit(&self, change: Change) -> Receipt {
        self.hand_over(Work::Change(change))
    }

    /// Remembers how an endpoint did, as [`Store::submit`] does with a change.
    pub fn learn(&self, lesson: Lesson) -> Receipt {
        self.hand_over(Work::Learn(Box::new(lesson)))
    }

    fn hand_over(&self, work: Work) -> Receipt {
        if let Some(fault) = &self.0.read_only {
            return Receipt::of(Saved::Refused(fault.clone()));
        }
        let (waiting, receipt) = Receipt::new();
        self.0.queue.put(work, waiting);
        receipt
    }

    /// Opens a way to read what is durable. It costs a fraction of a millisecond; keep it.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        self.0.access.source().open()
    }

    /// Does in the background what is due: a look at every page once a week, whose result
    /// [`Store::damage`] tells, and a copy a day, of which seven are kept. What closing the store
    /// breaks off is done next time.
    pub fn keep_up(&self, now: Timestamp) {
        let (Source::Live(path), place) = (self.0.access.source(), self.0.place.clone()) else {
            return;
        };
        let Ok(db) = connect::copier(&path) else { return };
        let mut upkeep = self.0.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        if upkeep.is_none() {
            *upkeep = Upkeep::start(db, place, now, self.0.damage.clone()).ok();
        }
    }

    /// Returns what the upkeep has found wrong with the file, and when it does.
    pub fn damage(&self) -> watch::Receiver<Option<Fault>> {
        self.0.damage.subscribe()
    }

    /// Returns how the store does, and how it changes.
    pub fn health(&self) -> watch::Receiver<Saving> {
        self.0.health.clone()
    }

    /// Returns where it is.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// Writes what waits and closes the database. Blocks for as long as that takes: one commit,
    /// and one more try where nothing could be written. Changes are refused from now on.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Shared {
    fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic of it has been reported by the hook.
            writer.join().ok();
        }
        let upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(upkeep) = upkeep {
            upkeep.stop();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
