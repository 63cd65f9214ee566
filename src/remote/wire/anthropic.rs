//! Anthropic's messages.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Ask;
use super::Step;
use super::Tokens;
use super::WireError;
use super::openai::failure;
use super::openai::short;
use super::schema;
use super::text::content;
use super::text::said;
use super::unsent;
use crate::chat::Fault;
use crate::chat::Role;
use crate::chat::StopReason;
use crate::config::Protocol;
use crate::remote::sse::Event;

/// The protocol wants a limit: this one when the user sets none.
const MAX_TOKENS: u32 = 4096;

/// Makes a request's body.
///
/// # Errors
/// The conversation holds what cannot be sent, or no model is named.
pub(super) fn body(ask: Ask<'_>) -> Result<Value, Fault> {
    let Ask { generation, model, strict } = ask;
    let mut system = String::new();
    let mut messages = Vec::new();
    let last = generation.messages.len().saturating_sub(1);
    for (index, message) in generation.messages.iter().enumerate() {
        let mut text = content(message)?;
        if index == last && message.role == Role::Assistant {
            // It refuses an answer to be continued that ends in blanks.
            text.truncate(text.len() - unsent(Protocol::Anthropic, &text).len());
        }
        match message.role {
            Role::System if system.is_empty() => system = text,
            Role::System => {
                system.push_str("\n\n");
                system.push_str(&text);
            }
            role => messages.push(json!({ "role": role.name(), "content": text })),
        }
    }
    let (sampling, limits) = (&generation.sampling, &generation.limits);
    let mut body = Map::new();
    if let Some(model) = model {
        body.insert("model".to_owned(), json!(model));
    }
    if !system.is_empty() {
        body.insert("system".to_owned(), json!(system));
    }
    body.insert("messages".to_owned(), Value::Array(messages));
    body.insert("stream".to_owned(), json!(true));
    body.insert("max_tokens".to_owned(), json!(limits.max_tokens.unwrap_or(MAX_TOKENS)));
    // The range ends at 1 there.
    body.insert("temperature".to_owned(), short(sampling.temp.min(1.0)));
    if !limits.stop.is_empty() {
        body.insert("stop_sequences".to_owned(), json!(limits.stop));
    }
    if let Some(schema) = schema(generation)? {
        // https://platform.claude.com/docs/en/build-with-claude/structured-outputs
        let format = json!({ "type": "json_schema", "schema": schema });
        body.insert("output_config".to_owned(), json!({ "format": format }));
    }
    if !strict {
        // The inventor's newer models take the temperature or these.
        body.insert("top_p".to_owned(), short(sampling.top_p));
        body.insert("top_k".to_owned(), json!(sampling.top_k));
    }
    Ok(Value::Object(body))
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: u32,
    },
    ContentBlockDelta {
        index: u32,
        delta: Delta,
    },
    ContentBlockStop {
        index: u32,
    },
    MessageDelta {
        delta: End,
        usage: Option<Usage>,
    },
    MessageStop,
    Error {
        error: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Start {
    model: Option<String>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Delta {
    text: Option<String>,
}

#[derive(Deserialize)]
struct End {
    stop_reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the protocol's own names")]
struct Usage {
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    cache_read_input_tokens: Option<u32>,
}

/// Reads the events of one reply.
#[derive(Debug, Default)]
pub(in crate::remote) struct Reader {
    started: bool,
    /// The block that is open; blocks come one after another.
    open: Option<u32>,
}

impl Reader {
    /// Adds the steps that `event` tells of.
    ///
    /// # Errors
    /// It is none of the protocol's or comes out of order, or it tells of a failure.
    pub(super) fn event(&mut self, event: &Event, steps: &mut Vec<Step>) -> Result<(), WireError> {
        let parsed = serde_json::from_str::<Frame>(&event.data);
        let frame = parsed.map_err(|_| WireError::Malformed("an event is no part of a message"))?;
        let out_of_order = WireError::Malformed("an event comes out of order");
        match frame {
            Frame::Error { error } => return Err(failure(&error)),
            Frame::MessageStart { message } if !self.started => {
                self.started = true;
                if let Some(model) = message.model.filter(|model| !model.is_empty()) {
                    steps.push(Step::Served { model: said(&model), host: None });
                }
                steps.extend(message.usage.map(tokens));
            }
            Frame::ContentBlockStart { index } if self.started && self.open.is_none() => {
                self.open = Some(index);
                steps.push(Step::Thought);
            }
            Frame::ContentBlockDelta { index, delta } if self.open == Some(index) => {
                steps.push(match delta.text.filter(|text| !text.is_empty()) {
                    Some(text) => Step::Text(text),
                    None => Step::Thought,
                });
            }
            Frame::ContentBlockStop { index } if self.open == Some(index) => self.open = None,
            Frame::MessageDelta { delta, usage } if self.started => {
                steps.extend(usage.map(tokens));
                steps.extend(delta.stop_reason.map(|reason| Step::Stop(stop(&reason))));
            }
            Frame::MessageStop if self.started => steps.push(Step::End),
            Frame::Other => {}
            Frame::MessageStart { .. }
            | Frame::ContentBlockStart { .. }
            | Frame::ContentBlockDelta { .. }
            | Frame::ContentBlockStop { .. }
            | Frame::MessageDelta { .. }
            | Frame::MessageStop => return Err(out_of_order),
        }
        Ok(())
    }
}

/// Counts: the cached tokens are not among the input there.
fn tokens(usage: Usage) -> Step {
    let cached = usage.cache_read_input_tokens;
    let prompt = usage.input_tokens.map(|input| input.saturating_add(cached.unwrap_or(0)));
    Step::Tokens(Tokens { prompt, cached, completion: usage.output_tokens })
}

fn stop(reason: &str) -> StopReason {
    match reason {
        "end_turn" => StopReason::EndOfTurn,
        "stop_sequence" => StopReason::Stop,
        "max_tokens" => StopReason::Length,
        "model_context_window_exceeded" => StopReason::ContextFull,
        "refusal" => StopReason::Interrupted(Fault::new("its filter cut the answer short")),
        "tool_use" => {
            StopReason::Interrupted(Fault::new("the model asks for a tool, and none was offered"))
        }
        other => StopReason::Interrupted(Fault::new(format!("it stopped: {}", said(other)))),
    }
}
