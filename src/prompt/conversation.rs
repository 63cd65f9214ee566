//! What of a session the model is given.

use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::Role;

/// Returns the oldest message that the newest answer of a path was sent with, if not all were: the
/// next question is sent with no more than that.
pub fn sent_from(path: &[&Node]) -> Option<MessageId> {
    let newest = path.iter().rev().find_map(|node| node.answer.as_deref());
    let from = newest.and_then(|answer| answer.settings.sent_from)?;
    path.iter().any(|node| node.id == from).then_some(from)
}

/// Returns what of a path is sent: all, or what begins with `from`.
pub fn sent<'a>(path: &'a [&'a Node], from: Option<MessageId>) -> &'a [&'a Node] {
    let first = from.and_then(|from| path.iter().position(|node| node.id == from));
    &path[first.unwrap_or(0)..]
}

/// Returns the `system` prompt, the messages of a path, and behind them `draft`.
///
/// The path ends with the open question, or with a partial answer that is to be continued; with a
/// draft it ends before both. A partial answer, failed, interrupted or cancelled, is part of the
/// conversation: the user saw it and refers to it. A question without any answer is left out, and
/// its label says so: two user messages in a row are refused by many chat templates. What the system
/// says on the way, as a summary does, joins the system prompt, for the same reason.
pub fn messages(system: Option<&str>, path: &[&Node], draft: Option<&str>) -> Vec<Message> {
    let mut system: Vec<String> = system.map(str::to_owned).into_iter().collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Answer;
    use crate::chat::NodeState;
    use crate::chat::Timestamp;
    use crate::chat::TurnSettings;

    fn node(id: u128, role: Role, text: &str, sent_from: Option<MessageId>) -> Node {
        let settings = TurnSettings { sent_from, ..TurnSettings::default() };
        let answer = Box::new(Answer { settings, ..Answer::default() });
        Node {
            id: MessageId(id),
            parent: id.checked_sub(1).map(MessageId),
            created: Timestamp(0),
            message: Message::text(role, text),
            state: NodeState::Complete,
            answer: (role == Role::Assistant).then_some(answer),
        }
    }

    fn texts(path: &[&Node], draft: &str) -> Vec<String> {
        let sent = sent(path, sent_from(path));
        messages(Some("Be brief."), sent, Some(draft)).iter().map(Message::plain).collect()
    }

    #[test]
    fn what_the_newest_answer_was_sent_without_stays_out() {
        let left_out = Some(MessageId(2));
        let nodes = [
            node(0, Role::User, "one", None),
            node(1, Role::Assistant, "1", None),
            node(2, Role::User, "two", None),
            node(3, Role::Assistant, "2", None),
            node(4, Role::System, "They count.", None),
            node(5, Role::User, "three", None),
            node(6, Role::Assistant, "3", left_out),
        ];
        let path: Vec<&Node> = nodes.iter().collect();
        let system = "Be brief.\n\nThey count.";
        assert_eq!(texts(&path, "four"), [system, "two", "2", "three", "3", "four"]);
        // An earlier branch is sent whole, and so is one that the message is not on.
        assert_eq!(texts(&path[..4], "four"), ["Be brief.", "one", "1", "two", "2", "four"]);
        assert_eq!(texts(&path[5..], "four"), ["Be brief.", "three", "3", "four"]);
    }
}
