//! Full-text search over all messages.

use std::ops::Range;

use rusqlite::Connection;
use rusqlite::params;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Hit;
use crate::chat::MessageId;
use crate::chat::NodeState;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::list::Filter;
use crate::store::list::Wanted;
use crate::store::list::route_pattern;
use crate::store::read::Reader;
use crate::store::row;
use crate::store::wire;
use crate::store::words;
use crate::store::words::Term;

/// Bytes of text around what was found, on either side, at most.
const CONTEXT_BYTES: usize = 60;

impl Reader {
    /// Returns messages in which every blank-separated word of `question` is found, or begins a
    /// word (a single letter is a word); in quotes, whole words that follow each other. Case and diacritics do not count. The
    /// newest come first. A question counts as its answers' model and route.
    ///
    /// # Errors
    /// It cannot be read, or there is no letter or digit in the question (`Usage`).
    pub fn search(
        &self,
        question: &str,
        filter: &Filter,
        limit: u32,
    ) -> Result<Vec<Hit>, StoreError> {
        let terms = words::terms(question);
        if terms.is_empty() {
            let fault = Fault::new("nothing to search for").kind(FaultKind::Usage);
            return Err(fault.hint("edgewise sessions search WORD").into());
        }
        let mut wanted = Wanted::default();
        wanted.value("words MATCH ?", words::expression(&terms));
        wanted.message(filter);
        let sql = format!(
            "SELECT s.id, s.title, m.id, m.role, m.created, m.parts
             FROM words JOIN message m ON m.n = words.rowid JOIN session s ON s.n = m.session
             WHERE {} ORDER BY words.rowid DESC LIMIT {limit}",
            wanted.sql()
        );
        let mut find = self.db.prepare_cached(&sql)?;
        let mut rows = find.query(wanted.values().as_slice())?;
        let mut hits = Vec::new();
        while let Some(row) = rows.next()? {
            let role: String = row.get(3)?;
            let (context, place) = context(&wire::read_parts(row::text(row, 5)?)?, &terms[0]);
            hits.push(Hit {
                session: SessionId(row::id(row, 0)?),
                title: row.get(1)?,
                message: MessageId(row::id(row, 2)?),
                role: Role::named(&role).ok_or_else(|| row::odd("role", &role))?,
                created: Timestamp(row.get(4)?),
                context,
                place,
            });
        }
        Ok(hits)
    }
}

impl Wanted {
    /// What a message `m` of a session `s` has to be.
    fn message(&mut self, filter: &Filter) {
        let session = Filter { since: None, before: None, ..filter.clone() };
        self.session(&session);
        if let Some(since) = filter.since {
            self.value("m.created >= ?", since.0);
        }
        if let Some(before) = filter.before {
            self.value("m.created < ?", before.0);
        }
        if let Some(model) = &filter.model {
            self.answered("model = ?", model.clone());
        }
        if let Some(route) = &filter.route {
            self.answered("route GLOB ?", route_pattern(route));
        }
    }

    fn answered(&mut self, condition: &str, value: String) {
        let either = format!(
            "(m.{condition} OR EXISTS (SELECT 1 FROM message c
             WHERE c.session = m.session AND c.parent = m.id AND c.{condition}))"
        );
        self.value(&either, value);
    }
}

/// Puts a message into the index, in place of what was there of it.
pub(super) fn index(db: &Connection, n: i64, parts: &[Part]) -> Result<(), StoreError> {
    let texts = parts.iter().filter_map(text);
    db.prepare_cached("INSERT OR REPLACE INTO words (rowid, body) VALUES (?1, ?2)")?
        .execute(params![n, words::indexed(texts)])?;
    Ok(())
}

/// Puts every message into the index that has ended; for a schema that had none.
pub(super) fn index_all(db: &Connection) -> Result<(), StoreError> {
    let mut find = db.prepare("SELECT n, parts FROM message WHERE state <> ?1 ORDER BY n")?;
    let mut rows = find.query([NodeState::Streaming.name()])?;
    while let Some(row) = rows.next()? {
        index(db, row.get(0)?, &wire::read_parts(row::text(row, 1)?)?)?;
    }
    Ok(())
}

fn text(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) | Part::Reasoning(text) | Part::ToolResult { content: text, .. } => {
            Some(text)
        }
        Part::Media(_) | Part::ToolCall { .. } => None,
    }
}

/// Returns the text around the first place of a term, and the place in it.
fn context(parts: &[Part], term: &Term) -> (String, Range<usize>) {
    for text in parts.iter().filter_map(text) {
        if let Some(place) = term.first_in(words::words(text)) {
            return around(text, &place);
        }
    }
    (String::new(), 0..0)
}

fn around(text: &str, place: &Range<usize>) -> (String, Range<usize>) {
    let start = text.floor_char_boundary(place.start.saturating_sub(CONTEXT_BYTES));
    let end = text.ceil_char_boundary((place.end + CONTEXT_BYTES).min(text.len()));
    let line = |text: &str| text.replace(['\n', '\r', '\t'], " ");
    let mut context = if start > 0 { "…".to_owned() } else { String::new() };
    context.push_str(line(&text[start..place.start]).trim_start());
    let begins = context.len();
    context.push_str(&line(&text[place.clone()]));
    let ends = context.len();
    context.push_str(line(&text[place.end..end]).trim_end());
    if end < text.len() {
        context.push('…');
    }
    (context, begins..ends)
}
