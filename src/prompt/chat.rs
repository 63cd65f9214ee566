//! A conversation as the values that templates expect.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;

use super::breaker;
use super::breaker::Breaker;
use super::error::TemplateError;

/// Turns messages into the maps that templates read: `role`, `content`, and where there is any
/// `reasoning_content`, `tool_calls` (arguments as maps), `tool_call_id` and `name`. Each tool
/// result is a message of its own. Every string of a message is guarded.
pub(super) fn values(messages: &[Message], breaker: &Breaker) -> Result<Vec<Json>, TemplateError> {
    let mut values = Vec::new();
    for message in messages {
        let results = message.parts.iter().filter_map(|part| match part {
            Part::ToolResult { id, content } => Some((id, content)),
            _ => None,
        });
        let before = values.len();
        for (id, content) in results {
            let mut value = json!({ "role": "tool", "content": content, "tool_call_id": id });
            if let Some(name) = tool_name(messages, id) {
                value["name"] = name.into();
            }
            values.push(value);
        }
        let other = |part: &Part| !matches!(part, Part::ToolResult { .. });
        if before == values.len() || message.parts.iter().any(other) {
            values.push(plain(message)?);
        }
    }
    for value in &mut values {
        guard(value, breaker);
    }
    Ok(values)
}

/// Moves what the system says to the head of the first user message, as a paragraph of its own;
/// `None` if the system says nothing.
pub(super) fn merge_system(messages: &[Message]) -> Option<Vec<Message>> {
    let (system, mut rest): (Vec<_>, Vec<_>) =
        messages.iter().cloned().partition(|message| message.role == Role::System);
    let text = system_text(&system)?;
    match rest.iter_mut().find(|message| message.role == Role::User) {
        Some(user) => user.parts.insert(0, Part::Text(format!("{text}\n\n"))),
        None => rest.insert(0, Message::text(Role::User, text)),
    }
    Some(rest)
}

/// Returns what the system says, trimmed, in paragraphs; `None` if that is nothing.
fn system_text(system: &[Message]) -> Option<String> {
    let texts: Vec<String> =
        system.iter().map(|message| message.plain().trim().to_owned()).collect();
    let text = texts.join("\n\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Whether `rendered` has the text of every system message; breakers do not count.
pub(super) fn tells_system(rendered: &str, messages: &[Message]) -> bool {
    let rendered = breaker::pieces(rendered).concat();
    let mut system = messages.iter().filter(|message| message.role == Role::System);
    system.all(|message| rendered.contains(breaker::without(&message.plain()).trim()))
}

fn plain(message: &Message) -> Result<Json, TemplateError> {
    let mut reasoning = String::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(_) | Part::ToolResult { .. } => {}
            Part::Reasoning(text) => reasoning.push_str(text),
            Part::Media(_) => return Err(TemplateError::Media),
            Part::ToolCall { id, name, arguments } => {
                // What is no JSON stays text: a model may have been cut short in a call.
                let arguments = serde_json::from_str(arguments)
                    .unwrap_or_else(|_| Json::String(arguments.clone()));
                let function = json!({ "name": name, "arguments": arguments });
                calls.push(json!({ "id": id, "type": "function", "function": function }));
            }
        }
    }
    let mut value = json!({ "role": message.role.name(), "content": message.plain() });
    if !reasoning.is_empty() {
        value["reasoning_content"] = reasoning.into();
    }
    if !calls.is_empty() {
        value["tool_calls"] = calls.into();
    }
    Ok(value)
}

fn tool_name(messages: &[Message], wanted: &str) -> Option<String> {
    messages.iter().flat_map(|message| &message.parts).find_map(|part| match part {
        Part::ToolCall { id, name, .. } if id == wanted => Some(name.clone()),
        _ => None,
    })
}

/// Guards every string in `value`, keys included: the arguments of a tool call have any.
fn guard(value: &mut Json, breaker: &Breaker) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => *text = breaker.guard(text),
        Json::Array(items) => items.iter_mut().for_each(|item| guard(item, breaker)),
        Json::Object(map) => {
            let pairs = std::mem::take(map).into_iter().map(|(key, mut item)| {
                guard(&mut item, breaker);
                (breaker.guard(&key), item)
            });
            *map = pairs.collect::<Map<_, _>>();
        }
    }
}
