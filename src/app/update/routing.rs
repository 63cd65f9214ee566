//! Where a session runs: the user's word on it, and what the router said.

use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::route::Pin;
use crate::words::word;

impl Model {
    /// Follows `/route`: pins the session or its next turn, frees it, or shows why.
    pub(super) fn route(&mut self, words: &str) {
        let words: Vec<&str> = words.split_whitespace().collect();
        let (once, words) = match words.as_slice() {
            ["once", words @ ..] => (true, words),
            words => (false, words),
        };
        let pin = match words {
            ["why"] if !once => {
                self.overlay = Some(Overlay::Why(0));
                return;
            }
            ["auto"] if !once => None,
            ["local"] => Some(Pin::Local),
            ["remote"] => Some(Pin::Remote(None)),
            ["remote", endpoint] => Some(Pin::Remote(Some((*endpoint).to_owned()))),
            _ => {
                self.notice = Some(Notice::info(word("route-usage")));
                return;
            }
        };
        self.pin_to(pin, once);
    }
}
