//! `sessions list`.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use crate::chat::Fault;
use crate::chat::Listed;
use crate::cli::args::Cli;
use crate::cli::saved;
use crate::store::Filter;
use crate::store::Store;
use crate::text::Clean;

/// The longest title in the table, in graphemes.
const TITLE_MAX: usize = 60;

/// Returns the list as text.
///
/// # Errors
/// The store cannot be read.
pub(super) fn run(cli: &Cli, store: &Store, filter: &Filter, limit: u32) -> Result<String, Fault> {
    let sessions = store.reader()?.sessions(filter, limit)?;
    if cli.common.json {
        return Ok(sessions.iter().map(|one| object(one).to_string() + "\n").collect());
    }
    if sessions.is_empty() && !cli.common.quiet {
        crate::cli::notices(&["no session".to_owned()]);
    }
    let mut text = String::new();
    if !sessions.is_empty() {
        writeln!(text, "{:18}  {:16}  {:>5}  TITLE", "ID", "CHANGED", "MSGS").ok();
    }
    for one in &sessions {
        let title = Clean::one_line(&one.info.title, TITLE_MAX);
        let marks = [(one.answering, " (answering)"), (one.info.archived, " (archived)")];
        let marks: String = marks.iter().filter(|mark| mark.0).map(|mark| mark.1).collect();
        let tags = one.info.tags.iter().fold(String::new(), |tags, tag| tags + " #" + tag);
        let tags = Clean::one_line(&tags, TITLE_MAX);
        writeln!(
            text,
            "{}  {}  {:>5}  {}{}{marks}",
            saved::short(one),
            saved::moment(one.info.updated),
            one.messages,
            title.as_str(),
            tags.as_str(),
        )
        .ok();
    }
    Ok(text)
}

/// One session as JSON.
pub(super) fn object(one: &Listed) -> Value {
    let info = &one.info;
    json!({
        "v": 1, "type": "session", "id": info.id.to_string(), "title": info.title,
        "profile": info.profile, "mode": info.mode.name(), "privacy": info.privacy.name(),
        "created_ms": info.created.0, "updated_ms": info.updated.0, "tags": info.tags,
        "archived": info.archived, "messages": one.messages, "answering": one.answering,
    })
}
