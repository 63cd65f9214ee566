//! A growing text and its rows.

use std::ops::Range;

use crate::text;
use crate::ui::view::Stats;

/// Rows that more text may still change: the last one, and the one before it, whose last word may
/// turn out to be longer.
const OPEN_ROWS: usize = 2;

/// Rows of a text that only grows at its end, at one width. Blank rows before the first word and
/// behind the last are not shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrapped {
    rows: Vec<Range<usize>>,
    bytes: usize,
    filled: Option<(usize, usize)>,
}

impl Wrapped {
    /// Wraps what was added to `text` since the last call; the width must be the same.
    pub(super) fn extend(&mut self, text: &str, width: usize, stats: &mut Stats) {
        if text.len() == self.bytes && !self.rows.is_empty() {
            return;
        }
        let kept = self.rows.len().saturating_sub(OPEN_ROWS);
        let from = self.rows.get(kept).map_or(0, |row| row.start);
        self.rows.truncate(kept);
        let new = text::wrap(&text[from..], width);
        self.rows.extend(new.into_iter().map(|row| row.start + from..row.end + from));
        self.bytes = text.len();
        stats.wrapped_bytes += text.len() - from;
        for index in kept..self.rows.len() {
            if !text[self.rows[index].clone()].trim().is_empty() {
                let first = self.filled.map_or(index, |(first, _)| first.min(index));
                self.filled = Some((first, index));
            }
        }
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

    proptest! {
        /// However a text arrives, its rows are those of the whole.
        #[test]
        fn any_pieces_give_the_rows_of_the_whole(
            pieces in prop::collection::vec("[a-c \t\n漢字。「」👍🏽é\u{301}🇩🇪-]{0,9}", 0..30),
            width in 4_usize..24,
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
