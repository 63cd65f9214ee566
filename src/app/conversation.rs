//! What of a session the model is given.

use crate::app::settings::Settings;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::Role;

/// Returns whether a message is on a path.
pub(super) fn is_on(path: &[&Node], id: MessageId) -> bool {
    path.iter().any(|node| node.id == id)
}

/// Returns what of a path is sent: all, or what begins with `from`.
pub(super) fn sent<'a>(path: &'a [&'a Node], from: Option<MessageId>) -> &'a [&'a Node] {
    let first = from.and_then(|from| path.iter().position(|node| node.id == from));
    &path[first.unwrap_or(0)..]
}

/// Returns the system prompt, the messages of a path, and behind them `draft`.
///
/// The path ends with the open question, or with a partial answer that is to be continued; with a
/// draft it ends before both. A partial answer, failed, interrupted or cancelled, is part of the
/// conversation: the user saw it and refers to it. A question without any answer is left out, and
/// its label says so: two user messages in a row are refused by many chat templates. What the system
/// says on the way, as a summary does, joins the system prompt, for the same reason.
pub(super) fn messages(settings: &Settings, path: &[&Node], draft: Option<&str>) -> Vec<Message> {
    let mut system: Vec<String> = settings.system.iter().cloned().collect();
    let mut said: Vec<Message> = Vec::with_capacity(path.len() + 2);
    let mut open: Option<&Message> = None;
    for node in path {
        match node.message.role {
            Role::System => system.push(node.message.plain()),
            Role::User => open = Some(&node.message),
            Role::Assistant if node.message.plain().trim().is_empty() => {}
            Role::Assistant | Role::Tool => {
                said.extend(open.take().cloned());
                said.push(node.message.clone());
            }
        }
    }
    match draft {
        Some(draft) => said.push(Message::text(Role::User, draft)),
        None => said.extend(open.cloned()),
    }
    if !system.is_empty() {
        said.insert(0, Message::text(Role::System, system.join("\n\n")));
    }
    said
}
