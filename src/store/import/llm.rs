//! The log of the program `llm`: a SQLite database in one of two shapes, or both, where an older
//! one was written to by a newer `llm`.
//!
//! Identities follow from those in the log, so that importing it again adds what is new and nothing
//! twice.

mod responses;
mod turns;

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use sha2::Digest as _;
use sha2::Sha256;

use crate::chat::Answer;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::MessageId;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::Span;
use crate::chat::Timestamp;
use crate::chat::TurnSettings;
use crate::store::connect;
use crate::store::error::StoreError;
use crate::store::import::Parcel;

/// The profile and the endpoint that imported answers are said to come from.
const ORIGIN: &str = "llm";

/// Reads a log.
///
/// # Errors
/// It cannot be read, or is a database of another program.
pub(super) fn read(path: &Path) -> Result<Parcel, StoreError> {
    let db = connect::read_only(path)?;
    let mut parcel = Parcel::default();
    let known = [has(&db, "turns")?, has(&db, "responses")?];
    if known == [false, false] {
        let message = format!("{} is no log of `llm`", path.display());
        let fault = Fault::new(message).kind(FaultKind::Usage);
        return Err(fault.hint("find it with: llm logs path").into());
    }
    if known[0] {
        turns::read(&db, &mut parcel)?;
    }
    if known[1] {
        responses::read(&db, &mut parcel)?;
    }
    for (what, sql) in [
        ("attachments", "SELECT count(*) FROM attachments"),
        (
            "logged tool calls of older versions",
            "SELECT count(*) FROM responses r
          WHERE EXISTS (SELECT 1 FROM tool_calls t WHERE t.response_id = r.id)",
        ),
        ("entries of the first log format", "SELECT count(*) FROM logs"),
    ] {
        // A table that is not there has nothing that could be left out.
        let count: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap_or(0);
        if count > 0 {
            parcel.left_out.push((what.to_owned(), u64::try_from(count).unwrap_or(0)));
        }
    }
    Ok(parcel)
}

fn has(db: &Connection, table: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    Ok(db.query_row(sql, [table], |row| row.get(0))?)
}

/// Returns an identity that follows from what the log has: a UUID of version 8.
fn identity(kind: &str, id: &str) -> u128 {
    let hash = Sha256::digest(format!("llm {kind} {id}"));
    let bytes = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let (version, variant) = (0xf_u128 << 76, 0x3_u128 << 62);
    bytes & !version & !variant | 0x8_u128 << 76 | 0x2_u128 << 62
}

fn session(id: &str, title: String, created: Timestamp) -> SessionInfo {
    let mut info = SessionInfo::new(SessionId(identity("session", id)), ORIGIN, created);
    info.title = title;
    info
}

fn message(id: &str) -> MessageId {
    MessageId(identity("message", id))
}

/// What the log knows of an answer.
struct Logged {
    model: String,
    system: Option<String>,
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    duration_ms: Option<u32>,
}

fn answer(logged: Logged) -> Box<Answer> {
    let span = Span { from_byte: 0, route: Route::Remote(ORIGIN.to_owned()), model: logged.model };
    let mut answer = Answer {
        spans: vec![span],
        settings: TurnSettings {
            profile: ORIGIN.to_owned(),
            system: logged.system.filter(|text| !text.is_empty()),
            ..TurnSettings::default()
        },
        ..Answer::default()
    };
    answer.usage.prompt_tokens = logged.input_tokens.unwrap_or(0);
    answer.usage.completion_tokens = logged.output_tokens.unwrap_or(0);
    answer.timings.total = Duration::from_millis(logged.duration_ms.unwrap_or(0).into());
    Box::new(answer)
}
