//! The one thread that writes. It takes all that waits and commits it at once; what cannot be
//! written for now stays in the queue, in its order, and is tried again; so does all of it while the
//! store cannot be opened.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::TransactionBehavior;
use tokio::sync::watch;

use crate::chat::Fault;
use crate::chat::Saving;
use crate::store::apply::apply;
use crate::store::change::Saved;
use crate::store::error::StoreError;
use crate::store::open::Reopen;
use crate::store::owner::Owner;
use crate::store::queue::Entry;
use crate::store::queue::Queue;

/// Between two tries while nothing can be written.
const RETRY: Duration = Duration::from_secs(2);

/// The database, or how to open it.
#[derive(Debug)]
pub(super) enum Database {
    Open(Connection),
    Later(Reopen),
}

impl Database {
    /// Returns the connection; opens it first where that did not work before.
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        if let Self::Later(reopen) = self {
            *self = Self::Open(reopen.open()?);
        }
        match self {
            Self::Open(db) => Ok(db),
            Self::Later(_) => unreachable!("it was opened"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) database: Database,
    pub(super) owner: Owner,
    pub(super) queue: Arc<Queue>,
    pub(super) health: watch::Sender<Saving>,
}

impl Writer {
    /// Writes until the queue is closed and empty, or closed while nothing can be written.
    pub(super) fn run(mut self) {
        while let Some(mut entries) = self.next() {
            match self.commit(&entries) {
                Ok(results) => {
                    self.say(Saving::Well);
                    for (entry, saved) in entries.iter_mut().zip(&results) {
                        entry.tell(saved);
                    }
                }
                Err(error) => {
                    let fault = Fault::from(error);
                    let waiting = entries.len() + self.queue.len();
                    self.say(Saving::Held { fault: fault.clone(), waiting });
                    for entry in &mut entries {
                        entry.tell(&Saved::InMemory(fault.clone()));
                    }
                    self.queue.put_back(entries);
                    if self.queue.pause(RETRY) {
                        return self.last_try();
                    }
                }
            }
        }
    }

    /// Waits for changes; meanwhile it tries to open what is not open.
    fn next(&mut self) -> Option<Vec<Entry>> {
        while matches!(self.database, Database::Later(_)) && self.queue.is_idle_for(RETRY) {
            if self.database.connection().is_ok() {
                self.say(Saving::Well);
            }
        }
        self.queue.take()
    }

    /// The program leaves while nothing could be written: once more, then it is lost.
    fn last_try(&mut self) {
        if let Some(mut entries) = self.queue.take()
            && let Err(error) = self.commit(&entries)
        {
            let fault = Fault::from(error);
            for entry in &mut entries {
                entry.tell(&Saved::Refused(fault.clone()));
            }
            self.say(Saving::Held { fault, waiting: entries.len() });
        }
    }

    /// Applies all of `entries` in one transaction. One that the store refuses leaves no trace and
    /// does not keep the others out.
    ///
    /// # Errors
    /// Nothing of it could be written.
    fn commit(&mut self, entries: &[Entry]) -> Result<Vec<Saved>, StoreError> {
        let db = self.database.connection()?;
        let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut results = Vec::with_capacity(entries.len());
        for entry in entries {
            let point = transaction.savepoint()?;
            results.push(match apply(&point, &self.owner, &entry.work) {
                Ok(()) => {
                    point.commit()?;
                    Saved::Durable
                }
                Err(error) if error.may_pass() => return Err(error),
                Err(StoreError::Busy(fault)) => Saved::Busy(fault),
                // Dropping the savepoint rolls back to it.
                Err(error) => Saved::Refused(error.into()),
            });
        }
        transaction.commit()?;
        Ok(results)
    }

    fn say(&self, health: Saving) {
        self.health.send_if_modified(|known| {
            let changed = *known != health;
            *known = health;
            changed
        });
    }
}
