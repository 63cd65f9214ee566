//! Copies of the database: whole, compact and durable, or not there at all.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::store::error::StoreError;
use crate::store::place;

/// Copies the database to a file, in place of what was there under that name. Others may go on
/// writing; the copy is of one moment.
pub(super) fn copy(db: &Connection, to: &Path) -> Result<(), StoreError> {
    if let Some(dir) = to.parent() {
        place::ensure_dir(dir)?;
    }
    let part = place::beside(to, ".part");
    let failed = |error| StoreError::file(&part, error);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    // Made here, so that nobody else can read it for a moment.
    drop(place::ensure_file(&part)?);
    db.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
    place::sync(&part)?;
    fs::rename(&part, to).map_err(failed)?;
    place::sync(to)
}
