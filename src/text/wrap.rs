//! Breaks a text into rows.

use std::ops::Range;

use super::measure::graphemes;
use super::measure::width_at;

/// Breaks a text into rows of at most `width` cells, as byte ranges.
///
/// - `\n` ends a row and belongs to none; a trailing one opens a last, empty row, and an empty text
///   has one empty row. All other bytes are in exactly one row, in order.
/// - Rows break after spaces and tabs, which stay at the row's end and may hang beyond `width`; next
///   to an East Asian wide character, except before closing and after opening punctuation; and
///   within a word only where the word alone exceeds a row, between grapheme clusters.
/// - A tab goes to the next multiple of [`TAB_WIDTH`](super::TAB_WIDTH), counted from its row's start.
/// - A character wider than `width` has a row to itself, which then exceeds it; a cluster wider than
///   `width` is broken between its characters.
///
/// Takes time linear in the text.
pub fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut rows = Rows { done: Vec::new(), limit: width, start: 0, column: 0, chance: None };
    let mut at = 0;
    for line in text.split('\n') {
        rows.line(line, at);
        at += line.len() + 1;
    }
    rows.done
}

/// A place where the open row may end.
#[derive(Clone, Copy)]
struct Chance {
    /// Where the next row would start, in bytes.
    at: usize,
    /// The column there.
    column: usize,
}

struct Rows {
    done: Vec<Range<usize>>,
    limit: usize,
    /// Where the open row starts, in bytes.
    start: usize,
    /// Cells in the open row.
    column: usize,
    /// The latest chance to end it, if there is one.
    chance: Option<Chance>,
}

impl Rows {
    /// Breaks one line, which starts at byte `at` of the text.
    fn line(&mut self, line: &str, mut at: usize) {
        self.begin(at);
        let mut before = "";
        for grapheme in graphemes(line) {
            let cells = width_at(grapheme, self.column);
            if may_break(before, grapheme) && self.start < at {
                self.chance = Some(Chance { at, column: self.column });
            }
            if is_space(grapheme) {
                self.column += cells;
            } else if cells <= self.limit {
                self.put(at, cells);
            } else {
                self.put_in_pieces(grapheme, at);
            }
            before = grapheme;
            at += grapheme.len();
        }
        self.done.push(self.start..at);
    }

    fn begin(&mut self, at: usize) {
        self.start = at;
        self.column = 0;
        self.chance = None;
    }

    /// Adds what must not be divided, ending the row before it where it does not fit.
    fn put(&mut self, at: usize, cells: usize) {
        while self.column + cells > self.limit && self.start < at {
            let next = self.chance.take().unwrap_or(Chance { at, column: self.column });
            self.done.push(self.start..next.at);
            self.start = next.at;
            self.column -= next.column;
        }
        self.column += cells;
    }

    /// Adds a cluster that no row holds: each piece is a character and what has no width after it.
    fn put_in_pieces(&mut self, grapheme: &str, mut at: usize) {
        for c in grapheme.chars() {
            let cells = width_at(c.encode_utf8(&mut [0; 4]), self.column);
            if cells > 0 {
                self.put(at, cells);
            }
            at += c.len_utf8();
        }
    }
}

fn is_space(grapheme: &str) -> bool {
    matches!(grapheme, " " | "\t")
}

/// Says whether a row may end between two clusters of one line.
fn may_break(before: &str, after: &str) -> bool {
    if is_space(after) {
        return false;
    }
    is_space(before)
        || (is_wide(before) || is_wide(after))
            && !before.ends_with(is_opening)
            && !after.starts_with(is_closing)
}

/// Says whether a cluster is an East Asian wide character or an emoji.
fn is_wide(grapheme: &str) -> bool {
    grapheme.len() > 2 && width_at(grapheme, 0) == 2
}

fn is_opening(c: char) -> bool {
    "([{（［｛「『【〔〈《“‘".contains(c)
}

