//! Answers while they stream: appended to in small rows, made one message when they end.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use crate::chat::Answer;
use crate::chat::MessageId;
use crate::chat::NodeState;
use crate::chat::Part;
use crate::chat::PartKind;
use crate::chat::Span;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::lease;
use crate::store::row;
use crate::store::search;
use crate::store::wire;
use crate::store::wire::WireAnswer;

/// A stretch of text.
#[derive(Debug)]
pub(super) struct Stretch<'a> {
    pub(super) from_byte: u64,
    pub(super) kind: PartKind,
    pub(super) text: &'a str,
}

/// How an answer ends.
#[derive(Debug)]
pub(super) struct End<'a> {
    pub(super) state: NodeState,
    pub(super) answer: &'a Answer,
    pub(super) at: Timestamp,
}

/// Notes where an answer runs.
pub(super) fn routed(
    db: &Connection,
    session: i64,
    message: MessageId,
    span: &Span,
) -> Result<(), StoreError> {
    let Some((n, answer)) = open_row(db, session, message)? else { return Ok(()) };
    let mut answer = answer.unwrap_or_default();
    answer.runs(span.clone());
    db.prepare_cached("UPDATE message SET route = ?2, model = ?3, answer = ?4 WHERE n = ?1")?
        .execute(params![
            n,
            span.route.to_string(),
            span.model,
            wire::json(&WireAnswer::from(&answer)),
        ])?;
    Ok(())
}

/// Adds a stretch to an answer that still streams. One that is there already may have grown since,
/// where it was written and that was not heard.
pub(super) fn append(
    db: &Connection,
    session: i64,
    message: MessageId,
    stretch: &Stretch<'_>,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO chunk (message, from_byte, kind, body)
         SELECT n, ?3, ?4, ?5 FROM message
         WHERE session = ?1 AND id = ?2 AND state = 'streaming'
         ON CONFLICT DO UPDATE SET body = excluded.body
         WHERE length(excluded.body) > length(body)",
    )?
    .execute(params![
        session,
        row::blob(message.0),
        row::int(stretch.from_byte),
        stretch.kind.name(),
        stretch.text,
    ])?;
    Ok(())
}

/// Ends an answer that still streams.
pub(super) fn finish(
    db: &Connection,
    session: i64,
    message: MessageId,
    end: &End<'_>,
) -> Result<(), StoreError> {
    if let Some((n, _)) = open_row(db, session, message)? {
        row::set_answer(db, n, end.answer)?;
        close(db, session, message, end.state)?;
        db.prepare_cached("UPDATE session SET updated = max(updated, ?2) WHERE n = ?1")?
            .execute(params![session, end.at.0])?;
    }
    lease::release(db, session, message)
}

/// Makes one message of the stretches of an answer, and gives its lease back.
pub(super) fn close(
    db: &Connection,
    session: i64,
    message: MessageId,
    state: NodeState,
) -> Result<(), StoreError> {
    if let Some((n, _)) = open_row(db, session, message)? {
        let parts = text_so_far(db, n)?;
        db.prepare_cached("UPDATE message SET parts = ?2, state = ?3 WHERE n = ?1")?
            .execute(params![n, wire::parts(&parts), state.name()])?;
        search::index(db, n, &parts)?;
        db.prepare_cached("DELETE FROM chunk WHERE message = ?1")?.execute([n])?;
    }
    lease::release(db, session, message)
}

/// Returns the parts of an answer that still streams.
pub(super) fn text_so_far(db: &Connection, n: i64) -> Result<Vec<Part>, StoreError> {
    let mut stretches =
        db.prepare_cached("SELECT kind, body FROM chunk WHERE message = ?1 ORDER BY from_byte")?;
    let mut rows = stretches.query([n])?;
    let mut parts: Vec<Part> = Vec::new();
    while let Some(row) = rows.next()? {
        let thought = row.get_ref(0)?.as_str() == Ok(PartKind::Reasoning.name());
        let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        match parts.last_mut() {
            Some(Part::Text(text)) if !thought => text.push_str(body),
            Some(Part::Reasoning(text)) if thought => text.push_str(body),
            _ if thought => parts.push(Part::Reasoning(body.to_owned())),
            _ => parts.push(Part::Text(body.to_owned())),
        }
    }
    Ok(parts)
}

fn open_row(
    db: &Connection,
    session: i64,
    message: MessageId,
) -> Result<Option<(i64, Option<Answer>)>, StoreError> {
    let row: Option<(i64, Option<String>)> = db
        .prepare_cached(
            "SELECT n, answer FROM message WHERE session = ?1 AND id = ?2 AND state = 'streaming'",
        )?
        .query_row(params![session, row::blob(message.0)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((n, answer)) = row else { return Ok(None) };
    let answer = answer.map(|text| {
        let wire: WireAnswer = wire::read(&text)?;
        wire.with(crate::chat::TurnSettings::default())
    });
    Ok(Some((n, answer.transpose()?)))
}
