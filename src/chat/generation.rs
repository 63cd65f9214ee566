//! What a backend is asked to generate.

use crate::chat::Message;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::SessionId;

/// How the next token is drawn. Defaults are llama.cpp's own (`common_params_sampling`).
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Temperature; 0 takes the likeliest token.
    pub temp: f32,
    /// Keeps the k likeliest tokens; 0 keeps all.
    pub top_k: i32,
    /// Keeps the likeliest tokens up to this total probability; 1 keeps all.
    pub top_p: f32,
    /// Drops tokens less likely than this share of the likeliest; 0 keeps all.
    pub min_p: f32,
    /// Divides the logits of repeated tokens; 1 leaves them.
    pub repeat_penalty: f32,
    /// Seed of the draw; `None` takes a new one for each turn.
    pub seed: Option<u32>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temp: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, repeat_penalty: 1.0, seed: None }
    }
}

/// What an answer has to look like, whatever the model would rather say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Constraint {
    /// Anything.
    #[default]
    Free,
    /// A JSON text that a JSON schema allows: the schema's own text.
    JsonSchema(String),
    /// What a grammar derives from its rule `root`: GBNF, the notation of llama.cpp.
    Grammar(String),
}

/// Where a generation ends at the latest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most tokens to generate; `None` up to the end of the context.
    pub max_tokens: Option<u32>,
    /// Strings that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// The most tokens of prompt and answer together.
    pub n_ctx: u32,
}

/// How much is evaluated ahead of a prompt whose last message is still being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// What stays the same when the last message grows.
    Sure,
    /// All of it: it looks as if it were about to be sent as it is.
    Whole,
}

/// Who goes first when the engine is busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Work ahead of time; gives way to everything.
    Ahead,
    /// Scripts.
    Background,
    /// Somebody is looking at it.
    #[default]
    Interactive,
}

impl Priority {
    /// Returns the word for it in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Background => "background",
            Self::Interactive => "interactive",
        }
    }
}

/// One request to a backend: the whole conversation up to the open question.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The session that it belongs to; the key of its cached prefix.
    pub session: SessionId,
    /// The conversation, system prompt first if there is one, the user's message last; behind it,
    /// if one is to be continued, the answer that was cut short.
    pub messages: Vec<Message>,
    /// The strictest class of all that is in it: of the profile, the session and every message.
    pub class: PrivacyClass,
    /// How to draw tokens.
    pub sampling: Sampling,
    /// What the answer has to look like.
    pub constraint: Constraint,
    /// Where to end.
    pub limits: Limits,
    /// Who goes first.
    pub priority: Priority,
    /// Whether any trace may be kept after the turn.
    pub ephemeral: bool,
}

impl Generation {
    /// Returns the text of the answer that is to be continued; empty if none is.
    pub fn begun(&self) -> String {
        let last = self.messages.last().filter(|last| last.role == Role::Assistant);
        last.map(Message::plain).unwrap_or_default()
    }
}

/// What a generation would cost, before it is begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Tokens in the rendered prompt.
    pub prompt_tokens: u32,
    /// How many of them are cached.
    pub cached_tokens: u32,
    /// Prompt tokens of other turns that are waiting to be evaluated first.
    pub queued_tokens: u32,
    /// Whether the numbers are counted or estimated.
    pub exact: bool,
}
