//! Sessions as files: JSONL without any loss, and Markdown to read.
//!
//! JSONL: per session one line of type `session`, then one of type `message` for each of its
//! messages, parents first, siblings in their order. `docs/sessions.md` documents every field.

use std::fmt::Write as _;

use serde::Deserialize;
use serde::Serialize;

use crate::chat::Draft;
use crate::chat::Fault;
use crate::chat::Imported;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Mode;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Part;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::ScrollAnchor;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;
use crate::chat::Tree;
use crate::store::wire;
use crate::store::wire::WireAnswer;
use crate::store::wire::WireSettings;

/// The version of the format; a reader refuses a higher one. Since 2 a message has a class.
pub(super) const VERSION: u32 = 2;

/// One line of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line {
    Session(Box<WireSession>),
    Message(Box<WireMessage>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSession {
    pub(super) v: u32,
    id: String,
    title: String,
    profile: String,
    mode: String,
    privacy: String,
    created_ms: i64,
    updated_ms: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    archived: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    draft: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    cursor: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    queued: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scroll: Option<WireScroll>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireScroll {
    message: String,
    line: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireMessage {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    role: String,
    state: String,
    created_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    privacy: Option<String>,
    parts: Vec<wire::Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<WireAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<WireSettings>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// Writes a session with all its branches, one JSON object a line.
pub fn jsonl(session: &Imported) -> String {
    let info = &session.info;
    let first = Line::Session(Box::new(WireSession {
        // Files that need no more can be read by those who know no more.
        v: if session.classes.is_empty() { 1 } else { VERSION },
        id: info.id.to_string(),
        title: info.title.clone(),
        profile: info.profile.clone(),
        mode: info.mode.name().to_owned(),
        privacy: info.privacy.name().to_owned(),
        created_ms: info.created.0,
        updated_ms: info.updated.0,
        tags: info.tags.clone(),
        archived: info.archived,
        leaf: info.leaf.map(|leaf| leaf.to_string()),
        draft: info.draft.text.clone(),
        cursor: info.draft.cursor,
        queued: info.queued.clone(),
        scroll: info
            .scroll
            .map(|scroll| WireScroll { message: scroll.message.to_string(), line: scroll.line }),
    }));
    let mut text = wire::json(&first) + "\n";
    for node in &session.nodes {
        let privacy = session.classes.get(&node.id).map(|class| class.name().to_owned());
        let line = Line::Message(Box::new(WireMessage { privacy, ..message(node) }));
        text.push_str(&wire::json(&line));
        text.push('\n');
    }
    text
}

fn message(node: &Node) -> WireMessage {
    // Whoever reads the file cannot wait for the rest of it.
    let state = match node.state {
        NodeState::Streaming => NodeState::Interrupted,
        state => state,
    };
    let answer = node.answer.as_deref();
    WireMessage {
        id: node.id.to_string(),
        parent: node.parent.map(|parent| parent.to_string()),
        role: node.message.role.name().to_owned(),
        state: state.name().to_owned(),
        created_ms: node.created.0,
        privacy: None,
        parts: node.message.parts.iter().map(wire::Part::from).collect(),
        answer: answer.map(WireAnswer::from),
        settings: answer.map(|answer| WireSettings::from(&answer.settings)),
    }
}

impl WireSession {
    /// Makes a session of it.
    ///
    /// # Errors
    /// A field has a value that means nothing.
    pub(super) fn read(self) -> Result<SessionInfo, Fault> {
        let mode = Mode::NAMES.iter().find(|(name, _)| *name == self.mode);
        let scroll = match self.scroll {
            None => None,
            Some(scroll) => {
                Some(ScrollAnchor { message: scroll.message.parse()?, line: scroll.line })
            }
        };
        let mut tags = self.tags;
        tags.sort();
        tags.dedup();
        Ok(SessionInfo {
            id: self.id.parse()?,
            title: self.title,
            profile: self.profile,
            mode: mode.ok_or_else(|| Fault::new(format!("no mode: `{}`", self.mode)))?.1,
            privacy: class(&self.privacy)?,
            created: Timestamp(self.created_ms),
            updated: Timestamp(self.updated_ms),
            tags,
            archived: self.archived,
            leaf: self.leaf.map(|leaf| leaf.parse::<MessageId>()).transpose()?,
            draft: Draft { text: self.draft, cursor: self.cursor },
            queued: self.queued,
            scroll,
        })
    }
}

fn class(name: &str) -> Result<PrivacyClass, Fault> {
    let known = PrivacyClass::NAMES.iter().find(|(known, _)| *known == name);
    Ok(known.ok_or_else(|| Fault::new(format!("no privacy class: `{name}`")))?.1)
}

impl WireMessage {
    /// Returns its class; `None` where it has its session's.
    ///
    /// # Errors
    /// There is no such class.
    pub(super) fn class(&self) -> Result<Option<PrivacyClass>, Fault> {
        self.privacy.as_deref().map(class).transpose()
    }

    /// Makes a message of it.
    ///
    /// # Errors
    /// A field has a value that means nothing.
    pub(super) fn read(self) -> Result<Node, Fault> {
        let role = Role::named(&self.role);
        let state = NodeState::named(&self.state).filter(|state| *state != NodeState::Streaming);
        let settings = self.settings.unwrap_or_default();
        let parts = self.parts.into_iter().map(Part::try_from).collect::<Result<_, _>>()?;
        Ok(Node {
            id: self.id.parse()?,
            parent: self.parent.map(|parent| parent.parse()).transpose()?,
            created: Timestamp(self.created_ms),
            message: Message {
                role: role.ok_or_else(|| Fault::new(format!("no role: `{}`", self.role)))?,
                parts,
            },
            state: state.ok_or_else(|| Fault::new(format!("no state: `{}`", self.state)))?,
            answer: match self.answer {
                Some(answer) => Some(Box::new(answer.with(settings.into())?)),
                None => None,
            },
        })
    }
}

/// Writes the path to the selected leaf as Markdown.
///
/// # Errors
/// The messages are no tree.
pub fn markdown(session: &Imported) -> Result<String, Fault> {
    let info = &session.info;
    let tree = Tree::of(session.nodes.iter().cloned(), info.leaf)
        .map_err(|error| Fault::new(error.to_string()))?;
    let path = tree.path();
    let title = if info.title.is_empty() { "Untitled" } else { &info.title };
    let mut text = format!("# {title}\n\nSession {}, profile {}.", info.id, info.profile);
    if path.len() < tree.len() {
        let left = tree.len() - path.len();
        write!(text, " Messages on other branches that are not shown: {left}.").ok();
    }
    text.push('\n');
    for node in path {
        write!(text, "\n## {}\n", speaker(node)).ok();
        for part in &node.message.parts {
            write!(text, "\n{}\n", shown(part)).ok();
        }
    }
    Ok(text)
}

fn speaker(node: &Node) -> String {
    let who = match node.message.role {
        Role::System => "System",
        Role::User => "You",
        Role::Assistant => "Answer",
        Role::Tool => "Tool",
    };
    let origin = node.answer.as_deref().and_then(|answer| answer.origin());
    let origin = origin.map(|span| format!(" ({}, {})", span.model, span.route));
    let state = match node.state {
        NodeState::Complete => "",
        NodeState::Streaming => ", still being written",
        NodeState::Stopped => ", stopped",
        NodeState::Interrupted => ", cut short",
        NodeState::Failed => ", failed",
    };
    format!("{who}{}{state}", origin.unwrap_or_default())
}

fn shown(part: &Part) -> String {
    match part {
        Part::Text(text) => text.trim_end().to_owned(),
        Part::Reasoning(text) => {
            let quoted: Vec<String> =
                text.trim_end().lines().map(|line| format!("> {line}")).collect();
            quoted.join("\n")
        }
        Part::Media(hash) => wire::json(&wire::Part::from(&Part::Media(*hash))),
        Part::ToolCall { name, arguments, .. } => fenced(&format!("{name} {arguments}")),
        Part::ToolResult { content, .. } => fenced(content),
    }
}

/// Fences code with more backticks than it has itself.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", text.trim_end())
}
