//! What can be written of conversations, as data. Each change may be applied twice without harm, so
//! that one whose commit failed is simply tried again.

use std::collections::BTreeMap;

use super::decision::Mode;
use super::decision::PrivacyClass;
use super::id::MessageId;
use super::id::SessionId;
use super::node::Answer;
use super::node::Node;
use super::node::NodeState;
use super::node::Span;
use super::saved::Draft;
use super::saved::ScrollAnchor;
use super::saved::SessionInfo;
use super::time::Timestamp;

/// Which part of a message a stretch of text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// The answer.
    Text,
    /// What was thought before it.
    Reasoning,
}

impl PartKind {
    /// Returns the name under which it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Reasoning => "reasoning",
        }
    }
}

/// What comes back with a session when it is opened again, beside its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// What stands in the composer.
    pub draft: Draft,
    /// Questions that wait for the running turn, first one first.
    pub queued: Vec<String>,
    /// Where the transcript is looked at; `None` follows its end.
    pub scroll: Option<ScrollAnchor>,
}

/// Which messages of a session a fork takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Take {
    /// All; the copy is as private as the session.
    #[default]
    All,
    /// Those that may leave the device; the copy is open.
    Open,
}

/// One thing to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Make a session, unless it is there.
    Create(Box<SessionInfo>),
    /// Begin a turn: the session is made unless it is there, its lease is taken for the one
    /// streaming answer among `nodes`, and the nodes are added. All of it or nothing: while
    /// somebody else answers in the session, nothing.
    Begin {
        /// The session; what is stored of one that is there stays, but for its privacy class: that
        /// becomes as strict as this one's, and so is that of the nodes.
        session: Box<SessionInfo>,
        /// The question, if there is a new one, and the answer, streaming and without text.
        nodes: Vec<Node>,
    },
    /// Add complete messages after what is there, parents first, and select the last.
    Add {
        /// Where.
        session: SessionId,
        /// The messages.
        nodes: Vec<Node>,
    },
    /// Note where an answer runs, from a byte of its text on.
    Routed {
        /// Where.
        session: SessionId,
        /// The answer.
        message: MessageId,
        /// The route and the model.
        span: Span,
    },
    /// Add to a streaming answer. Costs by what is added, not by what is there.
    Append {
        /// Where.
        session: SessionId,
        /// The answer; one that has ended is left as it is.
        message: MessageId,
        /// Bytes of text, all kinds together, that were appended before this.
        from_byte: u64,
        /// What kind of text.
        kind: PartKind,
        /// The text.
        text: String,
        /// When; it is a sign of life of the lease.
        at: Timestamp,
    },
    /// End a streaming answer, once, and give its lease back. What was appended is its text.
    Finish {
        /// Where.
        session: SessionId,
        /// The answer; one that has ended is left as it is.
        message: MessageId,
        /// How it ended.
        state: NodeState,
        /// How it came about.
        answer: Box<Answer>,
        /// When.
        at: Timestamp,
    },
    /// Give a sign of life of the lease, in a turn that has nothing to append.
    Renew {
        /// Where.
        session: SessionId,
        /// When.
        at: Timestamp,
    },
    /// Keep the draft, the queue and the scroll position.
    Keep {
        /// Where.
        session: SessionId,
        /// What.
        desk: Box<Desk>,
    },
    /// Select a leaf.
    Select {
        /// Where.
        session: SessionId,
        /// The leaf.
        leaf: MessageId,
    },
    /// Give the session another title.
    Rename {
        /// Which.
        session: SessionId,
        /// The title.
        title: String,
    },
    /// Put tags on it and take others off.
    Tag {
        /// Which.
        session: SessionId,
        /// Tags that it gets.
        add: Vec<String>,
        /// Tags that it loses.
        remove: Vec<String>,
    },
    /// Leave it out of lists, or not any more.
    Archive {
        /// Which.
        session: SessionId,
        /// Whether it is left out.
        archived: bool,
    },
    /// Change what its turns may do from now on.
    Govern {
        /// Which.
        session: SessionId,
        /// The profile's name.
        profile: String,
        /// Where turns may run.
        mode: Mode,
        /// What may leave; a local-only session stays so.
        privacy: PrivacyClass,
    },
    /// Copy the way to a message as a session of its own.
    Fork {
        /// From which.
        from: SessionId,
        /// The last message that is taken; `None` takes the way to the selected leaf.
        at: Option<MessageId>,
        /// Which of the messages are taken.
        take: Take,
        /// The new session's identity.
        into: SessionId,
        /// When.
        created: Timestamp,
    },
    /// Take in whole sessions, as from a file. One that is there already is left as it is.
    Import(Vec<Imported>),
    /// Remove a message and everything below it. Refused while somebody answers there.
    RemoveMessage {
        /// Where.
        session: SessionId,
        /// The message.
        message: MessageId,
    },
    /// Remove a session. Refused while somebody answers there.
    Remove(SessionId),
}

/// A session with its messages, parents first.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What is known of it.
    pub info: SessionInfo,
    /// Its messages, parents before their children, siblings in their order.
    pub nodes: Vec<Node>,
    /// The classes of those whose class is not the session's.
    pub classes: BTreeMap<MessageId, PrivacyClass>,
}
