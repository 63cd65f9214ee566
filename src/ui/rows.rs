//! Rows of a box: names, and words beside them where there is room, else below them.

use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::ui::overlay::Row;

/// Rows as they are put together.
pub(super) struct Rows {
    beside: bool,
    columns: usize,
    made: Vec<Row>,
}

impl Rows {
    /// Begins with none.
    pub(super) fn new(beside: bool, columns: usize) -> Self {
        Self { beside, columns, made: Vec::new() }
    }

    /// Returns the rows.
    pub(super) fn done(self) -> Vec<Row> {
        self.made
    }

    /// Adds a heading.
    pub(super) fn heading(&mut self, text: &str) {
        self.made.push((0, Role::Accent, Clean::one_line(text, self.columns), Clean::default()));
    }

    /// Adds a name with words beside it, behind it or below it, as there is room.
    pub(super) fn add(&mut self, role: Role, name: &str, words: &str) {
        let line = |text: &str| Clean::one_line(text, self.columns.saturating_sub(4));
        let (name, words) = (line(name), line(words));
        if self.beside {
            self.made.push((2, role, name, words));
            return;
        }
        let whole = Clean::new(&format!("{}{DOT}{}", name.as_str(), words.as_str()));
        if text::width(whole.as_str()) <= self.columns.saturating_sub(2) {
            self.made.push((2, role, whole, Clean::default()));
        } else {
            self.made.push((2, role, name, Clean::default()));
            self.made.push((4, Role::Dim, words, Clean::default()));
        }
    }
}
