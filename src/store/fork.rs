//! The way to a message, copied as a session of its own.

use rusqlite::Connection;
use rusqlite::params;

use crate::chat::Fault;
use crate::chat::MessageId;
use crate::chat::SessionId;
use crate::chat::Take;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::search;
use crate::store::streaming;
use crate::store::wire;

/// Copies the way to `at`, or to the selected leaf; the copies keep their identities, which are
/// unique within a session only. An answer that streams is taken as far as it has come.
///
/// What follows a local-only message is local-only too, so that those that may leave are the
/// beginning of every way.
///
/// # Errors
/// `at` is not in the session, or nothing of it may be taken.
pub(super) fn fork(
    db: &Connection,
    from: i64,
    (at, take): (Option<MessageId>, Take),
    (into, created): (SessionId, Timestamp),
) -> Result<(), StoreError> {
    if row::look_up(db, into)?.is_some() {
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO session (id, title, profile, mode, privacy, created, updated, archived, leaf,
         draft, cursor, queued)
         SELECT ?2, title, profile, mode, privacy, ?3, ?3, 0, coalesce(?4, leaf), '', 0, '[]'
         FROM session WHERE n = ?1",
    )?
    .execute(params![from, row::blob(into.0), created.0, at.map(|at| row::blob(at.0))])?;
    let n = db.last_insert_rowid();
    db.prepare_cached("INSERT INTO tag (session, tag) SELECT ?2, tag FROM tag WHERE session = ?1")?
        .execute([from, n])?;
    let copied = db
        .prepare_cached(
            "WITH RECURSIVE way (n, parent) AS (
                 SELECT m.n, m.parent FROM message m, session s
                 WHERE s.n = ?2 AND m.session = ?1 AND m.id = s.leaf
                 UNION ALL
                 SELECT m.n, m.parent FROM message m, way
                 WHERE m.session = ?1 AND m.id = way.parent)
             INSERT INTO message (session, id, parent, role, state, created, parts, route, model,
                 settings, answer, privacy)
             SELECT ?2, id, m.parent, role,
                 CASE state WHEN 'streaming' THEN 'interrupted' ELSE state END, created,
                 CASE state WHEN 'streaming' THEN '[]' ELSE parts END, route, model, settings,
                 answer, privacy
             FROM message m JOIN way USING (n) WHERE ?3 OR privacy = 'open' ORDER BY m.n",
        )?
        .execute(params![from, n, take == Take::All])?;
    match take {
        Take::All if copied == 0 && at.is_some() => {
            return Err(Fault::new("no such message in the session").into());
        }
        Take::Open if copied == 0 => {
            let message = "nothing of the session may leave this device: there is nothing to copy";
            return Err(Fault::new(message).into());
        }
        Take::All => {}
        Take::Open => free(db, n)?,
    }
    partial(db, from, n)?;
    let mut find = db.prepare_cached("SELECT n, parts FROM message WHERE session = ?1")?;
    let mut rows = find.query([n])?;
    while let Some(row) = rows.next()? {
        search::index(db, row.get(0)?, &wire::read_parts(row::text(row, 1)?)?)?;
    }
    Ok(())
}

/// Opens a copy of what may leave; its end is the last message that was taken.
fn free(db: &Connection, n: i64) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE session SET privacy = 'open',
         leaf = (SELECT id FROM message WHERE session = ?1 ORDER BY n DESC LIMIT 1) WHERE n = ?1",
    )?
    .execute([n])?;
    Ok(())
}

/// Gives the copy of a streaming answer the text that there is.
fn partial(db: &Connection, from: i64, into: i64) -> Result<(), StoreError> {
    let mut find = db.prepare_cached(
        "SELECT o.n, c.n FROM message o JOIN message c ON c.session = ?2 AND c.id = o.id
         WHERE o.session = ?1 AND o.state = 'streaming'",
    )?;
    let pairs = find.query_map([from, into], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (original, copy) in pairs.collect::<Result<Vec<(i64, i64)>, _>>()? {
        let parts = streaming::text_so_far(db, original)?;
        db.prepare_cached("UPDATE message SET parts = ?2 WHERE n = ?1")?
            .execute(params![copy, wire::parts(&parts)])?;
    }
    Ok(())
}
