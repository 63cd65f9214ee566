//! Ollama's chat.

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
use crate::chat::Fault;
use crate::chat::StopReason;

/// Makes a request's body.
///
/// # Errors
/// The conversation holds what cannot be sent.
pub(super) fn body(ask: Ask<'_>) -> Result<Value, Fault> {
    let Ask { generation, model, .. } = ask;
    let messages = generation
        .messages
        .iter()
        .map(|message| Ok(json!({ "role": message.role.name(), "content": content(message)? })));
    let messages: Result<Vec<Value>, Fault> = messages.collect();
    let (sampling, limits) = (&generation.sampling, &generation.limits);
    let mut options = Map::new();
    options.insert("temperature".to_owned(), short(sampling.temp));
    options.insert("top_k".to_owned(), json!(sampling.top_k));
    options.insert("top_p".to_owned(), short(sampling.top_p));
    options.insert("min_p".to_owned(), short(sampling.min_p));
    options.insert("repeat_penalty".to_owned(), short(sampling.repeat_penalty));
    if limits.n_ctx > 0 {
        options.insert("num_ctx".to_owned(), json!(limits.n_ctx));
    }
    if let Some(most) = limits.max_tokens {
        options.insert("num_predict".to_owned(), json!(most));
    }
    if let Some(seed) = sampling.seed {
        options.insert("seed".to_owned(), json!(seed));
    }
    if !limits.stop.is_empty() {
        options.insert("stop".to_owned(), json!(limits.stop));
    }
    let mut body = json!({
        "model": model.unwrap_or_default(),
        "messages": messages?,
        "stream": true,
        // What does not fit is an error, not a conversation without its beginning.
        "truncate": false,
        "shift": false,
        "options": options,
    });
    if let Some(schema) = schema(generation)? {
        // https://docs.ollama.com/capabilities/structured-outputs
        body["format"] = schema;
    }
    Ok(body)
}

#[derive(Deserialize)]
struct Line {
    model: Option<String>,
    remote_model: Option<String>,
    remote_host: Option<String>,
    message: Option<Said>,
    done: Option<bool>,
    done_reason: Option<String>,
    prompt_eval_count: Option<u32>,
    eval_count: Option<u32>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

/// Reads the lines of one reply.
#[derive(Debug, Default)]
pub(in crate::remote) struct Reader {
    served: bool,
}

impl Reader {
    /// Adds the steps that `line` tells of.
    ///
    /// # Errors
    /// It is none of the protocol's, or tells of a failure.
    pub(super) fn line(&mut self, line: &str, steps: &mut Vec<Step>) -> Result<(), WireError> {
        let parsed = serde_json::from_str::<Line>(line);
        let line = parsed.map_err(|_| WireError::Malformed("a line is no part of an answer"))?;
        if let Some(error) = line.error {
            return Err(failure(&error));
        }
        if !self.served
            && let Some(step) = served(&line)
        {
            self.served = true;
            steps.push(step);
        }
        if let Some(message) = line.message {
            steps.push(match message.content.filter(|text| !text.is_empty()) {
                Some(text) => Step::Text(text),
                None => Step::Thought,
            });
        }
        if line.done == Some(true) {
            let (prompt, completion) = (line.prompt_eval_count, line.eval_count);
            steps.push(Step::Tokens(Tokens { prompt, cached: None, completion }));
            steps.push(Step::Stop(match line.done_reason.as_deref() {
                None | Some("stop") => StopReason::EndOfTurn,
                Some("length") => StopReason::Length,
                Some(other) => {
                    StopReason::Interrupted(Fault::new(format!("it stopped: {}", said(other))))
                }
            }));
            steps.push(Step::End);
        }
        Ok(())
    }
}

/// Tells who answers: what a server on this device passes on is not answered here.
fn served(line: &Line) -> Option<Step> {
    let model = line.remote_model.as_ref().or(line.model.as_ref())?;
    let cloud = model.ends_with("-cloud") || model.ends_with(":cloud");
    let host = match &line.remote_host {
        Some(host) if !host.is_empty() => Some(said(host)),
        _ if cloud || line.remote_model.is_some() => Some("elsewhere".to_owned()),
        _ => None,
    };
    Some(Step::Served { model: said(model), host })
}

#[derive(Deserialize)]
struct Models {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
}

/// Reads the names of the models in a list.
///
/// # Errors
/// It is no list of models.
pub(super) fn models(reply: &[u8]) -> Result<Vec<String>, WireError> {
    let list = serde_json::from_slice::<Models>(reply);
    let list = list.map_err(|_| WireError::Malformed("the reply is no list of models"))?;
    Ok(list.models.into_iter().map(|model| said(&model.name)).collect())
}
