//! Parts, answers and settings as JSON: in the store's columns and in exported files alike.
//!
//! Durations are microseconds. A field that says nothing is left out.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::chat;
use crate::chat::Answer;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Limits;
use crate::chat::MediaHash;
use crate::chat::Sampling;
use crate::chat::Timings;
use crate::chat::TurnSettings;
use crate::chat::Usage;

/// A piece of a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Part {
    Text(String),
    Reasoning(String),
    /// SHA-256 in hexadecimal.
    Media(String),
    ToolCall {
        id: String,
        name: String,
        arguments: String,
    },
    ToolResult {
        id: String,
        content: String,
    },
}

impl From<&chat::Part> for Part {
    fn from(part: &chat::Part) -> Self {
        match part {
            chat::Part::Text(text) => Self::Text(text.clone()),
            chat::Part::Reasoning(text) => Self::Reasoning(text.clone()),
            chat::Part::Media(hash) => {
                let [high, low] = [&hash.0[..16], &hash.0[16..]].map(half);
                Self::Media(format!("{high:032x}{low:032x}"))
            }
            chat::Part::ToolCall { id, name, arguments } => {
                Self::ToolCall { id: id.clone(), name: name.clone(), arguments: arguments.clone() }
            }
            chat::Part::ToolResult { id, content } => {
                Self::ToolResult { id: id.clone(), content: content.clone() }
            }
        }
    }
}

impl TryFrom<Part> for chat::Part {
    type Error = Fault;

    fn try_from(part: Part) -> Result<Self, Fault> {
        Ok(match part {
            Part::Text(text) => Self::Text(text),
            Part::Reasoning(text) => Self::Reasoning(text),
            Part::Media(hex) => Self::Media(hash(&hex)?),
            Part::ToolCall { id, name, arguments } => Self::ToolCall { id, name, arguments },
            Part::ToolResult { id, content } => Self::ToolResult { id, content },
        })
    }
}

fn half(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn hash(hex: &str) -> Result<MediaHash, Fault> {
    let bad = || Fault::new("no hash of 64 hexadecimal digits");
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).map_err(|_| bad())?;
    }
    Ok(MediaHash(bytes))
}

/// Writes parts as a JSON array.
pub(super) fn parts(parts: &[chat::Part]) -> String {
    json(&parts.iter().map(Part::from).collect::<Vec<_>>())
}

/// Reads what [`parts`] wrote.
///
/// # Errors
/// It is something else.
pub(super) fn read_parts(text: &str) -> Result<Vec<chat::Part>, Fault> {
    let parts: Vec<Part> = read(text)?;
    parts.into_iter().map(chat::Part::try_from).collect()
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFault {
    kind: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

const FAULT_KINDS: [(&str, FaultKind); 5] = [
    ("failed", FaultKind::Failed),
    ("usage", FaultKind::Usage),
    ("no_route", FaultKind::NoRoute),
    ("too_long", FaultKind::TooLong),
    ("schema", FaultKind::Schema),
];

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSpan {
    from_byte: u64,
    route: String,
    model: String,
}

/// How an answer came about, without its settings.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct WireAnswer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<WireSpan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<WireFault>,
    prompt_tokens: u32,
    cached_tokens: u32,
    completion_tokens: u32,
    prefill_us: u64,
    decode_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttft_us: Option<u64>,
    total_us: u64,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl From<&Answer> for WireAnswer {
    fn from(answer: &Answer) -> Self {
        let span = |span: &chat::Span| WireSpan {
            from_byte: span.from_byte,
            route: span.route.to_string(),
            model: span.model.clone(),
        };
        let fault = answer.fault.as_ref().map(|fault| WireFault {
            kind: FAULT_KINDS
                .iter()
                .find(|(_, kind)| *kind == fault.kind)
                .map_or("", |k| k.0)
                .into(),
            message: fault.message.clone(),
            hint: fault.hint.clone(),
        });
        let (usage, timings) = (&answer.usage, &answer.timings);
        Self {
            spans: answer.spans.iter().map(span).collect(),
            reason: answer.reason.clone(),
            stop: answer.stop.clone(),
            fault,
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            prefill_us: micros(usage.prefill),
            decode_us: micros(usage.decode),
            ttft_us: timings.ttft.map(micros),
            total_us: micros(timings.total),
        }
    }
}

impl WireAnswer {
    /// Makes an answer of it.
    ///
    /// # Errors
    /// A route or a kind of fault is unknown.
    pub(super) fn with(self, settings: TurnSettings) -> Result<Answer, Fault> {
        let span = |span: WireSpan| {
            let route = span.route.parse()?;
            Ok(chat::Span { from_byte: span.from_byte, route, model: span.model })
        };
        let fault = |fault: WireFault| {
            let kind = FAULT_KINDS.iter().find(|(name, _)| *name == fault.kind);
            let kind = kind.ok_or_else(|| Fault::new(format!("no fault: `{}`", fault.kind)))?.1;
            Ok::<_, Fault>(Fault { kind, message: fault.message, hint: fault.hint })
        };
        Ok(Answer {
            spans: self.spans.into_iter().map(span).collect::<Result<_, Fault>>()?,
            reason: self.reason,
            settings,
            stop: self.stop,
            fault: self.fault.map(fault).transpose()?,
            usage: Usage {
                prompt_tokens: self.prompt_tokens,
                cached_tokens: self.cached_tokens,
                completion_tokens: self.completion_tokens,
                prefill: Duration::from_micros(self.prefill_us),
                decode: Duration::from_micros(self.decode_us),
                ..Usage::default()
            },
            timings: Timings {
                ttft: self.ttft_us.map(Duration::from_micros),
                total: Duration::from_micros(self.total_us),
            },
        })
    }
}

/// The settings in force.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct WireSettings {
    profile: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    temp: f32,
    top_k: i32,
    top_p: f32,
    min_p: f32,
    repeat_penalty: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    n_ctx: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

impl From<&TurnSettings> for WireSettings {
    fn from(settings: &TurnSettings) -> Self {
        let TurnSettings { profile, system, sampling, limits, sent_from, model } = settings;
        Self {
            profile: profile.clone(),
            system: system.clone(),
            temp: sampling.temp,
            top_k: sampling.top_k,
            top_p: sampling.top_p,
            min_p: sampling.min_p,
            repeat_penalty: sampling.repeat_penalty,
            seed: sampling.seed,
            max_tokens: limits.max_tokens,
            stop: limits.stop.clone(),
            n_ctx: limits.n_ctx,
            sent_from: sent_from.map(|id| id.to_string()),
            model: model.clone(),
        }
    }
}

impl From<WireSettings> for TurnSettings {
    fn from(wire: WireSettings) -> Self {
        Self {
            profile: wire.profile,
            system: wire.system,
            sampling: Sampling {
                temp: wire.temp,
                top_k: wire.top_k,
                top_p: wire.top_p,
                min_p: wire.min_p,
                repeat_penalty: wire.repeat_penalty,
                seed: wire.seed,
            },
            limits: Limits { max_tokens: wire.max_tokens, stop: wire.stop, n_ctx: wire.n_ctx },
            sent_from: wire.sent_from.and_then(|id| id.parse().ok()),
            model: wire.model,
        }
    }
}

/// Writes one value as JSON on one line.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data without maps of odd keys")
}

/// Reads one value.
///
/// # Errors
/// It is not what it should be; the message says where.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    let one_line =
        |error: serde_json::Error| error.to_string().replace("at line 1 column", "at column");
    serde_json::from_str(text).map_err(|error| Fault::new(one_line(error)))
}
