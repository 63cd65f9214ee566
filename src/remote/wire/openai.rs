//! Chat completions, as `OpenAI` invented them and most servers imitate them.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Ask;
use super::Step;
use super::Tokens;
use super::WireError;
use super::schema;
use super::text::content;
use super::text::said;
use crate::chat::Fault;
use crate::chat::Role;
use crate::chat::StopReason;
use crate::remote::sse::Event;

/// What the stream ends with.
const DONE: &str = "[DONE]";

/// Makes a request's body.
///
/// # Errors
/// The conversation holds what cannot be sent.
pub(super) fn body(ask: Ask<'_>) -> Result<Value, Fault> {
    let Ask { generation, model, strict } = ask;
    let messages = generation
        .messages
        .iter()
        .map(|message| Ok(json!({ "role": message.role.name(), "content": content(message)? })));
    let messages: Result<Vec<Value>, Fault> = messages.collect();
    let (sampling, limits) = (&generation.sampling, &generation.limits);
    let mut body = Map::new();
    if let Some(model) = model {
        body.insert("model".to_owned(), json!(model));
    }
    body.insert("messages".to_owned(), Value::Array(messages?));
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    body.insert("temperature".to_owned(), short(sampling.temp));
    body.insert("top_p".to_owned(), short(sampling.top_p));
    if let Some(most) = limits.max_tokens {
        // The newer name is the only one that the inventor's newer models take, and unknown to
        // most others.
        let name = if strict { "max_completion_tokens" } else { "max_tokens" };
        body.insert(name.to_owned(), json!(most));
    }
    if !limits.stop.is_empty() {
        body.insert("stop".to_owned(), json!(limits.stop));
    }
    if let Some(schema) = schema(generation)? {
        // https://platform.openai.com/docs/guides/structured-outputs; llama-server, vLLM and LM Studio
        // take the same. What is not strict is a wish.
        let held = json!({ "name": "answer", "strict": true, "schema": schema });
        let format = json!({ "type": "json_schema", "json_schema": held });
        body.insert("response_format".to_owned(), format);
    }
    if let Some(seed) = sampling.seed {
        body.insert("seed".to_owned(), json!(seed));
    }
    if !strict {
        if generation.messages.last().is_some_and(|message| message.role == Role::Assistant) {
            // vLLM's words for what llama-server does by itself.
            body.insert("continue_final_message".to_owned(), json!(true));
            body.insert("add_generation_prompt".to_owned(), json!(false));
        }
        body.insert("top_k".to_owned(), json!(sampling.top_k));
        body.insert("min_p".to_owned(), short(sampling.min_p));
        if (sampling.repeat_penalty - 1.0).abs() > f32::EPSILON {
            // One name of llama.cpp's, one of vLLM's and OpenRouter's.
            body.insert("repeat_penalty".to_owned(), short(sampling.repeat_penalty));
            body.insert("repetition_penalty".to_owned(), short(sampling.repeat_penalty));
        }
    }
    Ok(Value::Object(body))
}

/// Writes a setting as the user did: 0.7, not 0.699999988.
pub(super) fn short(setting: f32) -> Value {
    setting.to_string().parse::<f64>().map_or(Value::Null, |number| json!(number))
}

#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u32>,
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u32>,
}

/// Reads the events of one reply.
#[derive(Debug, Default)]
pub(in crate::remote) struct Reader {
    served: bool,
}

impl Reader {
    /// Adds the steps that `event` tells of.
    ///
    /// # Errors
    /// It is none of the protocol's, or tells of a failure.
    pub(super) fn event(&mut self, event: &Event, steps: &mut Vec<Step>) -> Result<(), WireError> {
        if event.data.trim() == DONE {
            steps.push(Step::End);
            return Ok(());
        }
        // Servers add events of their own under other names.
        let parsed = serde_json::from_str::<Chunk>(&event.data);
        let chunk =
            parsed.map_err(|_| WireError::Malformed("an event is no chunk of an answer"))?;
        if let Some(error) = chunk.error {
            return Err(failure(&error));
        }
        if let Some(model) = chunk.model.filter(|model| !self.served && !model.is_empty()) {
            self.served = true;
            steps.push(Step::Served { model: said(&model), host: None });
        }
        for choice in chunk.choices.unwrap_or_default() {
            // Only one answer was asked for; more of them are not ours.
            if choice.index.unwrap_or(0) == 0 {
                choice_steps(choice, steps);
            }
        }
        if let Some(usage) = chunk.usage {
            steps.push(Step::Tokens(Tokens {
                prompt: usage.prompt_tokens,
                cached: usage.prompt_tokens_details.and_then(|details| details.cached_tokens),
                completion: usage.completion_tokens,
            }));
        }
        Ok(())
    }
}

fn choice_steps(choice: Choice, steps: &mut Vec<Step>) {
    if let Some(delta) = choice.delta {
        steps.push(match delta.content.filter(|text| !text.is_empty()) {
            Some(text) => Step::Text(text),
            None => Step::Thought,
        });
    }
    if let Some(reason) = choice.finish_reason {
        steps.push(Step::Stop(match reason.as_str() {
            "stop" => StopReason::EndOfTurn,
            "length" => StopReason::Length,
            "content_filter" => {
                StopReason::Interrupted(Fault::new("its filter cut the answer short"))
            }
            "tool_calls" | "function_call" => StopReason::Interrupted(Fault::new(
                "the model asks for a tool, and none was offered",
            )),
            other => StopReason::Interrupted(Fault::new(format!("it stopped: {}", said(other)))),
        }));
    }
}

/// Reads an error in an event or an error page's JSON: an object with a message, or a text.
pub(super) fn failure(error: &Value) -> WireError {
    let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text(error, "type").or_else(|| text(error, "code")).unwrap_or_default();
    let message = text(error, "message").or_else(|| error.as_str().map(str::to_owned));
    let message = message.unwrap_or_else(|| kind.clone());
    let code = error.get("code").and_then(Value::as_u64).unwrap_or(0);
    let words = ["overload", "rate_limit", "server_error", "api_error", "timeout", "unavailable"];
    let transient = matches!(code, 408 | 409 | 429 | 500..600)
        || words.iter().any(|word| kind.to_ascii_lowercase().contains(word));
    WireError::Refused { message: said(&message), transient }
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Reads the names of the models in a list.
///
/// # Errors
/// It is no list of models.
pub(super) fn models(reply: &[u8]) -> Result<Vec<String>, WireError> {
    let list = serde_json::from_slice::<Models>(reply);
    let list = list.map_err(|_| WireError::Malformed("the reply is no list of models"))?;
    Ok(list.data.into_iter().map(|model| said(&model.id)).collect())
}
