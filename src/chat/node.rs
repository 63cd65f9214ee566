//! One message in the tree of a session, with what is known of how it came about.

use crate::chat::Fault;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Route;
use crate::chat::Sampling;
use crate::chat::StopReason;
use crate::chat::Timestamp;
use crate::chat::Timings;
use crate::chat::Usage;

/// Where a message stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// Still being generated.
    Streaming,
    /// All of it is there.
    #[default]
    Complete,
    /// The user or the caller stopped it.
    Stopped,
    /// It was cut short from outside: the partial answer stands.
    Interrupted,
    /// It could not be answered.
    Failed,
}

impl NodeState {
    /// Every state with its name in files.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("streaming", Self::Streaming),
        ("complete", Self::Complete),
        ("stopped", Self::Stopped),
        ("interrupted", Self::Interrupted),
        ("failed", Self::Failed),
    ];

    /// Returns the name used in files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, state)| *state == self).map_or("", |(name, _)| name)
    }

    /// Returns the state of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, state)| *state)
    }
}

impl From<&StopReason> for NodeState {
    fn from(reason: &StopReason) -> Self {
        match reason {
            StopReason::EndOfTurn
            | StopReason::Stop
            | StopReason::Length
            | StopReason::ContextFull => Self::Complete,
            StopReason::Cancelled => Self::Stopped,
            StopReason::Interrupted(_) => Self::Interrupted,
            StopReason::Failed(_) => Self::Failed,
        }
    }
}

/// The settings that were in force when an answer was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnSettings {
    /// The profile's name.
    pub profile: String,
    /// The system prompt, if there was one.
    pub system: Option<String>,
    /// How tokens were drawn.
    pub sampling: Sampling,
    /// Where the answer was to end.
    pub limits: Limits,
    /// The oldest message that was sent, where the user had earlier ones left out; `None` where
    /// all of the conversation was sent.
    pub sent_from: Option<MessageId>,
    /// The model that the user chose for the session; `None` where it is the profile's.
    pub model: Option<String>,
}

/// Where a stretch of an answer came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte of the stretch, in the answer's plain text; it ends where the next begins.
    pub from_byte: u64,
    /// Where it ran.
    pub route: Route,
    /// On which model.
    pub model: String,
}

/// How an answer came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Where it ran, in order; more than one where it was continued elsewhere. The first begins at
    /// 0. Empty until it was routed.
    pub spans: Vec<Span>,
    /// Why it ran there.
    pub reason: Option<String>,
    /// The settings in force.
    pub settings: TurnSettings,
    /// The word for why it ended, of [`StopReason::name`].
    pub stop: Option<String>,
    /// What went wrong.
    pub fault: Option<Fault>,
    /// What it cost.
    pub usage: Usage,
    /// What the user waited.
    pub timings: Timings,
}

impl Answer {
    /// Takes note of where it runs from now on: where it was tried before is no stretch of it if no
    /// text came from there.
    pub fn runs(&mut self, span: Span) {
        self.spans.retain(|earlier| earlier.from_byte < span.from_byte);
        let last = self.spans.last();
        if last.is_none_or(|last| last.route != span.route || last.model != span.model) {
            self.spans.push(span);
        }
    }

    /// Returns where its end came from.
    pub fn origin(&self) -> Option<&Span> {
        self.spans.last()
    }
}

/// One message of the tree. Its text is as it came; it is cleaned where it leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its identity within the session.
    pub id: MessageId,
    /// The message that it follows; `None` for the first of a conversation.
    pub parent: Option<MessageId>,
    /// When it was made.
    pub created: Timestamp,
    /// Who says what.
    pub message: Message,
    /// Where it stands.
    pub state: NodeState,
    /// For answers: how it came about.
    pub answer: Option<Box<Answer>>,
}
