//! Sessions from files: our JSONL, and the log of the program `llm`.
//!
//! A file is read to its end and checked before anything of it is taken in.

mod llm;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read as _;
use std::path::Path;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Imported;
use crate::chat::MessageId;
use crate::chat::PrivacyClass;
use crate::chat::Tree;
use crate::store::error::StoreError;
use crate::store::export::Line;
use crate::store::export::VERSION;
use crate::store::place;
use crate::store::wire;

/// The longest line that is taken: one message.
const LINE_MAX_BYTES: u64 = 64 << 20;

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parcel {
    /// Its sessions.
    pub sessions: Vec<Imported>,
    /// What is in it and is not taken, in words, each with its count.
    pub left_out: Vec<(String, u64)>,
}

/// Reads a file, whichever of the known kinds it is.
///
/// # Errors
/// It cannot be read or is none of them; the message names the line and the reason.
pub fn read_file(path: &Path) -> Result<Parcel, StoreError> {
    let failed = |error| StoreError::file(path, error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > 0 && place::is_database(path)? {
        return llm::read(path);
    }
    Ok(read_jsonl(BufReader::new(file))?)
}

/// Reads JSONL as [`jsonl`](crate::store::jsonl) writes it.
///
/// # Errors
/// A line is something else, or the messages of a session are no tree; the message names the line
/// and the reason.
pub fn read_jsonl(mut lines: impl BufRead) -> Result<Parcel, Fault> {
    let mut sessions: Vec<Imported> = Vec::new();
    let mut first_lines = Vec::new();
    let mut line = String::new();
    for number in 1_u64.. {
        let bad =
            |reason: &str| Fault::new(format!("line {number}: {reason}")).kind(FaultKind::Usage);
        line.clear();
        let taken = lines.by_ref().take(LINE_MAX_BYTES).read_line(&mut line);
        let taken = taken.map_err(|error| bad(&error.to_string()))?;
        if taken == 0 {
            break;
        }
        if taken as u64 == LINE_MAX_BYTES {
            return Err(bad("longer than a message can be"));
        }
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        match wire::read::<Line>(text).map_err(|fault| bad(&fault.message))? {
            Line::Session(session) if session.v > VERSION => {
                return Err(bad("written by a newer edgewise").hint("use that one to import it"));
            }
            Line::Session(session) => {
                let info = session.read().map_err(|fault| bad(&fault.message))?;
                sessions.push(Imported { info, nodes: Vec::new(), classes: BTreeMap::new() });
                first_lines.push(number);
            }
            Line::Message(message) => {
                let class = message.class().map_err(|fault| bad(&fault.message))?;
                let node = message.read().map_err(|fault| bad(&fault.message))?;
                let session =
                    sessions.last_mut().ok_or_else(|| bad("a message before any session"))?;
                session.classes.extend(class.map(|class| (node.id, class)));
                session.nodes.push(node);
            }
        }
    }
    check(&mut sessions, &first_lines)?;
    Ok(Parcel { sessions, left_out: Vec::new() })
}

/// Every session is a tree, and is there once. One without a selected leaf gets its newest; one is as
/// strict as the strictest of its messages.
fn check(sessions: &mut [Imported], first_lines: &[u64]) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for (session, line) in sessions.iter_mut().zip(first_lines) {
        let bad = |reason: String| {
            Fault::new(format!("the session of line {line}: {reason}")).kind(FaultKind::Usage)
        };
        if !seen.insert(session.info.id) {
            return Err(bad("it is in the file twice".to_owned()));
        }
        let tree = Tree::of(session.nodes.iter().cloned(), session.info.leaf);
        session.info.leaf = tree.map_err(|error| bad(error.to_string()))?.leaf();
        tighten(session);
    }
    Ok(())
}

/// Makes a session as strict as the strictest of its messages; the others keep their class.
fn tighten(session: &mut Imported) {
    let Imported { info, nodes, classes } = session;
    let said = info.privacy;
    info.privacy = classes.values().copied().fold(said, PrivacyClass::strictest);
    let class = |id: &MessageId| classes.get(id).copied().unwrap_or(said);
    let of_nodes = nodes.iter().map(|node| (node.id, class(&node.id)));
    let others = of_nodes.filter(|(_, class)| *class != info.privacy).collect();
    *classes = others;
}
