//! What is done for the file beside all work: every page of it is looked at once a week, and a copy
//! is made once a day.

use std::fmt;
use std::fs;
use std::thread;
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::InterruptHandle;
use time::Date;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::chat::Fault;
use crate::chat::Timestamp;
use crate::store::check;
use crate::store::daily;
use crate::store::error::StoreError;
use crate::store::place;
use crate::store::place::Place;

/// Days from one look at every page to the next.
const CHECK_DAYS: i32 = 7;

/// The upkeep while it runs.
pub(super) struct Upkeep {
    stop: InterruptHandle,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep").finish_non_exhaustive()
    }
}

impl Upkeep {
    /// Begins on a thread of its own; damage that is found is said by `damage`.
    pub(super) fn start(
        db: Connection,
        place: Place,
        now: Timestamp,
        damage: watch::Sender<Option<Fault>>,
    ) -> std::io::Result<Self> {
        let stop = db.get_interrupt_handle();
        let thread = thread::Builder::new().name("edgewise-upkeep".to_owned());
        let thread = thread.spawn(move || match work(&db, &place, now) {
            Ok(faults) if faults.is_empty() => {}
            Ok(faults) => drop(damage.send_replace(Some(check::damaged(&faults)))),
            Err(error) if error.is_damage() => {
                damage.send_replace(Some(check::damaged(&[error.to_string()])));
            }
            // What was broken off or failed is tried again at the next start; what is wrong with
            // the disk shows elsewhere.
            Err(_) => {}
        })?;
        Ok(Self { stop, thread })
    }

    /// Breaks it off.
    pub(super) fn stop(self) {
        self.stop.interrupt();
        // A panic of it has been reported by the hook.
        self.thread.join().ok();
    }
}

/// Does what is due; returns what is wrong with the file. Of a damaged one no copy is made: it
/// would in time displace those of before.
fn work(db: &Connection, place: &Place, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(now.0 / 1000) else {
        return Ok(Vec::new());
    };
    let today = moment.date();
    if is_due(place, today) {
        let faults = check::faults(db)?;
        if !faults.is_empty() {
            return Ok(faults);
        }
        mark(place, today)?;
    }
    daily::copy(db, place, today)?;
    Ok(Vec::new())
}

/// Whether the last look was long ago, or there was none, or it was in a future that the clock had
/// wrong.
fn is_due(place: &Place, today: Date) -> bool {
    let marked = fs::read_to_string(place.checked()).ok();
    let day = marked.and_then(|day| day.trim().parse::<i32>().ok());
    day.is_none_or(|day| !(day..day + CHECK_DAYS).contains(&today.to_julian_day()))
}

/// Takes note of the day, as a Julian day number.
fn mark(place: &Place, today: Date) -> Result<(), StoreError> {
    let path = place.checked();
    drop(place::ensure_file(&path)?);
    let day = format!("{}\n", today.to_julian_day());
    fs::write(&path, day).map_err(|error| StoreError::file(&path, error))
}
