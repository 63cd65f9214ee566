//! `sessions show`.

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::saved;
use crate::store;
use crate::store::Store;
use crate::text::Clean;

/// Returns the shown branch as text; with `--json` the whole session as it is exported.
///
/// # Errors
/// There is no such session, or it cannot be read.
pub(super) fn run(cli: &Cli, store: &Store, session: &str) -> Result<String, Fault> {
    let reader = store.reader()?;
    let id = saved::find(&reader, session)?.info.id;
    let whole = reader.whole(id)?.ok_or_else(|| saved::gone(id))?;
    if cli.common.json {
        return Ok(store::jsonl(&whole));
    }
    Ok(Clean::new(&store::markdown(&whole)?).into_string())
}
