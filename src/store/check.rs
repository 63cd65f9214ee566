//! Whether the database is sound, copies on demand, and repair.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;

use crate::chat::Fault;
use crate::chat::Timestamp;
use crate::store::backup;
use crate::store::connect;
use crate::store::connect::Journal;
use crate::store::connect::Synchronous;
use crate::store::error::StoreError;
use crate::store::locks::Locks;
use crate::store::migrate;
use crate::store::migrate::Kind;
use crate::store::place::Place;
use crate::store::salvage;
use crate::store::salvage::Salvage;

/// The most faults that are named.
const FAULTS: u32 = 20;

/// Reads every page and returns what is wrong, one line each; none for a sound database.
///
/// # Errors
/// There is no database, or it cannot be opened for a reason that is no damage.
pub fn check(place: &Place) -> Result<Vec<String>, StoreError> {
    if !place.database().exists() {
        return Err(Fault::new("no conversation was saved yet").into());
    }
    let look = || -> Result<Vec<String>, StoreError> {
        let db = connect::reader(&place.database())?;
        connect::keep_log(&db, true)?;
        if migrate::kind(&db)? == Kind::Foreign {
            return Ok(vec!["it is a database of another program".to_owned()]);
        }
        faults(&db)
    };
    match look() {
        Err(error) if error.is_damage() => Ok(vec![error.to_string()]),
        looked => looked,
    }
}

/// Reads every page of an open database and returns what is wrong, one line each.
pub(super) fn faults(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut find = db.prepare(&format!("PRAGMA integrity_check({FAULTS})"))?;
    let lines = find.query_map([], |row| row.get::<_, String>(0))?;
    let mut faults = lines.collect::<Result<Vec<_>, _>>()?;
    faults.retain(|line| line != "ok");
    let orphans: i64 =
        db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if orphans > 0 {
        faults.push(format!("{orphans} rows belong to none"));
    }
    Ok(faults)
}

/// Words what a check has found.
pub fn damaged(faults: &[String]) -> Fault {
    let first = faults.first().map_or("", String::as_str);
    let mut message = format!("the store of conversations is damaged: {first}");
    if faults.len() > 1 {
        write!(message, " (and {} more)", faults.len() - 1).ok();
    }
    Fault::new(message).hint("edgewise db repair")
}

/// Copies the database to a file.
///
/// # Errors
/// There is none, or the copy cannot be made.
pub fn back_up(place: &Place, to: &Path) -> Result<(), StoreError> {
    if !place.database().exists() {
        return Err(Fault::new("no conversation was saved yet").into());
    }
    backup::copy(&connect::copier(&place.database())?, to)
}

/// Sets the database aside and makes a new one of what can be read.
///
/// # Errors
/// Somebody has it open, or the new one cannot be written.
pub fn repair(place: &Place, now: Timestamp) -> Result<Salvage, StoreError> {
    let opening = Locks::opening(place)?;
    if !opening.is_alone() {
        let fault = Fault::new("another window has the conversations open");
        return Err(fault.hint("close it and repair again").into());
    }
    let salvaged = salvage::salvage(place, now)?;
    drop(connect::writer(&place.database(), Journal::Wal, Synchronous::Full)?);
    Ok(salvaged)
}
