//! Taking messages and sessions out.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use crate::chat::MessageId;
use crate::store::error::StoreError;
use crate::store::row;

/// Removes a session with everything of it.
pub(super) fn session(db: &Connection, session: i64) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM words WHERE rowid IN (SELECT n FROM message WHERE session = ?1)",
    )?
    .execute([session])?;
    db.prepare_cached("DELETE FROM message WHERE session = ?1")?.execute([session])?;
    db.prepare_cached("DELETE FROM session WHERE n = ?1")?.execute([session])?;
    unused_settings(db)
}

/// Removes a message and everything below it. Where the selected leaf goes, the newest leaf below
/// its parent is selected.
pub(super) fn message(db: &Connection, session: i64, message: MessageId) -> Result<(), StoreError> {
    let parent: Option<Option<[u8; 16]>> = db
        .prepare_cached("SELECT parent FROM message WHERE session = ?1 AND id = ?2")?
        .query_row(params![session, row::blob(message.0)], |row| row.get(0))
        .optional()?;
    let Some(parent) = parent else { return Ok(()) };
    for from in ["words WHERE rowid IN", "message WHERE n IN"] {
        // Messages go last: they are what is gone by.
        db.prepare_cached(&format!(
            "WITH RECURSIVE below (n, id) AS (
                 SELECT n, id FROM message WHERE session = ?1 AND id = ?2
                 UNION ALL
                 SELECT m.n, m.id FROM message m, below WHERE m.session = ?1 AND m.parent = below.id)
             DELETE FROM {from} (SELECT n FROM below)"
        ))?
        .execute(params![session, row::blob(message.0)])?;
    }
    let gone: bool = db
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM message m, session s
             WHERE s.n = ?1 AND m.session = s.n AND m.id = s.leaf)",
        )?
        .query_row([session], |row| row.get(0))?;
    if gone {
        let leaf = newest_below(db, session, parent)?;
        db.prepare_cached("UPDATE session SET leaf = ?2 WHERE n = ?1")?
            .execute(params![session, leaf])?;
    }
    unused_settings(db)
}

/// Returns the leaf that is met by always taking the newest child; `from` itself if it has none.
pub(super) fn newest_below(
    db: &Connection,
    session: i64,
    from: Option<[u8; 16]>,
) -> Result<Option<[u8; 16]>, StoreError> {
    let mut newest = db.prepare_cached(
        "SELECT id FROM message WHERE session = ?1 AND parent IS ?2 ORDER BY n DESC LIMIT 1",
    )?;
    let mut at = from;
    loop {
        let child: Option<[u8; 16]> =
            newest.query_row(params![session, at], |row| row.get(0)).optional()?;
        match child {
            Some(child) => at = Some(child),
            None => return Ok(at),
        }
    }
}

fn unused_settings(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM settings
         WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.settings = settings.n)",
    )?
    .execute([])?;
    Ok(())
}
