//! Rows of sessions and messages, from our types and back.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::types::FromSqlError;

use crate::chat::Answer;
use crate::chat::Fault;
use crate::chat::Imported;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;
use crate::chat::TurnSettings;
use crate::store::error::StoreError;
use crate::store::search;
use crate::store::streaming;
use crate::store::wire;
use crate::store::wire::WireAnswer;
use crate::store::wire::WireSettings;

/// The longest title that a first question gives, in characters.
const TITLE_CHARS: usize = 120;

/// The columns that [`node`] reads.
pub(super) const NODE: &str = "m.n, m.id, m.parent, m.role, m.state, m.created, m.parts, m.answer, \
     (SELECT body FROM settings WHERE n = m.settings)";

pub(super) fn blob(id: u128) -> [u8; 16] {
    id.to_be_bytes()
}

/// Reads an identity.
pub(super) fn id(row: &Row<'_>, at: usize) -> rusqlite::Result<u128> {
    row.get::<_, [u8; 16]>(at).map(u128::from_be_bytes)
}

pub(super) fn maybe_id(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<u128>> {
    row.get::<_, Option<[u8; 16]>>(at).map(|id| id.map(u128::from_be_bytes))
}

pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Makes the row of a session unless it is there; returns its number.
pub(super) fn create(db: &Connection, info: &SessionInfo) -> Result<i64, StoreError> {
    db.prepare_cached(
        "INSERT INTO session (id, title, profile, mode, privacy, created, updated, archived, leaf,
         draft, cursor, queued, scroll_message, scroll_line)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![
        blob(info.id.0),
        info.title,
        info.profile,
        info.mode.name(),
        info.privacy.name(),
        info.created.0,
        info.updated.0,
        info.archived,
        info.draft.text,
        int(info.draft.cursor),
        wire::json(&info.queued),
        info.scroll.map(|scroll| blob(scroll.message.0)),
        info.scroll.map(|scroll| scroll.line),
    ])?;
    let made = db.changes() == 1;
    let n = find(db, info.id)?;
    if made {
        add_tags(db, n, &info.tags)?;
    }
    Ok(n)
}

/// Makes a session as strict as what is about to be added to it. It never becomes less so.
pub(super) fn tighten(
    db: &Connection,
    session: i64,
    class: PrivacyClass,
) -> Result<(), StoreError> {
    if class == PrivacyClass::LocalOnly {
        db.prepare_cached("UPDATE session SET privacy = ?2 WHERE n = ?1 AND privacy <> ?2")?
            .execute(params![session, class.name()])?;
    }
    Ok(())
}

pub(super) fn add_tags(db: &Connection, session: i64, tags: &[String]) -> Result<(), StoreError> {
    for tag in tags {
        db.prepare_cached("INSERT OR IGNORE INTO tag (session, tag) VALUES (?1, ?2)")?
            .execute(params![session, tag])?;
    }
    Ok(())
}

/// Returns the number of a session.
///
/// # Errors
/// There is none.
pub(super) fn find(db: &Connection, session: SessionId) -> Result<i64, StoreError> {
    look_up(db, session)?.ok_or_else(|| Fault::new(format!("no session {session}")).into())
}

pub(super) fn look_up(db: &Connection, session: SessionId) -> Result<Option<i64>, StoreError> {
    let n = db
        .prepare_cached("SELECT n FROM session WHERE id = ?1")?
        .query_row([blob(session.0)], |row| row.get(0))
        .optional()?;
    Ok(n)
}

/// Adds messages that are not there yet and selects the last one.
///
/// # Errors
/// One follows a message that is not there.
pub(super) fn add(db: &Connection, session: i64, nodes: &[Node]) -> Result<(), StoreError> {
    for node in nodes {
        insert(db, session, node, None)?;
        title(db, session, node)?;
    }
    let Some(last) = nodes.last() else { return Ok(()) };
    db.prepare_cached("UPDATE session SET leaf = ?2, updated = max(updated, ?3) WHERE n = ?1")?
        .execute(params![session, blob(last.id.0), last.created.0])?;
    Ok(())
}

