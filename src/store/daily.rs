//! A copy a day, seven of them.

use std::fmt;
use std::fs;
use std::thread;
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::InterruptHandle;
use time::OffsetDateTime;

use crate::chat::Timestamp;
use crate::store::backup;
use crate::store::error::StoreError;
use crate::store::place::Place;

/// Days that are kept.
const KEPT: usize = 7;

/// A copy that is being made.
pub(super) struct Copying {
    stop: InterruptHandle,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Copying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copying").finish_non_exhaustive()
    }
}

impl Copying {
    /// Begins on a thread of its own.
    pub(super) fn start(db: Connection, place: Place, now: Timestamp) -> std::io::Result<Self> {
        let stop = db.get_interrupt_handle();
        let thread = thread::Builder::new().name("edgewise-backup".to_owned());
        // A copy that fails is tried again at the next start; what is wrong with the disk shows
        // elsewhere.
        let thread = thread.spawn(move || copy(&db, &place, now).unwrap_or(()))?;
        Ok(Self { stop, thread })
    }

    /// Breaks it off.
    pub(super) fn stop(self) {
        self.stop.interrupt();
        // A panic of it has been reported by the hook.
        self.thread.join().ok();
    }
}

/// Copies the database unless today's copy is there, and removes the oldest copies.
///
/// # Errors
/// The copy cannot be made; those of other days stay.
fn copy(db: &Connection, place: &Place, now: Timestamp) -> Result<(), StoreError> {
    let Ok(day) = OffsetDateTime::from_unix_timestamp(now.0 / 1000) else { return Ok(()) };
    let today = place.backups().join(format!("daily-{}.db", day.date()));
    if today.exists() {
        return Ok(());
    }
    backup::copy(db, &today)?;
    let mut days: Vec<_> = fs::read_dir(place.backups())
        .map_err(|error| StoreError::file(&place.backups(), error))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("daily-") && name.ends_with(".db")
        })
        .collect();
    days.sort();
    for old in days.iter().rev().skip(KEPT) {
        fs::remove_file(old).map_err(|error| StoreError::file(old, error))?;
    }
    Ok(())
}
