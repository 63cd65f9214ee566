//! How many terminal cells a text takes.

use std::iter;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Distance of tab stops, in cells. A terminal's own stops are never relied on: whoever draws
/// expands tabs to these.
pub const TAB_WIDTH: usize = 4;

/// Splits a text into what a reader takes for characters (extended grapheme clusters).
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        let len = match rest.as_bytes() {
            // For speed alone: nothing extends a character before one of these.
            [b' '..=b'~', b' '..=b'~' | b'\n' | b'\t', ..] => 1,
            _ => rest.graphemes(true).next()?.len(),
        };
        let (grapheme, after) = rest.split_at(len);
        rest = after;
        Some(grapheme)
    })
}

/// Gives the width of a text that starts at a tab stop, in terminal cells.
///
/// It is measured by grapheme cluster as ratatui measures it, so that what is counted is what is
/// drawn: East Asian wide characters and emoji take 2, marks that do not space and control
/// characters 0. A tab goes to the next multiple of [`TAB_WIDTH`].
pub fn width(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len();
    }
    graphemes(text).fold(0, |column, grapheme| column + width_at(grapheme, column))
}

/// Gives the width of one grapheme cluster at a column.
pub(super) fn width_at(grapheme: &str, column: usize) -> usize {
    match grapheme.as_bytes() {
        [b'\t'] => TAB_WIDTH - column % TAB_WIDTH,
        [b' '..=b'~'] => 1,
        _ if grapheme.contains(char::is_control) => 0,
        _ => grapheme.width() + grapheme.matches(is_halfwidth_sound_mark).count(),
    }
}

/// Halfwidth katakana's voicing marks, to which ratatui gives a cell beyond what the tables say.
fn is_halfwidth_sound_mark(c: char) -> bool {
    matches!(c, '\u{ff9e}' | '\u{ff9f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;
    use crate::text::Clean;

    #[test]
    fn samples() {
        let samples = [
            ("", 0),
            ("plain", 5),
            ("naïve", 5),
            ("e\u{301}", 1),
            ("漢字", 4),
            ("ｶﾞ", 3),
            ("한국어", 6),
            ("👍", 2),
            ("👍🏽", 2),
            ("❤\u{fe0f}", 2),
            ("👨\u{200d}👩\u{200d}👧", 2),
            ("🇩🇪", 2),
            ("क्षि", 3),
            ("\t", 4),
            ("ab\tc", 5),
            ("abcd\t", 8),
            ("漢\t", 4),
            ("a\nb", 2),
        ];
        for (text, cells) in samples {
            assert_eq!(width(text), cells, "{text:?}");
        }
    }

    #[test]
    fn graphemes_are_what_a_reader_counts() {
        assert_eq!(graphemes("ae\u{301}👍🏽🇩🇪").collect::<Vec<_>>(), ["a", "e\u{301}", "👍🏽", "🇩🇪"]);
    }

    proptest! {
        #[test]
        fn graphemes_are_those_of_the_standard(text in r"[a \t\r\né\u{301}\u{200d}👩🇩🇪क्\u{600}]{0,16}|(?s).{0,16}") {
            let standard: Vec<_> = text.graphemes(true).collect();
            prop_assert_eq!(graphemes(&text).collect::<Vec<_>>(), standard);
        }

        /// The oracle is the terminal library: it draws exactly as many cells as are counted.
        #[test]
        fn as_wide_as_it_is_drawn(raw in r"[ -~é\u{301}漢字ｶﾞ👍🏽❤\u{fe0f}\u{200d}🇩🇪한क्षि]{0,20}|\PC{0,20}") {
            let text = Clean::new(&raw).into_string();
            let mut buffer = Buffer::empty(Rect::new(0, 0, 2000, 1));
            let (column, _) = buffer.set_stringn(0, 0, &text, 2000, Style::default());
            prop_assert_eq!(width(&text), usize::from(column));
        }
    }
}
