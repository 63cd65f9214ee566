//! The log from `llm` 0.28 on: chains of messages, each known by its hash and its parent's, and
//! turns that say where they came from. A thread is a chain; turns of it that were not followed
//! are branches.

use std::collections::BTreeMap;
use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use serde::Deserialize;

use super::Logged;
use super::answer;
use super::message;
use super::session;
use crate::chat::Imported;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::import::Parcel;
use crate::store::wire;

/// One call of a model.
struct Turn {
    tip: String,
    at: Timestamp,
    model: String,
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    duration_ms: Option<u32>,
}

/// A message of a thread that was read: whom those after it follow, and under which instructions.
#[derive(Clone, Default)]
struct Place {
    node: Option<MessageId>,
    system: Option<String>,
}

/// Reads every thread.
pub(super) fn read(db: &Connection, parcel: &mut Parcel) -> Result<(), StoreError> {
    let mut threads = db.prepare(
        "SELECT id, coalesce(name, ''), tip_message_hash,
             CAST(coalesce(unixepoch(datetime_utc, 'subsec'), 0) * 1000 AS INTEGER)
         FROM threads ORDER BY datetime_utc, id",
    )?;
    let mut rows = threads.query([])?;
    while let Some(row) = rows.next()? {
        let (id, tip): (String, Option<String>) = (row.get(0)?, row.get(2)?);
        let info = session(&id, row.get(1)?, Timestamp(row.get(3)?));
        let said = Imported { info, nodes: Vec::new(), classes: BTreeMap::new() };
        let mut thread = Thread { db, places: HashMap::new(), said };
        for turn in turns(db, &id)? {
            thread.follow(&turn)?;
        }
        let tip = tip.and_then(|tip| thread.places.get(&tip).cloned());
        thread.said.info.leaf =
            tip.and_then(|place| place.node).or(thread.said.nodes.last().map(|node| node.id));
        if !thread.said.nodes.is_empty() {
            parcel.sessions.push(thread.said);
        }
    }
    Ok(())
}

fn turns(db: &Connection, thread: &str) -> Result<Vec<Turn>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT tip_message_hash, coalesce(resolved_model, model, ''), input_tokens, output_tokens,
             duration_ms, CAST(coalesce(unixepoch(datetime_utc, 'subsec'), 0) * 1000 AS INTEGER)
         FROM turns WHERE thread_id = ?1 AND tip_message_hash IS NOT NULL
         ORDER BY datetime_utc, id",
    )?;
    let rows = find.query_map([thread], |row| {
        Ok(Turn {
            tip: row.get(0)?,
            model: row.get(1)?,
            input_tokens: row.get(2)?,
            output_tokens: row.get(3)?,
            duration_ms: row.get(4)?,
            at: Timestamp(row.get(5)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

struct Thread<'a> {
    db: &'a Connection,
    places: HashMap<String, Place>,
    said: Imported,
}

impl Thread<'_> {
    /// Adds the messages that lead to the end of a turn and are not there yet.
    fn follow(&mut self, turn: &Turn) -> Result<(), StoreError> {
        let mut new = Vec::new();
        let mut at = Some(turn.tip.clone());
        while let Some(hash) = at.take_if(|hash| !self.places.contains_key(hash)) {
            let row: Option<(Option<String>, String)> = self
                .db
                .prepare_cached("SELECT parent_hash, role FROM messages WHERE hash = ?1")?
                .query_row([&hash], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((parent, role)) = row else { break };
            new.push((hash, role));
            at = parent;
            // A hash covers its parent's: a circle is no log of `llm`.
            if new.len() > MESSAGES_MAX {
                return Err(crate::chat::Fault::new("the log's messages go in a circle").into());
            }
        }
        let mut place = at.and_then(|hash| self.places.get(&hash).cloned()).unwrap_or_default();
        for (hash, role) in new.into_iter().rev() {
            place = self.add(&hash, &role, place, turn)?;
            self.places.insert(hash, place.clone());
        }
        self.said.info.updated = self.said.info.updated.max(turn.at);
        Ok(())
    }

    fn add(
        &mut self,
        hash: &str,
        role: &str,
        after: Place,
        turn: &Turn,
    ) -> Result<Place, StoreError> {
        let parts = parts(self.db, hash)?;
        let role = Role::named(role).unwrap_or(Role::User);
        let said = Message { role, parts };
        if role == Role::System {
            return Ok(Place { system: Some(said.plain()), ..after });
        }
        // What the turn cost belongs to its last message.
        let logged = |last: bool| Logged {
            model: turn.model.clone(),
            system: after.system.clone(),
            input_tokens: turn.input_tokens.filter(|_| last),
            output_tokens: turn.output_tokens.filter(|_| last),
            duration_ms: turn.duration_ms.filter(|_| last),
        };
        let id = message(hash);
        self.said.nodes.push(Node {
            id,
            parent: after.node,
            created: turn.at,
            message: said,
            state: NodeState::Complete,
            answer: (role == Role::Assistant).then(|| answer(logged(hash == turn.tip))),
        });
        Ok(Place { node: Some(id), ..after })
    }
}

/// More messages than this are not one conversation.
const MESSAGES_MAX: usize = 1_000_000;

/// What a part has beside its text.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    text: Option<String>,
    text_ref: Vec<Piece>,
    name: String,
    arguments: serde_json::Value,
    output: String,
    tool_call_id: Option<String>,
}

/// A piece of a text: itself, or the number of a fragment.
#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    literal: Option<String>,
    #[serde(default)]
    fragment: Option<i64>,
}

/// Reads the parts of a message that are text, thoughts or tools.
fn parts(db: &Connection, hash: &str) -> Result<Vec<Part>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT type, text, payload FROM parts WHERE message_hash = ?1 ORDER BY position",
    )?;
    let rows = find.query_map([hash], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut parts = Vec::new();
    for row in rows {
        let (kind, text, payload): (String, Option<String>, Option<String>) = row?;
        let payload: Payload = match payload {
            Some(payload) => wire::read(&payload)?,
            None => Payload::default(),
        };
        let id = payload.tool_call_id.clone().unwrap_or_default();
        match kind.as_str() {
            "text" => parts.push(Part::Text(resolved(db, text, payload)?)),
            "reasoning" => parts.push(Part::Reasoning(resolved(db, text, payload)?)),
            "tool_call" => {
                let arguments = payload.arguments.to_string();
                parts.push(Part::ToolCall { id, name: payload.name, arguments });
            }
            "tool_result" => parts.push(Part::ToolResult { id, content: payload.output }),
            // Attachments are counted by the caller.
            _ => {}
        }
    }
    Ok(parts)
}

/// Returns a part's text with its fragments in it.
fn resolved(db: &Connection, text: Option<String>, payload: Payload) -> Result<String, StoreError> {
    let mut whole = text.or(payload.text).unwrap_or_default();
    for piece in payload.text_ref {
        if let Some(literal) = piece.literal {
            whole.push_str(&literal);
        } else if let Some(fragment) = piece.fragment {
            let content: Option<String> = db
                .prepare_cached("SELECT content FROM fragments WHERE id = ?1")?
                .query_row([fragment], |row| row.get(0))
                .optional()?;
            whole.push_str(&content.unwrap_or_default());
        }
    }
    Ok(whole)
}
