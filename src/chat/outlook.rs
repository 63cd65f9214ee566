//! What is known of a turn before it is asked.

use crate::chat::Prediction;
use crate::chat::Reject;
use crate::chat::Route;

/// What a route promises for the next turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The route.
    pub route: Route,
    /// What it promises; `None` while nothing is measured.
    pub predicted: Option<Prediction>,
    /// Whether that comes of turns that ran there; otherwise of what is believed of such a route.
    pub measured: bool,
}

/// What a draft would cost if it were asked now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Tokens of the whole prompt.
    pub prompt_tokens: u32,
    /// Tokens of the same prompt with nothing in the draft's place, where that was asked for.
    pub blank_tokens: Option<u32>,
    /// Whether the tokens are counted, or estimated.
    pub exact: bool,
    /// The routes that the turn could take, in the user's order.
    pub routes: Vec<Promise>,
}

/// An endpoint that a session's turns may be pinned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in the user's configuration.
    pub endpoint: String,
    /// The model there; empty where nobody says.
    pub model: String,
    /// What its past turns promise for a prompt like the session's; `None` while none has run there.
    pub measured: Option<Prediction>,
    /// What stands against it now, whatever the user says.
    pub rejected: Option<Reject>,
}

/// A model on this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelved {
    /// The name by which it can be asked for.
    pub name: String,
    /// The bytes of its files.
    pub bytes: u64,
    /// Whether it fits the memory that is free now; `None` where that is not known.
    pub fits: Option<bool>,
    /// Tokens that this machine decoded with it in a second, when that was measured.
    pub decode_tps: Option<f64>,
    /// Why it cannot be used.
    pub fault: Option<String>,
}
