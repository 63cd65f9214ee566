//! The search over all saved messages.

use crate::chat::Hit;
use crate::text::Clean;

/// The search overlay.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub(super) query: String,
    hits: Vec<Hit>,
    selected: usize,
    /// The words that the hits are for.
    found: Option<String>,
    told: Option<Clean>,
}

impl Search {
    /// Returns what was typed.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Returns what was found, the newest first.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Returns the index of the selected one.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Returns the selected one.
    pub fn current(&self) -> Option<&Hit> {
        self.hits.get(self.selected)
    }

    /// Returns whether what is shown is what was typed.
    pub fn is_current(&self) -> bool {
        self.found.as_deref() == Some(self.query.trim())
    }

    /// Returns why nothing was found, if there is a reason.
    pub fn told(&self) -> Option<&Clean> {
        self.told.as_ref()
    }

    /// Takes in what was found for some words; late answers to others are left out.
    pub(super) fn take(&mut self, query: &str, found: Result<Vec<Hit>, String>) -> bool {
        if query != self.query.trim() {
            return false;
        }
        self.found = Some(query.to_owned());
        self.selected = 0;
        self.told = found.as_ref().err().map(|why| Clean::one_line(why, 200));
        self.hits = found.unwrap_or_default();
        true
    }

    /// Moves the selection by `by`.
    pub(super) fn go(&mut self, by: isize) {
        let last = self.hits.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }
}
