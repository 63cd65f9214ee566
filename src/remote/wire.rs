//! What the protocols have in common: a request's body, and a stream's frames to steps.
//!
//! Never: a socket, a clock.

mod anthropic;
mod ollama;
mod openai;
mod text;

use serde_json::Value;
use thiserror::Error;

use super::lines::DecodeError;
use super::ndjson::Ndjson;
use super::sse::Sse;
use crate::chat::Constraint;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Generation;
use crate::chat::StopReason;
use crate::config::Protocol;

pub(super) use text::said;

/// One step of an answer, as every protocol tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// More of the answer.
    Text(String),
    /// The model is at work, but not on the answer: it thinks, or calls what was not offered.
    Thought,
    /// Who answers, as the reply says it.
    Served {
        /// The model.
        model: String,
        /// The host that the server passed the question on to.
        host: Option<String>,
    },
    /// Tokens so far; what is unknown stays as it was.
    Tokens(Tokens),
    /// Why the answer ended; the stream goes on.
    Stop(StopReason),
    /// The protocol's own end: nothing is missing.
    End,
}

/// Tokens that a reply counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) prompt: Option<u32>,
    pub(super) cached: Option<u32>,
    pub(super) completion: Option<u32>,
}

/// Why a stream is no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum WireError {
    /// It cannot be cut into frames.
    #[error("its stream cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// A frame is not what the protocol says.
    #[error("its stream is not the protocol's: {0}")]
    Malformed(&'static str),
    /// The endpoint says that it failed.
    #[error("it failed: {message}")]
    Refused {
        /// In its own words, cleaned.
        message: String,
        /// Whether it may be different soon.
        transient: bool,
    },
}

/// What one request is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) generation: &'a Generation,
    /// The model to ask for; `None` leaves it to the server.
    pub(super) model: Option<&'a str>,
    /// The host is the protocol's own inventor, which refuses what others add to it.
    pub(super) strict: bool,
}

/// A request's body as JSON.
///
/// # Errors
/// The conversation holds what the protocol, or this version, cannot send.
pub(super) fn body(protocol: Protocol, ask: Ask<'_>) -> Result<Vec<u8>, Fault> {
    let value = match protocol {
        Protocol::OpenAi => openai::body(ask),
        Protocol::Anthropic => anthropic::body(ask),
        Protocol::Ollama => ollama::body(ask),
    }?;
    Ok(value.to_string().into_bytes())
}

/// Where a protocol's requests go below the endpoint's address, whose path is `base`. An address
/// without a path gets the usual one.
pub(super) fn path(protocol: Protocol, base: &str, what: What) -> String {
    let (prefix, chat, models) = match protocol {
        Protocol::OpenAi => ("v1", "chat/completions", "models"),
        Protocol::Anthropic => ("v1", "messages", "models"),
        Protocol::Ollama => ("api", "chat", "tags"),
    };
    let path = match what {
        What::Chat => chat,
        What::Models => models,
    };
    if base.is_empty() { format!("{prefix}/{path}") } else { path.to_owned() }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An answer.
    Chat,
    /// The models that are served: a question without any content.
    Models,
}

/// Headers that a protocol wants beside the key.
pub(super) fn headers(protocol: Protocol) -> &'static [(&'static str, &'static str)] {
    match protocol {
        Protocol::Anthropic => &[("anthropic-version", "2023-06-01")],
        Protocol::OpenAi | Protocol::Ollama => &[],
    }
}

/// Whether a protocol's servers go on with an answer that comes last in the conversation, at its
/// very end; `strict` is the inventor's own host.
///
/// | protocol | with a trailing answer |
/// |---|---|
/// | `openai` | llama-server goes on by itself, vLLM and `SGLang` when told; the inventor's does not |
/// | `anthropic` | the inventor's goes on, or refuses by status 400 where the model is a newer one; llama-server says all of it once more |
/// | `ollama` | goes on |
pub(super) fn continues(protocol: Protocol, strict: bool) -> bool {
    match protocol {
        Protocol::OpenAi => !strict,
        Protocol::Anthropic => strict,
        Protocol::Ollama => true,
    }
}

