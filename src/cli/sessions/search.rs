//! `sessions search`.

use std::fmt::Write as _;

use serde_json::json;

use crate::chat::Fault;
use crate::chat::Hit;
use crate::cli::args::Cli;
use crate::cli::saved;
use crate::store::Filter;
use crate::store::Store;
use crate::text::Clean;

/// The longest line of what was found, in graphemes.
const LINE_MAX: usize = 200;

/// Returns what was found as text, newest first.
///
/// # Errors
/// There is nothing to look for, or the store cannot be read.
pub(super) fn run(
    cli: &Cli,
    store: &Store,
    words: &str,
    (filter, limit): (&Filter, u32),
) -> Result<String, Fault> {
    let hits = store.reader()?.search(words, filter, limit)?;
    if hits.is_empty() && !cli.common.quiet {
        crate::cli::notices(&["nothing found".to_owned()]);
    }
    let line = if cli.common.json { object } else { text };
    Ok(hits.iter().map(line).collect())
}

fn text(hit: &Hit) -> String {
    let id: String = hit.session.to_string().chars().take(18).collect();
    let title = Clean::one_line(&hit.title, 60);
    let context = Clean::one_line(&hit.context, LINE_MAX);
    let mut text = format!("{id}  {}  {}\n", saved::moment(hit.created), title.as_str());
    writeln!(text, "    {}: {}", hit.role.name(), context.as_str()).ok();
    text
}

fn object(hit: &Hit) -> String {
    let object = json!({
        "v": 1, "type": "hit", "session": hit.session.to_string(), "title": hit.title,
        "message": hit.message.to_string(), "role": hit.role.name(),
        "created_ms": hit.created.0, "context": hit.context,
        "from_byte": hit.place.start, "to_byte": hit.place.end,
    });
    object.to_string() + "\n"
}