/// Adds a message of the given class, or of its session's.
fn insert(
    db: &Connection,
    session: i64,
    node: &Node,
    class: Option<PrivacyClass>,
) -> Result<(), StoreError> {
    let orphan = match node.parent {
        None => false,
        Some(parent) => db
            .prepare_cached("SELECT 1 FROM message WHERE session = ?1 AND id = ?2")?
            .query_row(params![session, blob(parent.0)], |_| Ok(()))
            .optional()?
            .is_none(),
    };
    if orphan {
        let message = format!("message {} follows one that is not there", node.id);
        return Err(Fault::new(message).into());
    }
    db.prepare_cached(
        "INSERT INTO message (session, id, parent, role, state, created, parts, privacy)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,
             coalesce(?8, (SELECT privacy FROM session WHERE n = ?1)))
         ON CONFLICT (session, id) DO NOTHING",
    )?
    .execute(params![
        session,
        blob(node.id.0),
        node.parent.map(|parent| blob(parent.0)),
        node.message.role.name(),
        node.state.name(),
        node.created.0,
        wire::parts(&node.message.parts),
        class.map(PrivacyClass::name),
    ])?;
    if db.changes() == 1 {
        let n = db.last_insert_rowid();
        if let Some(answer) = &node.answer {
            set_answer(db, n, answer)?;
        }
        if node.state != NodeState::Streaming {
            search::index(db, n, &node.message.parts)?;
        }
    }
    Ok(())
}

/// Writes how an answer came about.
pub(super) fn set_answer(db: &Connection, n: i64, answer: &Answer) -> Result<(), StoreError> {
    let settings = wire::json(&WireSettings::from(&answer.settings));
    db.prepare_cached("INSERT INTO settings (body) VALUES (?1) ON CONFLICT (body) DO NOTHING")?
        .execute([&settings])?;
    db.prepare_cached(
        "UPDATE message SET settings = (SELECT n FROM settings WHERE body = ?2), route = ?3,
         model = ?4, answer = ?5 WHERE n = ?1",
    )?
    .execute(params![
        n,
        settings,
        answer.origin().map(|span| span.route.to_string()),
        answer.origin().map(|span| span.model.as_str()),
        wire::json(&WireAnswer::from(answer)),
    ])?;
    Ok(())
}

/// The first question names a session that has no name.
fn title(db: &Connection, session: i64, node: &Node) -> Result<(), StoreError> {
    if node.message.role != Role::User {
        return Ok(());
    }
    let text = node.message.plain();
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    let line: String = line.chars().take(TITLE_CHARS).collect();
    db.prepare_cached("UPDATE session SET title = ?2 WHERE n = ?1 AND title = ''")?
        .execute(params![session, line])?;
    Ok(())
}

/// Takes in a whole session, unless it is there.
pub(super) fn import(db: &Connection, one: &Imported) -> Result<(), StoreError> {
    if look_up(db, one.info.id)?.is_some() {
        return Ok(());
    }
    let n = create(db, &one.info)?;
    for node in &one.nodes {
        insert(db, n, node, one.classes.get(&node.id).copied())?;
    }
    db.prepare_cached("UPDATE session SET leaf = ?2 WHERE n = ?1")?
        .execute(params![n, one.info.leaf.map(|leaf| blob(leaf.0))])?;
    Ok(())
}

/// Reads a message from the columns of [`NODE`]; a streaming answer with what it has so far.
pub(super) fn node(db: &Connection, row: &Row<'_>) -> Result<Node, StoreError> {
    let (n, state): (i64, String) = (row.get(0)?, row.get(4)?);
    let state = NodeState::named(&state).ok_or_else(|| odd("state", &state))?;
    let role: String = row.get(3)?;
    let role = Role::named(&role).ok_or_else(|| odd("role", &role))?;
    let parts = match state {
        NodeState::Streaming => streaming::text_so_far(db, n)?,
        _ => wire::read_parts(text(row, 6)?)?,
    };
    let answer: Option<Answer> = match row.get_ref(7)?.as_str_or_null().map_err(sql)? {
        None => None,
        Some(answer) => {
            let settings = match row.get_ref(8)?.as_str_or_null().map_err(sql)? {
                None => TurnSettings::default(),
                Some(body) => wire::read::<WireSettings>(body)?.into(),
            };
            Some(wire::read::<WireAnswer>(answer)?.with(settings)?)
        }
    };
    Ok(Node {
        id: MessageId(id(row, 1)?),
        parent: maybe_id(row, 2)?.map(MessageId),
        created: Timestamp(row.get(5)?),
        message: Message { role, parts },
        state,
        answer: answer.map(Box::new),
    })
}

pub(super) fn text<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a str, StoreError> {
    row.get_ref(at)?.as_str().map_err(sql)
}

fn sql(error: FromSqlError) -> StoreError {
    rusqlite::Error::from(error).into()
}

pub(super) fn odd(what: &str, value: &str) -> StoreError {
    Fault::new(format!("the store of conversations has an unknown {what}: `{value}`")).into()
}
