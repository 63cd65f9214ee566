//! What is known of saved sessions beside their messages.

use std::ops::Range;

use crate::chat::Fault;
use crate::chat::MessageId;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::chat::Timestamp;

/// What stands in the composer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The cursor, as a byte of the text that begins a character.
    pub cursor: u64,
}

/// Where a transcript is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrollAnchor {
    /// The message at the top of the screen.
    pub message: MessageId,
    /// Lines of it above the screen, at the width of that time.
    pub line: u32,
}

/// A session without its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its identity.
    pub id: SessionId,
    /// The first question's first line, or the user's own; empty before there is one.
    pub title: String,
    /// The profile's name.
    pub profile: String,
    /// Where its turns may run.
    pub mode: Mode,
    /// What of it may leave the device.
    pub privacy: PrivacyClass,
    /// When it was made.
    pub created: Timestamp,
    /// When a message was last added or an answer ended.
    pub updated: Timestamp,
    /// The user's tags, sorted, each once.
    pub tags: Vec<String>,
    /// Whether lists leave it out.
    pub archived: bool,
    /// The selected leaf; `None` before there is a message.
    pub leaf: Option<MessageId>,
    /// What stands in the composer.
    pub draft: Draft,
    /// Questions that wait for the running turn, first one first.
    pub queued: Vec<String>,
    /// Where the transcript is looked at; `None` follows its end.
    pub scroll: Option<ScrollAnchor>,
}

impl SessionInfo {
    /// Makes the description of an empty session.
    pub fn new(id: SessionId, profile: impl Into<String>, created: Timestamp) -> Self {
        Self {
            id,
            title: String::new(),
            profile: profile.into(),
            mode: Mode::default(),
            privacy: PrivacyClass::default(),
            created,
            updated: created,
            tags: Vec::new(),
            archived: false,
            leaf: None,
            draft: Draft::default(),
            queued: Vec::new(),
            scroll: None,
        }
    }
}

/// One line of a list of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The session.
    pub info: SessionInfo,
    /// Its messages, branches included.
    pub messages: u64,
    /// Whether somebody answers in it right now.
    pub answering: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its session.
    pub session: SessionId,
    /// The session's title.
    pub title: String,
    /// The message.
    pub message: MessageId,
    /// Who said it.
    pub role: Role,
    /// When.
    pub created: Timestamp,
    /// The text around the first term, on one line.
    pub context: String,
    /// The first term within `context`, in bytes.
    pub place: Range<usize>,
}

/// How saving goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Saving {
    /// What is to be saved becomes durable.
    #[default]
    Well,
    /// Nothing can be written for now: it is kept in memory and tried again.
    Held {
        /// Why.
        fault: Fault,
        /// How many changes wait.
        waiting: usize,
    },
    /// Nothing is saved: why.
    Never(Fault),
}
