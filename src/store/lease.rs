//! Who answers in a session: one turn at a time, whoever asks.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;

use crate::chat::Fault;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::owner::Owner;
use crate::store::row;
use crate::store::streaming;

/// Takes the lease of a session for the streaming answer among `nodes`. One whose owner has died
/// is taken over, and its answer is interrupted.
///
/// # Errors
/// Somebody else answers there, or there is not exactly one streaming answer.
pub(super) fn take(
    db: &Connection,
    session: i64,
    owner: &Owner,
    nodes: &[Node],
) -> Result<(), StoreError> {
    let mut streaming = nodes.iter().filter(|node| node.state == NodeState::Streaming);
    let (Some(answer), None) = (streaming.next(), streaming.next()) else {
        return Err(Fault::new("a turn begins with one answer that streams").into());
    };
    if let Some((holder, message, renewed)) = holder(db, session)? {
        if message == answer.id && holder == *owner {
            return Ok(());
        }
        if holder.lives(renewed, answer.created) {
            return Err(StoreError::Busy(busy(&holder, owner)));
        }
        streaming::close(db, session, message, NodeState::Interrupted)?;
    }
    db.prepare_cached(
        "INSERT INTO lease (session, message, pid, started, boot, renewed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        session,
        row::blob(answer.id.0),
        owner.pid,
        owner.started,
        owner.boot,
        answer.created.0,
    ])?;
    Ok(())
}

/// Refuses what must not happen while somebody answers in the session.
pub(super) fn refuse_while_held(
    db: &Connection,
    session: i64,
    owner: &Owner,
) -> Result<(), StoreError> {
    match holder(db, session)? {
        // No time is known here: one that cannot be looked up counts as alive.
        Some((holder, _, renewed)) if holder.lives(renewed, renewed) => {
            Err(StoreError::Busy(busy(&holder, owner)))
        }
        _ => Ok(()),
    }
}

/// Gives the lease of an answer back.
pub(super) fn release(db: &Connection, session: i64, message: MessageId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM lease WHERE session = ?1 AND message = ?2")?
        .execute(params![session, row::blob(message.0)])?;
    Ok(())
}

/// Reads an owner and its last sign of life from five columns, beginning with `at`.
pub(super) fn owner_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<(Owner, Timestamp)>> {
    let Some(pid) = row.get::<_, Option<i32>>(at)? else { return Ok(None) };
    let owner = Owner { pid, started: row.get(at + 1)?, boot: row.get(at + 2)? };
    Ok(Some((owner, Timestamp(row.get(at + 3)?))))
}

fn holder(
    db: &Connection,
    session: i64,
) -> Result<Option<(Owner, MessageId, Timestamp)>, StoreError> {
    let held = db
        .prepare_cached(
            "SELECT message, pid, started, boot, renewed FROM lease WHERE session = ?1",
        )?
        .query_row([session], |row| Ok((MessageId(row::id(row, 0)?), owner_of(row, 1)?)))
        .optional()?;
    Ok(held.and_then(|(message, owner)| owner.map(|(owner, renewed)| (owner, message, renewed))))
}

fn busy(holder: &Owner, own: &Owner) -> Fault {
    let who = if holder == own {
        "this window answers in the session already".to_owned()
    } else {
        format!("another window answers in this session (process {})", holder.pid)
    };
    Fault::new(who).hint("ask again when the answer is complete, or fork the session")
}
