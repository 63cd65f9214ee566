//! One line for the user that is not part of a conversation.

use crate::chat::Fault;
use crate::text::Clean;

/// How much a notice matters; also how long it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Goes with the next key.
    Info,
    /// Stays until Esc or the next question.
    Bad,
}

/// A line above the composer.
#[derive(Clone, Debug)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// One line, clean.
    pub text: Clean,
}

/// The longest notice, in graphemes: a line on a very wide screen.
const MAX_GRAPHEMES: usize = 400;

impl Notice {
    /// Makes a notice that goes with the next key.
    pub fn info(text: &str) -> Self {
        Self { level: Level::Info, text: Clean::one_line(text, MAX_GRAPHEMES) }
    }

    /// Makes a notice of a failure, with its hint behind it.
    pub fn fault(fault: &Fault) -> Self {
        let text = match &fault.hint {
            Some(hint) => format!("{} · {hint}", fault.message),
            None => fault.message.clone(),
        };
        Self { level: Level::Bad, text: Clean::one_line(&text, MAX_GRAPHEMES) }
    }
}
