//! What happens during a turn, in order.

use std::time::Duration;

use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Usage;

/// One step of a generation, as a backend tells it.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenEvent {
    /// Waiting for room: how many turns go before it, those that run included.
    Queued(u32),
    /// The prompt is being evaluated; counts in tokens, `done` includes `cached`.
    Prefill {
        /// Evaluated so far, the cached ones included.
        done: u32,
        /// Tokens in the prompt.
        total: u32,
        /// Tokens that were in the cache and cost nothing.
        cached: u32,
    },
    /// One decoded token. Empty while the bytes of a character, or what may be a stop string,
    /// are held back; whole characters only.
    Delta(String),
    /// The last event of every turn, exactly once.
    Finished(StopReason, Usage),
}

/// One step of a turn, as the driver tells it: `Routed` comes first.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEvent {
    /// Where the turn runs and why; again when that changes before the first token, and once at the
    /// most behind it, where another route goes on with an answer that broke off.
    Routed(Decision),
    /// Nothing happens for a while, on purpose; told every second, and cancelled like all else.
    Waiting {
        /// How long still.
        left: Duration,
        /// One clause that says for what.
        why: String,
    },
    /// The answer broke off, nobody goes on with it, and another route may begin it anew; right before
    /// its end, which is an interruption.
    Anew,
    /// What the backend says.
    Token(TokenEvent),
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The model ended its turn.
    EndOfTurn,
    /// A stop string of the caller's was met.
    Stop,
    /// The caller's limit on tokens was met.
    Length,
    /// The context ran out.
    ContextFull,
    /// The user or the caller cancelled it.
    Cancelled,
    /// It was cut short from outside: the partial answer stands.
    Interrupted(Fault),
    /// It could not be answered.
    Failed(Fault),
}

impl StopReason {
    /// Returns the word of the `--json` output.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EndOfTurn => "end_of_turn",
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContextFull => "context_full",
            Self::Cancelled => "cancelled",
            Self::Interrupted(_) => "interrupted",
            Self::Failed(_) => "failed",
        }
    }

    /// Returns the fault behind an interruption or a failure.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Interrupted(fault) | Self::Failed(fault) => Some(fault),
            Self::EndOfTurn | Self::Stop | Self::Length | Self::ContextFull | Self::Cancelled => {
                None
            }
        }
    }
}