fn is_closing(c: char) -> bool {
    ")]}）］｝」』】〕〉》”’、。，．・：；！？…ー々,.:;!?".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::width;

    fn rows(text: &str, width: usize) -> Vec<&str> {
        wrap(text, width).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn breaks_after_spaces() {
        assert_eq!(rows("the quick brown fox", 10), ["the quick ", "brown fox"]);
        assert_eq!(rows("exactly ten", 7), ["exactly ", "ten"]);
        assert_eq!(rows("a    b", 2), ["a    ", "b"]);
        assert_eq!(rows("  indented", 20), ["  indented"]);
    }

    #[test]
    fn newlines_are_hard_and_in_no_row() {
        assert_eq!(rows("", 10), [""]);
        assert_eq!(rows("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(rows("a\n", 10), ["a", ""]);
    }

    #[test]
    fn a_long_word_is_cut_between_graphemes() {
        assert_eq!(rows("ab abcdefgh", 4), ["ab ", "abcd", "efgh"]);
        assert_eq!(rows("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(rows("👍🏽👍🏽👍🏽", 5), ["👍🏽👍🏽", "👍🏽"]);
    }

    #[test]
    fn wide_characters_break_anywhere_but_at_their_punctuation() {
        assert_eq!(rows("漢字漢字漢", 4), ["漢字", "漢字", "漢"]);
        assert_eq!(rows("word漢字", 7), ["word漢", "字"]);
        assert_eq!(rows("漢字word", 7), ["漢字", "word"]);
        assert_eq!(rows("漢字。", 4), ["漢", "字。"]);
        assert_eq!(rows("漢「字」", 5), ["漢", "「字", "」"], "too narrow for the pair");
        assert_eq!(rows("漢「字」", 6), ["漢", "「字」"]);
    }

    #[test]
    fn tabs_go_to_the_stops_of_their_row() {
        assert_eq!(rows("a\tb", 5), ["a\tb"]);
        assert_eq!(rows("a\tb", 4), ["a\t", "b"]);
        assert_eq!(rows("ab cd\te", 8), ["ab cd\t", "e"]);
    }

    #[test]
    fn no_width_is_too_small() {
        assert_eq!(rows("ab c", 0), ["a", "b ", "c"]);
        assert_eq!(rows("漢a字", 1), ["漢", "a", "字"]);
    }

    #[test]
    fn a_cluster_wider_than_the_row_is_divided() {
        let chain = "क्".repeat(10) + "क";
        assert_eq!(width(&chain), 11);
        let lines = rows(&chain, 4);
        assert!(lines.iter().all(|row| width(row) <= 4), "{lines:?}");
        assert_eq!(lines.concat(), chain);
    }

    proptest! {
        #[test]
        fn rows_fit_and_lose_nothing(
            text in r"[a-d \t\n漢字「」。👍🏽🇩🇪\u{301}\u{200d}ｶﾞ한क्\u{1100}\u{1161}]{0,60}|(?s).{0,40}",
            limit in 0_usize..12,
        ) {
            let rows = wrap(&text, limit);
            let mut end = None;
            for row in &rows {
                match end {
                    None => prop_assert_eq!(row.start, 0),
                    Some(end) if row.start == end => {}
                    Some(end) => prop_assert_eq!(&text[end..row.start], "\n"),
                }
                end = Some(row.end);
                let shown = text[row.clone()].trim_end_matches([' ', '\t']);
                let single = shown.chars().filter(|c| width(c.encode_utf8(&mut [0; 4])) > 0).count() <= 1;
                prop_assert!(width(shown) <= limit || single, "{shown:?} in {limit}");
            }
            prop_assert_eq!(end, Some(text.len()));
        }

        /// No word that fits a row of its own is cut.
        #[test]
        fn words_stay_whole(text in "[a-c]{1,6}( {1,3}[a-c]{1,6}){0,8}", limit in 6_usize..20) {
            for row in wrap(&text, limit) {
                let cut = row.end < text.len() && !text[..row.end].ends_with(' ');
                prop_assert!(!cut, "{:?}", &text[row]);
            }
        }
    }
}
