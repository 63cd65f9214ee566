//! What is known of a turn before it is asked.

use crate::chat::Prediction;
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
