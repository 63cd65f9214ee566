//! What was done to a draft, and the way back.

use crate::app::composer::is_grapheme;

/// The most changes kept.
const CAPACITY: usize = 256;

/// One replacement: `removed` at `at` made way for `inserted`.
#[derive(Clone, Debug)]
struct Change {
    at: usize,
    removed: String,
    inserted: String,
}

/// Two stacks of changes; characters typed in one go are one change for each word.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    done: Vec<Change>,
    undone: Vec<Change>,
    sealed: bool,
}

impl Undo {
    /// Lets the next change begin a new step.
    pub(super) fn seal(&mut self) {
        self.sealed = true;
    }

    /// Notes that `removed` at `at` was replaced by `inserted`.
    pub(super) fn record(&mut self, at: usize, removed: String, inserted: String) {
        self.undone.clear();
        let sealed = std::mem::replace(&mut self.sealed, false);
        let change = Change { at, removed, inserted };
        if let Some(last) = self.done.last_mut().filter(|last| !sealed && last.takes(&change)) {
            last.inserted.push_str(&change.inserted);
            return;
        }
        if self.done.len() == CAPACITY {
            self.done.remove(0);
        }
        self.done.push(change);
    }

    /// Takes the last step back in `text`; returns the cursor.
    pub(super) fn back(&mut self, text: &mut String) -> Option<usize> {
        let change = self.done.pop()?;
        text.replace_range(change.at..change.at + change.inserted.len(), &change.removed);
        let cursor = change.at + change.removed.len();
        self.undone.push(change);
        self.sealed = true;
        Some(cursor)
    }

    /// Makes the step again that was taken back last; returns the cursor.
    pub(super) fn forth(&mut self, text: &mut String) -> Option<usize> {
        let change = self.undone.pop()?;
        text.replace_range(change.at..change.at + change.removed.len(), &change.inserted);
        let cursor = change.at + change.inserted.len();
        self.done.push(change);
        self.sealed = true;
        Some(cursor)
    }
}

impl Change {
    /// Returns whether `next` goes on with this change: typing within one word.
    fn takes(&self, next: &Self) -> bool {
        let typed = next.removed.is_empty() && is_grapheme(&next.inserted);
        let adjacent = self.removed.is_empty() && next.at == self.at + self.inserted.len();
        let ends_word = self.inserted.ends_with(char::is_whitespace)
            && !next.inserted.starts_with(char::is_whitespace);
        typed && adjacent && !ends_word && next.inserted != "\n"
    }
}
