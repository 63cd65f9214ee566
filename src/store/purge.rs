//! Removing sessions without a trace, and the proof: every file is read and searched for what was
//! in them.

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::Node;
use crate::chat::Part;
use crate::chat::SessionId;
use crate::store::Store;
use crate::store::change::Saved;
use crate::store::connect;
use crate::store::connect::Journal;
use crate::store::connect::Synchronous;
use crate::store::error::StoreError;
use crate::store::place;
use crate::store::row;

/// A piece of text that is looked for: long enough to be nowhere by accident, in bytes.
const PIECE_BYTES: std::ops::RangeInclusive<usize> = 12..=32;

/// Pieces of one message, and of all of them.
const PIECES_EACH: usize = 3;
const PIECES: usize = 256;

/// Bytes of a file that are searched at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// What a purge came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Files that were read to the end and searched.
    pub searched: u64,
    /// Files outside of the store that were named after the sessions, and are gone.
    pub deleted: u64,
    /// Files that still have something of the sessions.
    pub traces: Vec<PathBuf>,
}

impl Store {
    /// Removes sessions from the database, its log and its backups, closes the store, and reads
    /// every file of it and below `also` in search of what is left. Files below `also` whose own name,
    /// or that of a directory they are in, has a session's identity are deleted: so is named whatever
    /// is kept of a session outside of the store, an engine's cached state first of all. Damaged files
    /// that were set aside are searched and left.
    ///
    /// # Errors
    /// Somebody answers in one of the sessions, another window keeps the log in use, or a file
    /// cannot be rewritten.
    pub fn purge(self, sessions: &[SessionId], also: &[PathBuf]) -> Result<Purged, StoreError> {
        let reader = self.reader()?;
        let mut pieces = Vec::new();
        for id in sessions {
            pieces.extend([row::blob(id.0).to_vec(), id.to_string().into_bytes()]);
            pieces.extend(reader.nodes(*id)?.iter().flat_map(pieces_of));
        }
        drop(reader);
        pieces.truncate(PIECES);
        for id in sessions {
            match self.submit(Change::Remove(*id)).wait() {
                Saved::Durable => {}
                Saved::Refused(fault) | Saved::InMemory(fault) => return Err(fault.into()),
                Saved::Busy(fault) => return Err(StoreError::Busy(fault)),
            }
        }
        self.close();
        let place = self.place().clone();
        let live = rewrite(&place.database(), Journal::Wal, sessions)?;
        // What another session says as well is no trace.
        let mut others = live.prepare("SELECT 1 FROM message WHERE instr(parts, ?1) LIMIT 1")?;
        pieces.retain(|piece| {
            std::str::from_utf8(piece).map_or(true, |text| !others.exists([text]).unwrap_or(false))
        });
        drop(others);
        drop(live);
        for path in place::files_below(&place.backups()) {
            if path.extension().is_some_and(|ending| ending == "db") {
                drop(rewrite(&path, Journal::Rollback, sessions)?);
                place::sync(&path)?;
            } else {
                fs::remove_file(&path).map_err(|error| StoreError::file(&path, error))?;
            }
        }
        let mut purged = Purged::default();
        for dir in std::iter::once(place.dir()).chain(also.iter().map(PathBuf::as_path)) {
            for path in place::files_below(dir) {
                let name = path.strip_prefix(dir).unwrap_or(&path);
                if dir != place.dir() && is_named_after(name, sessions) {
                    fs::remove_file(&path).map_err(|error| StoreError::file(&path, error))?;
                    purged.deleted += 1;
                    continue;
                }
                purged.searched += 1;
                if has_any(&path, &pieces)? {
                    purged.traces.push(path);
                }
            }
        }
        Ok(purged)
    }
}

/// Removes sessions from a database of any schema and writes every page of it anew.
fn rewrite(
    path: &Path,
    journal: Journal,
    sessions: &[SessionId],
) -> Result<Connection, StoreError> {
    let db = connect::writer(path, journal, Synchronous::Full)?;
    db.execute_batch("PRAGMA secure_delete = ON; BEGIN IMMEDIATE;")?;
    let words = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'words')";
    let indexed: bool = db.query_row(words, [], |row| row.get(0))?;
    for id in sessions {
        let of = "(SELECT n FROM session WHERE id = ?1)";
        let id = [row::blob(id.0)];
        if indexed {
            let messages = format!("(SELECT n FROM message WHERE session = {of})");
            db.execute(&format!("DELETE FROM words WHERE rowid IN {messages}"), id)?;
        }
        db.execute(&format!("DELETE FROM message WHERE session = {of}"), id)?;
        db.execute("DELETE FROM session WHERE id = ?1", id)?;
    }
    db.execute(
        "DELETE FROM settings
         WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.settings = settings.n)",
        [],
    )?;
    if indexed {
        // Merges the index into one piece, without what was deleted.
        db.execute("INSERT INTO words (words) VALUES ('optimize')", [])?;
    }
    db.execute_batch("COMMIT; VACUUM;")?;
    if journal == Journal::Wal {
        let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            let fault = Fault::new("another window reads the conversations: their log is in use");
            return Err(fault.hint("close it and purge again").into());
        }
    }
    Ok(db)
}

/// Returns pieces of a message's text that stand in the files as they are: no character among them
/// that JSON writes otherwise.
fn pieces_of(node: &Node) -> Vec<Vec<u8>> {
    let texts = node.message.parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Reasoning(text) => Some(text),
        Part::ToolResult { content, .. } => Some(content),
        Part::Media(_) | Part::ToolCall { .. } => None,
    });
    let plain =
        texts.flat_map(|text| text.split(|c: char| c.is_control() || c == '"' || c == '\\'));
    let long = plain.filter(|text| text.len() >= *PIECE_BYTES.start());
    let cut = long.map(|text| &text.as_bytes()[..text.floor_char_boundary(*PIECE_BYTES.end())]);
    cut.take(PIECES_EACH).map(<[u8]>::to_vec).collect()
}

/// Returns whether a part of a path has one of the identities in it, with or without its hyphens.
fn is_named_after(path: &Path, sessions: &[SessionId]) -> bool {
    let name = path.to_string_lossy().replace('-', "").to_ascii_lowercase();
    sessions.iter().any(|id| name.contains(&format!("{:032x}", id.0)))
}

/// Reads a file in pieces that overlap by what is looked for.
fn has_any(path: &Path, pieces: &[Vec<u8>]) -> Result<bool, StoreError> {
    let failed = |error| StoreError::file(path, error);
    let overlap = pieces.iter().map(Vec::len).max().unwrap_or(0);
    let mut file = File::open(path).map_err(failed)?;
    let mut window: Vec<u8> = Vec::new();
    loop {
        let kept = window.len().saturating_sub(overlap);
        window.drain(..kept);
        let read = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut window);
        if read.map_err(failed)? == 0 {
            return Ok(false);
        }
        if pieces.iter().any(|piece| memchr::memmem::find(&window, piece).is_some()) {
            return Ok(true);
        }
    }
}
