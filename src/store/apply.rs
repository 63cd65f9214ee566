//! Changes as SQL, within a transaction that the writer has begun.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use crate::chat::Change;
use crate::chat::Desk;
use crate::chat::Fault;
use crate::chat::MessageId;
use crate::chat::NodeState;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::store::change::Work;
use crate::store::error::StoreError;
use crate::store::fork;
use crate::store::lease;
use crate::store::lesson;
use crate::store::owner::Owner;
use crate::store::remove;
use crate::store::row;
use crate::store::streaming;
use crate::store::wire;

/// Applies one change; on an error the caller rolls back to where it was.
pub(super) fn apply(db: &Connection, owner: &Owner, work: &Work) -> Result<(), StoreError> {
    match work {
        Work::Change(change) => follow(db, owner, change),
        Work::Learn(lesson) => lesson::learn(db, lesson),
    }
}

fn follow(db: &Connection, owner: &Owner, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Create(info) => row::create(db, info).map(drop),
        Change::Begin { session, nodes } => {
            let n = row::create(db, session)?;
            lease::take(db, n, owner, nodes)?;
            row::tighten(db, n, session.privacy)?;
            row::add(db, n, nodes)
        }
        Change::Add { session, nodes } => row::add(db, row::find(db, *session)?, nodes),
        Change::Routed { session, message, span } => {
            streaming::routed(db, row::find(db, *session)?, *message, span)
        }
        Change::Append { session, message, from_byte, kind, text, at } => {
            let stretch = streaming::Stretch { from_byte: *from_byte, kind: *kind, text };
            streaming::append(db, row::find(db, *session)?, *message, &stretch)?;
            renew(db, *session, *at)
        }
        Change::Finish { session, message, state, answer, at } => {
            let end = streaming::End { state: *state, answer, at: *at };
            streaming::finish(db, row::find(db, *session)?, *message, &end)
        }
        Change::Renew { session, at } => renew(db, *session, *at),
        Change::Keep { session, desk } => keep(db, *session, desk),
        Change::Select { session, leaf } => select(db, *session, *leaf),
        Change::Rename { session, title } => set(db, *session, "title", title),
        Change::Tag { session, add, remove } => tag(db, *session, add, remove),
        Change::Archive { session, archived } => set(db, *session, "archived", archived),
        Change::Govern { session, profile, mode, privacy } => {
            set(db, *session, "profile", profile)?;
            set(db, *session, "mode", &mode.name())?;
            row::tighten(db, row::find(db, *session)?, *privacy)
        }
        Change::Fork { from, at, take, into, created } => {
            fork::fork(db, row::find(db, *from)?, (*at, *take), (*into, *created))
        }
        Change::Import(sessions) => sessions.iter().try_for_each(|one| row::import(db, one)),
        Change::RemoveMessage { session, message } => {
            let n = row::find(db, *session)?;
            lease::refuse_while_held(db, n, owner)?;
            remove::message(db, n, *message)
        }
        Change::Remove(session) => match row::look_up(db, *session)? {
            None => Ok(()),
            Some(n) => {
                lease::refuse_while_held(db, n, owner)?;
                remove::session(db, n)
            }
        },
    }
}

fn renew(db: &Connection, session: SessionId, at: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE lease SET renewed = max(renewed, ?2)
         WHERE session = (SELECT n FROM session WHERE id = ?1)",
    )?
    .execute(params![row::blob(session.0), at.0])?;
    Ok(())
}

fn keep(db: &Connection, session: SessionId, desk: &Desk) -> Result<(), StoreError> {
    let Desk { draft, queued, scroll } = desk;
    let changed = db
        .prepare_cached(
            "UPDATE session SET draft = ?2, cursor = ?3, queued = ?4, scroll_message = ?5,
             scroll_line = ?6 WHERE id = ?1",
        )?
        .execute(params![
            row::blob(session.0),
            draft.text,
            row::int(draft.cursor),
            wire::json(queued),
            scroll.map(|scroll| row::blob(scroll.message.0)),
            scroll.map(|scroll| scroll.line),
        ])?;
    found(changed, session)
}

fn select(db: &Connection, session: SessionId, leaf: MessageId) -> Result<(), StoreError> {
    let n = row::find(db, session)?;
    let there: Option<i64> = db
        .prepare_cached("SELECT n FROM message WHERE session = ?1 AND id = ?2")?
        .query_row(params![n, row::blob(leaf.0)], |row| row.get(0))
        .optional()?;
    if there.is_none() {
        return Err(Fault::new(format!("no message {leaf} in session {session}")).into());
    }
    db.prepare_cached("UPDATE session SET leaf = ?2 WHERE n = ?1")?
        .execute(params![n, row::blob(leaf.0)])?;
    Ok(())
}

fn set(
    db: &Connection,
    session: SessionId,
    column: &'static str,
    value: &dyn rusqlite::ToSql,
) -> Result<(), StoreError> {
    let changed = db
        .prepare_cached(&format!("UPDATE session SET {column} = ?2 WHERE id = ?1"))?
        .execute(params![row::blob(session.0), value])?;
    found(changed, session)
}

fn tag(
    db: &Connection,
    session: SessionId,
    add: &[String],
    remove: &[String],
) -> Result<(), StoreError> {
    let n = row::find(db, session)?;
    for tag in remove {
        db.prepare_cached("DELETE FROM tag WHERE session = ?1 AND tag = ?2")?
            .execute(params![n, tag])?;
    }
    row::add_tags(db, n, add)
}

fn found(changed: usize, session: SessionId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(Fault::new(format!("no session {session}")).into());
    }
    Ok(())
}

/// Ends every answer that streams without an owner that lives; returns how many.
pub(super) fn reap(db: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT m.session, m.id, l.pid, l.started, l.boot, l.renewed
         FROM message m LEFT JOIN lease l ON l.session = m.session AND l.message = m.id
         WHERE m.state = 'streaming'",
    )?;
    let rows = find.query_map([], |row| {
        Ok((row.get(0)?, MessageId(row::id(row, 1)?), lease::owner_of(row, 2)?))
    })?;
    let mut ended = 0;
    for (session, message, owner) in rows.collect::<Result<Vec<_>, _>>()? {
        if !owner.is_some_and(|(owner, renewed)| owner.lives(renewed, now)) {
            streaming::close(db, session, message, NodeState::Interrupted)?;
            ended += 1;
        }
    }
    Ok(ended)
}
