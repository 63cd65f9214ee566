//! A growing text and its rows.

use std::ops::Range;

use crate::text;
use crate::ui::view::Stats;

/// Rows that more text may still change: the last one, and the one before it, whose last word may
/// turn out to be longer.
const OPEN_ROWS: usize = 2;

/// The longest row, in bytes, that more text may still change. Blanks hang at a row's end however
/// many there are, and a model that writes nothing else must not make every frame dearer.
const OPEN_BYTES: usize = 4096;

/// Rows of a text that only grows at its end, at one width. Blank rows before the first word and
/// behind the last are not shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrapped {
    rows: Vec<Range<usize>>,
    bytes: usize,
    closed: usize,
    closed_filled: Filled,
    filled: Filled,
}

/// The first and the last row that are not blank.
type Filled = Option<(usize, usize)>;

impl Wrapped {
    /// Wraps what was added to `text` since the last call; the width must be the same.
    pub(super) fn extend(&mut self, text: &str, width: usize, stats: &mut Stats) {
        if text.len() == self.bytes && !self.rows.is_empty() {
            return;
        }
        let from = self.close(text);
        self.rows.truncate(self.closed);
        let new = text::wrap(&text[from..], width);
        self.rows.extend(new.into_iter().map(|row| row.start + from..row.end + from));
        self.bytes = text.len();
        stats.wrapped_bytes += text.len() - from;
        self.filled = self.fill(self.closed_filled, self.closed..self.rows.len(), text);
    }

    /// Closes the rows that no text can change any more; returns the byte that the others start at.
    fn close(&mut self, text: &str) -> usize {
        let endless = self.rows.last().is_some_and(|row| row.len() > OPEN_BYTES);
        let open = if endless { 0 } else { OPEN_ROWS };
        let closed = self.rows.len().saturating_sub(open).max(self.closed);
        self.closed_filled = self.fill(self.closed_filled, self.closed..closed, text);
        self.closed = closed;
        let end = self.rows.last().map_or(0, |row| row.end);
        self.rows.get(closed).map_or(end, |row| row.start)
    }

    fn fill(&self, filled: Filled, rows: Range<usize>, text: &str) -> Filled {
        let written = rows.filter(|row| !text[self.rows[*row].clone()].trim().is_empty());
        written.fold(filled, |filled, row| Some((filled.map_or(row, |(first, _)| first), row)))
    }

    /// Returns the rows to show.
    pub(super) fn rows(&self) -> &[Range<usize>] {
        self.filled.map_or(&[], |(first, last)| &self.rows[first..=last])
    }

    /// Returns the index of the shown row that holds a byte.
    pub(super) fn row_of(&self, byte: usize) -> usize {
        self.rows().partition_point(|row| row.start <= byte).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str, width: usize) -> Wrapped {
        let mut wrapped = Wrapped::default();
        wrapped.extend(text, width, &mut Stats::default());
        wrapped
    }

    #[test]
    fn blank_rows_around_the_text_are_not_shown() {
        assert_eq!(whole("\n\n  \na\n\nb\n\n", 10).rows().len(), 3);
        assert!(whole(" \n\n", 10).rows().is_empty());
        assert!(whole("", 10).rows().is_empty());
    }

    #[test]
    fn a_token_at_the_end_costs_two_rows() {
        let mut text = "word ".repeat(20_000);
        let mut stats = Stats::default();
        let mut wrapped = whole(&text, 80);
        text.push_str("more");
        wrapped.extend(&text, 80, &mut stats);
        assert!(stats.wrapped_bytes <= 2 * 80 + 4, "{}", stats.wrapped_bytes);
        wrapped.extend(&text, 80, &mut stats);
        assert!(stats.wrapped_bytes <= 2 * 80 + 4, "nothing new, nothing wrapped");
    }

    #[test]
    fn nothing_but_blanks_costs_no_more_and_more() {
        let (mut text, mut stats) = (String::new(), Stats::default());
        let mut wrapped = Wrapped::default();
        for _ in 0..400 {
            text.push_str(&"\t ".repeat(50));
            wrapped.extend(&text, 80, &mut stats);
        }
        assert!(stats.wrapped_bytes <= 400 * (OPEN_BYTES + 200), "{}", stats.wrapped_bytes);
        text.push_str("word");
        wrapped.extend(&text, 80, &mut stats);
        assert_eq!(wrapped.rows().len(), 1);
    }

    proptest! {
        /// However a text arrives, its rows are those of the whole: at any width that the screen
        /// has, which is wider than any cluster that is cut in the middle.
        #[test]
        fn any_pieces_give_the_rows_of_the_whole(
            pieces in prop::collection::vec("[a-c \t\n漢字。「」👍🏽é\u{301}🇩🇪-]{0,12}", 0..40),
            width in 17_usize..30,
        ) {
            let (mut text, mut stats) = (String::new(), Stats::default());
            let mut grown = Wrapped::default();
            for piece in pieces {
                text.push_str(&piece);
                grown.extend(&text, width, &mut stats);
            }
            let whole = whole(&text, width);
            prop_assert_eq!(grown.rows(), whole.rows());
        }
    }
}