/// Returns the end of an answer that a protocol does not take where it is to be continued: it is not
/// sent, and comes again or not.
pub(super) fn unsent(protocol: Protocol, begun: &str) -> &str {
    match protocol {
        Protocol::Anthropic => &begun[begun.trim_end().len()..],
        Protocol::OpenAi | Protocol::Ollama => "",
    }
}

/// Whether a reply of this content type can be a protocol's stream.
pub(super) fn is_stream(protocol: Protocol, content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match protocol {
        Protocol::OpenAi | Protocol::Anthropic => kind == "text/event-stream",
        Protocol::Ollama => kind == "application/x-ndjson" || kind == "application/json",
    }
}

/// Reads the names of the models in the reply to [`What::Models`].
///
/// # Errors
/// It is no such list.
pub(super) fn models(protocol: Protocol, reply: &[u8]) -> Result<Vec<String>, WireError> {
    match protocol {
        Protocol::OpenAi | Protocol::Anthropic => openai::models(reply),
        Protocol::Ollama => ollama::models(reply),
    }
}

/// Reads one reply's stream.
#[derive(Debug)]
pub(super) enum Reader {
    OpenAi(Sse, openai::Reader),
    Anthropic(Sse, anthropic::Reader),
    Ollama(Ndjson, ollama::Reader),
}

impl Reader {
    pub(super) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::OpenAi => Self::OpenAi(Sse::default(), openai::Reader::default()),
            Protocol::Anthropic => Self::Anthropic(Sse::default(), anthropic::Reader::default()),
            Protocol::Ollama => Self::Ollama(Ndjson::default(), ollama::Reader::default()),
        }
    }

    /// Takes a piece of the stream in and returns the steps that it completes.
    ///
    /// # Errors
    /// The stream is none of the protocol's, or tells of a failure; `steps` holds what came before.
    pub(super) fn push(&mut self, piece: &[u8], steps: &mut Vec<Step>) -> Result<(), WireError> {
        match self {
            Self::OpenAi(sse, reader) => {
                let mut events = Vec::new();
                let read = sse.push(piece, &mut events);
                events.iter().try_for_each(|event| reader.event(event, steps))?;
                Ok(read?)
            }
            Self::Anthropic(sse, reader) => {
                let mut events = Vec::new();
                let read = sse.push(piece, &mut events);
                events.iter().try_for_each(|event| reader.event(event, steps))?;
                Ok(read?)
            }
            Self::Ollama(ndjson, reader) => {
                let mut lines = Vec::new();
                let read = ndjson.push(piece, &mut lines);
                lines.iter().try_for_each(|line| reader.line(line, steps))?;
                Ok(read?)
            }
        }
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// As for [`Reader::push`].
    pub(super) fn end(&mut self, steps: &mut Vec<Step>) -> Result<(), WireError> {
        match self {
            Self::OpenAi(..) | Self::Anthropic(..) => Ok(()),
            Self::Ollama(ndjson, reader) => {
                let mut lines = Vec::new();
                let read = ndjson.end(&mut lines);
                lines.iter().try_for_each(|line| reader.line(line, steps))?;
                Ok(read?)
            }
        }
    }
}

/// Returns the schema that an answer is held to, its properties in the user's order: models write
/// them in that one.
///
/// # Errors
/// It is held to what no protocol knows.
fn schema(generation: &Generation) -> Result<Option<Value>, Fault> {
    match &generation.constraint {
        Constraint::Free => Ok(None),
        Constraint::JsonSchema(text) => serde_json::from_str(text).map(Some).map_err(|error| {
            Fault::new(format!("the schema is no JSON: {error}")).kind(FaultKind::Usage)
        }),
        Constraint::Grammar(_) => Err(cannot_send("a grammar")),
    }
}

/// A part of a message that no protocol is sent yet.
fn cannot_send(what: &str) -> Fault {
    Fault::new(format!("{what} cannot be sent to an endpoint yet"))
        .kind(FaultKind::NoRoute)
        .hint("answer on this device with --mode local-only")
}

#[cfg(test)]
mod tests;
