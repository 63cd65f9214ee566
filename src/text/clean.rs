//! The type that everything which shows text asks for.

use std::fmt;
use std::ops::Range;

use super::cleaner::Cleaner;
use super::measure::graphemes;

/// Text that cannot drive a terminal: no control character but `\n` and `\t`, no escape sequence,
/// nothing invisible that reorders, hides or smuggles text.
///
/// The rules are those of [`Cleaner`]. Cleaning clean text again changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clean(String);

impl Clean {
    /// Cleans a whole text.
    pub fn new(raw: &str) -> Self {
        let mut cleaner = Cleaner::new();
        let mut text = cleaner.push(raw);
        text.push(&cleaner.finish());
        text
    }

    /// Takes a literal of our own, which is clean as it stands.
    pub fn from_static(literal: &'static str) -> Self {
        debug_assert_eq!(Self::new(literal).as_str(), literal, "the literal is not clean");
        Self(literal.to_owned())
    }

    /// Cleans a text for one line (a title, a file name, a status): each newline and tab becomes a
    /// space, and what exceeds `max_graphemes` is cut, the last one then being `…`.
    pub fn one_line(raw: &str, max_graphemes: usize) -> Self {
        let line = Self::new(raw).0.replace(['\n', '\t'], " ");
        if graphemes(&line).nth(max_graphemes).is_none() {
            return Self(line);
        }
        let Some(kept) = max_graphemes.checked_sub(1) else {
            return Self::default();
        };
        Self(graphemes(&line).take(kept).chain(["…"]).collect())
    }

    /// Wraps what the cleaner let through.
    pub(super) fn trusted(text: String) -> Self {
        Self(text)
    }

    /// Gives the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends more clean text.
    pub fn push(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// Cuts the text down to its first `len` bytes, a boundary of characters.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Copies a piece, which is as clean as the whole; both ends must be boundaries of characters.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self(self.0[range].to_owned())
    }

    /// Gives the text away.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Clean {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_no_break_and_no_more_graphemes_than_asked() {
        let line = |raw, max| Clean::one_line(raw, max).into_string();
        assert_eq!(line("a\nb\tc\r\nd", 80), "a b c d");
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
        assert_eq!(line("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(line("ab", 1), "…");
        assert_eq!(line("ab", 0), "");
        assert_eq!(line("", 0), "");
        assert_eq!(line("a\x1b[2Jb\u{202e}", 80), "ab<U+202E>");
    }

    #[test]
    fn pieces_add_up() {
        let mut text = Clean::from_static("a");
        assert!(!text.is_empty() && Clean::default().is_empty());
        text.push(&Clean::new("\x1b[1mé\x1b[0m"));
        assert_eq!((text.to_string().as_str(), text.len()), ("aé", 3));
    }

    #[test]
    #[should_panic(expected = "not clean")]
    fn an_unclean_literal_is_caught() {
        drop(Clean::from_static("\x1b[1m"));
    }
}
