//! The way to a message, copied as a session of its own.

use rusqlite::Connection;
use rusqlite::params;

use crate::chat::Fault;
use crate::chat::MessageId;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::search;
use crate::store::streaming;
use crate::store::wire;

/// Copies the way to `at`, or to the selected leaf; the copies keep their identities, which are
/// unique within a session only. An answer that streams is taken as far as it has come.
///
/// # Errors
/// `at` is not in the session.
pub(super) fn fork(
    db: &Connection,
    from: i64,
    at: Option<MessageId>,
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
                 settings, answer)
             SELECT ?2, id, m.parent, role,
                 CASE state WHEN 'streaming' THEN 'interrupted' ELSE state END, created,
                 CASE state WHEN 'streaming' THEN '[]' ELSE parts END, route, model, settings,
                 answer
             FROM message m JOIN way USING (n) ORDER BY m.n",
        )?
        .execute([from, n])?;
    if copied == 0 && at.is_some() {
        return Err(Fault::new("no such message in the session").into());
    }
    partial(db, from, n)?;
    let mut find = db.prepare_cached("SELECT n, parts FROM message WHERE session = ?1")?;
    let mut rows = find.query([n])?;
    while let Some(row) = rows.next()? {
        search::index(db, row.get(0)?, &wire::read_parts(row::text(row, 1)?)?)?;
    }
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
