//! Rows of a box: names, and words beside them where there is room, else below them.

use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::ui::overlay::KEYS;
use crate::ui::overlay::Row;

/// The longest words, in graphemes: what an endpoint says may be among them.
const WORDS_MAX: usize = 400;

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

    /// Adds a name with words beside it, behind it or below it, as there is room; long ones take
    /// several rows.
    pub(super) fn add(&mut self, role: Role, name: &str, words: &str) {
        let name = Clean::one_line(name, self.columns.saturating_sub(4));
        let words = Clean::one_line(words, WORDS_MAX);
        if self.beside {
            let mut names = std::iter::once(name).chain(std::iter::repeat_with(Clean::default));
            let room = self.columns.saturating_sub(usize::from(KEYS));
            for (name, row) in names.by_ref().zip(wrapped(&words, room)) {
                self.made.push((2, role, name, row));
            }
            return;
        }
        let whole = Clean::new(&format!("{}{DOT}{}", name.as_str(), words.as_str()));
        if text::width(whole.as_str()) <= self.columns.saturating_sub(2) {
            self.made.push((2, role, whole, Clean::default()));
        } else {
            self.made.push((2, role, name, Clean::default()));
            for row in wrapped(&words, self.columns.saturating_sub(4)) {
                self.made.push((4, Role::Dim, row, Clean::default()));
            }
        }
    }
}

/// Cuts words into rows, at least one.
fn wrapped(words: &Clean, columns: usize) -> Vec<Clean> {
    let rows = text::wrap(words.as_str(), columns.max(1));
    let rows: Vec<Clean> = rows.into_iter().map(|row| Clean::new(&words.as_str()[row])).collect();
    if rows.is_empty() { vec![Clean::default()] } else { rows }
}
