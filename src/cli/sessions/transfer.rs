//! `sessions export` and `sessions import`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde_json::json;

use super::Format;
use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::SessionId;
use crate::cli::args::Cli;
use crate::cli::saved;
use crate::store;
use crate::store::Filter;
use crate::store::Store;
use crate::text::Clean;

/// Returns what goes to stdout: the sessions, or where they went to a file, with `--json` that, and
/// nothing without.
///
/// # Errors
/// There is no such session, or the file is there already or cannot be written.
pub(super) fn export(
    cli: &Cli,
    store: &Store,
    sessions: &[String],
    (format, output): (Format, Option<&Path>),
) -> Result<String, Fault> {
    let reader = store.reader()?;
    let ids: Vec<SessionId> = if sessions.is_empty() {
        let all = Filter { archived: true, ..Filter::default() };
        reader.sessions(&all, u32::MAX)?.into_iter().map(|one| one.info.id).collect()
    } else {
        let find = |word: &String| Ok(saved::find(&reader, word)?.info.id);
        sessions.iter().map(find).collect::<Result<_, Fault>>()?
    };
    let (mut text, mut count) = (String::new(), 0_u64);
    for id in ids {
        // One that was removed meanwhile is not among them any more.
        let Some(whole) = reader.whole(id)? else { continue };
        count += 1;
        match format {
            Format::Jsonl => text.push_str(&store::jsonl(&whole)),
            Format::Markdown => text.push_str(Clean::new(&store::markdown(&whole)?).as_str()),
        }
    }
    let Some(path) = output else { return Ok(text) };
    write(path, &text)?;
    if !cli.common.json {
        return Ok(String::new());
    }
    let file = path.display().to_string();
    let object = json!({ "v": 1, "type": "export", "file": file, "sessions": count });
    Ok(object.to_string() + "\n")
}

/// Writes a file that only the user can read, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Fault> {
    let failed = |error: std::io::Error| {
        let fault = Fault::new(format!("cannot write {}: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                fault.kind(FaultKind::Usage).hint("remove it first")
            }
            _ => fault,
        }
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // A half of it would look like all of it.
        std::fs::remove_file(path).ok();
        failed(error)
    })
}

/// Takes a file in and returns the report.
///
/// # Errors
/// The file is no such thing; then nothing of it is taken in.
pub(super) fn import(cli: &Cli, store: &Store, file: &Path) -> Result<String, Fault> {
    let parcel = store::read_file(file)?;
    let reader = store.reader()?;
    let (mut new, mut known) = (Vec::new(), 0_usize);
    for session in parcel.sessions {
        if reader.session(session.info.id)?.is_some() {
            known += 1;
        } else {
            new.push(session);
        }
    }
    let messages: usize = new.iter().map(|session| session.nodes.len()).sum();
    let sessions = new.len();
    saved::save(store, Change::Import(new))?;
    if cli.common.json {
        let left_out: serde_json::Map<_, _> =
            parcel.left_out.into_iter().map(|(what, count)| (what, count.into())).collect();
        let object = json!({
            "v": 1, "type": "import", "sessions": sessions, "messages": messages,
            "known": known, "left_out": left_out,
        });
        return Ok(object.to_string() + "\n");
    }
    let mut text = format!("taken in: {sessions} sessions with {messages} messages\n");
    if known > 0 {
        writeln!(text, "there already, left as they are: {known} sessions").ok();
    }
    for (what, count) in parcel.left_out {
        writeln!(text, "not taken in: {count} {what}").ok();
    }
    Ok(text)
}
