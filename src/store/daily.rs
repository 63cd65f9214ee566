//! A copy a day, seven of them.

use std::fs;

use rusqlite::Connection;
use time::Date;

use crate::store::backup;
use crate::store::error::StoreError;
use crate::store::place::Place;

/// Days that are kept.
const KEPT: usize = 7;

/// Copies the database unless today's copy is there, and removes the oldest copies.
///
/// # Errors
/// The copy cannot be made; those of other days stay.
pub(super) fn copy(db: &Connection, place: &Place, today: Date) -> Result<(), StoreError> {
    let today = place.backups().join(format!("daily-{today}.db"));
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
