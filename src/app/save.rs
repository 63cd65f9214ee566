//! What is to be saved, as data; an ephemeral chat saves nothing.

use crate::chat::Answer;
use crate::chat::Draft;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::ScrollAnchor;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::Span;
use crate::chat::Timestamp;

/// One thing to save.
#[derive(Clone, Debug, PartialEq)]
pub enum Save {
    /// A session without messages, unless it is saved.
    Create(Box<SessionInfo>),
    /// A turn begins: its question, if that is new, and its answer, which streams and has no text
    /// yet. It must be durable before the turn's request leaves.
    Begin {
        /// The session; what is saved of it stays.
        session: Box<SessionInfo>,
        /// The messages, parents first.
        nodes: Vec<Node>,
    },
    /// Complete messages behind those that are there.
    Add {
        /// Where.
        session: SessionId,
        /// The messages, parents first.
        nodes: Vec<Node>,
    },
    /// Where an answer runs.
    Routed {
        /// Where.
        session: SessionId,
        /// The answer.
        message: MessageId,
        /// The route and the model.
        span: Span,
    },
    /// More of an answer.
    Append {
        /// Where.
        session: SessionId,
        /// The answer.
        message: MessageId,
        /// Bytes of its text that were saved before.
        from_byte: u64,
        /// The text that follows them.
        text: String,
        /// When.
        at: Timestamp,
    },
    /// The end of an answer, exactly once.
    Finish {
        /// Where.
        session: SessionId,
        /// The answer.
        message: MessageId,
        /// How it ended.
        state: NodeState,
        /// How it came about.
        answer: Box<Answer>,
        /// When.
        at: Timestamp,
    },
    /// What stands in the composer, what waits, and where the transcript is looked at.
    Desk {
        /// Where.
        session: SessionId,
        /// The composer.
        draft: Draft,
        /// The prompts that wait, the next one first.
        queued: Vec<String>,
        /// The first line on the screen; `None` follows the end.
        scroll: Option<ScrollAnchor>,
    },
    /// The selected leaf.
    Select {
        /// Where.
        session: SessionId,
        /// The leaf.
        leaf: MessageId,
    },
    /// The title.
    Rename {
        /// Which.
        session: SessionId,
        /// The title.
        title: String,
    },
    /// Tags.
    Tag {
        /// Which.
        session: SessionId,
        /// Tags that it gets.
        add: Vec<String>,
        /// Tags that it loses.
        remove: Vec<String>,
    },
    /// Whether lists leave it out.
    Archive {
        /// Which.
        session: SessionId,
        /// Whether they do.
        archived: bool,
    },
    /// The way to a message as a session of its own.
    Fork {
        /// From which.
        from: SessionId,
        /// The last message that is taken.
        at: MessageId,
        /// The new session.
        into: SessionId,
        /// When.
        created: Timestamp,
    },
    /// Nothing any more of a session.
    Remove(SessionId),
}

/// How saving goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Saving {
    /// What is to be saved becomes durable.
    #[default]
    Well,
    /// It is kept in memory and tried again: why, in words.
    Held(crate::chat::Fault),
    /// Nothing is saved: why, in words.
    Never(crate::chat::Fault),
}
