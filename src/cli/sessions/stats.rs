//! `sessions stats`.

use std::fmt::Write as _;

use serde_json::json;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::store::Store;
use crate::text::Clean;

/// Returns the counts as text.
///
/// # Errors
/// The store cannot be read.
pub(super) fn run(cli: &Cli, store: &Store) -> Result<String, Fault> {
    let stats = store.reader()?.stats()?;
    let bytes = store.place().bytes();
    if cli.common.json {
        let models = stats.answers.iter().map(|used| {
            json!({
                "route": used.route, "model": used.model, "answers": used.answers,
                "prompt_tokens": used.prompt_tokens, "cached_tokens": used.cached_tokens,
                "completion_tokens": used.completion_tokens,
            })
        });
        let object = json!({
            "v": 1, "type": "stats", "sessions": stats.sessions, "archived": stats.archived,
            "messages": stats.messages, "bytes": bytes, "answers": models.collect::<Vec<_>>(),
        });
        return Ok(object.to_string() + "\n");
    }
    let mut text = format!(
        "{} sessions ({} of them archived), {} messages, {:.1} MB with backups\n",
        stats.sessions,
        stats.archived,
        stats.messages,
        bytes as f64 / 1e6,
    );
    for used in &stats.answers {
        let name = format!("{} {}", used.route, used.model);
        let name = Clean::one_line(&name, 60);
        writeln!(
            text,
            "  {}: {} answers, {} tokens in ({} cached), {} out",
            name.as_str(),
            used.answers,
            used.prompt_tokens,
            used.cached_tokens,
            used.completion_tokens
        )
        .ok();
    }
    Ok(text)
}
