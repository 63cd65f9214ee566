//! Ends a text where a stop string appears.

use std::mem;

/// What a [`StopScan`] lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// The text that can be shown now.
    pub text: String,
    /// Says that a stop string was found: the text ended before it.
    pub stopped: bool,
}

/// Looks for stop strings in a stream; any chunking gives what the whole gives.
///
/// The stop string that is complete first wins; of those that are complete at the same character,
/// the longest. Neither it nor what follows is part of the text. Held back is only what may still
/// become a stop string. Takes time linear in the text for each stop string.
#[derive(Clone, Debug, Default)]
pub struct StopScan {
    stops: Vec<Stop>,
    held: String,
    /// Bytes at the beginning of what is held that have passed already: they do not pass again.
    passed: usize,
    stopped: bool,
}

impl StopScan {
    /// Looks for these strings; empty ones are ignored, and without any all text passes.
    pub fn new(stops: Vec<String>) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).map(Stop::new).collect();
        Self { stops, held: String::new(), passed: 0, stopped: false }
    }

    /// Looks for these strings in what follows a text that has passed already: one that begins in
    /// `said` and ends behind it is one, too. What has passed cannot be taken back.
    pub fn behind(stops: Vec<String>, said: &str) -> Self {
        let mut scan = Self::new(stops);
        if scan.push(said).stopped {
            // Whoever said it looked for others: what comes is a new text.
            scan.finish();
            scan.stopped = false;
        }
        scan.passed = scan.held.len();
        scan
    }

    /// Takes the next chunk. After a stop string nothing passes any more.
    pub fn push(&mut self, text: &str) -> Scanned {
        if self.stopped {
            return Scanned { text: String::new(), stopped: true };
        }
        let seen = self.held.len();
        let mut open = mem::take(&mut self.held);
        open.push_str(text);
        for (index, byte) in open.bytes().enumerate().skip(seen) {
            let found = self.stops.iter_mut().filter_map(|stop| stop.step(byte)).max();
            if let Some(len) = found {
                self.stopped = true;
                open.truncate(index + 1 - len);
                return Scanned { text: self.new_of(open), stopped: true };
            }
        }
        // A stop string starts with a whole character, and so does what may become one.
        let may_become_stop = self.stops.iter().map(|stop| stop.matched).max().unwrap_or(0);
        self.held = open.split_off(open.len() - may_become_stop);
        Scanned { text: self.new_of(open), stopped: false }
    }

    /// Leaves out what has passed already.
    fn new_of(&mut self, mut text: String) -> String {
        let passed = self.passed.min(text.len());
        self.passed -= passed;
        text.split_off(passed)
    }

    /// Ends the text: gives what was held back, which is no stop string.
    pub fn finish(&mut self) -> String {
        for stop in &mut self.stops {
            stop.matched = 0;
        }
        let rest = mem::take(&mut self.held);
        self.new_of(rest)
    }
}

/// One stop string, searched for by Knuth, Morris and Pratt's algorithm.
#[derive(Clone, Debug)]
struct Stop {
    bytes: Vec<u8>,
    /// For each prefix (by its last byte): the length of its longest proper suffix that is a prefix.
    fallback: Vec<usize>,
    /// Bytes of the stop string that the text ends with.
    matched: usize,
}

impl Stop {
    fn new(stop: String) -> Self {
        let bytes = stop.into_bytes();
        let mut fallback = vec![0; bytes.len()];
        for index in 1..bytes.len() {
            fallback[index] = advance(&bytes, &fallback, fallback[index - 1], bytes[index]);
        }
        Self { bytes, fallback, matched: 0 }
    }

    /// Takes one byte; gives the stop string's length when it completes it.
    fn step(&mut self, byte: u8) -> Option<usize> {
        self.matched = advance(&self.bytes, &self.fallback, self.matched, byte);
        (self.matched == self.bytes.len()).then_some(self.matched)
    }
}

/// Gives how much of `bytes` is matched after `byte`, when `matched` was before.
fn advance(bytes: &[u8], fallback: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && bytes[matched] != byte {
        matched = fallback[matched - 1];
    }
    matched + usize::from(bytes[matched] == byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(stops: &[&str], chunks: &[&str]) -> (Vec<String>, bool) {
        let mut scan = StopScan::new(stops.iter().map(ToString::to_string).collect());
        let mut texts = Vec::new();
        let mut stopped = false;
        for chunk in chunks {
            let scanned = scan.push(chunk);
            texts.push(scanned.text);
            stopped = scanned.stopped;
        }
        texts.push(scan.finish());
        (texts, stopped)
    }

    /// The definition, slow and plain: the first end at which some stop string matches.
    fn expected(stops: &[String], text: &str) -> (String, bool) {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let longest = stops
                .iter()
                .filter(|stop| !stop.is_empty() && text[..end].ends_with(stop.as_str()))
                .map(String::len)
                .max();
            if let Some(len) = longest {
                return (text[..end - len].to_owned(), true);
            }
        }
        (text.to_owned(), false)
    }

    #[test]
    fn the_stop_string_ends_the_text() {
        assert_eq!(scan(&["END"], &["one E", "ND two", "three"]).0, ["one ", "", "", ""]);
        assert!(scan(&["END"], &["one END"]).1);
    }

    #[test]
    fn only_what_may_become_one_is_held() {
        assert_eq!(
            scan(&["\n\nUser:"], &["a\n", "b\n\nUs", "ing"]).0,
            ["a", "\nb", "\n\nUsing", ""]
        );
        assert_eq!(scan(&["aab"], &["aaa", "ab"]).0, ["a", "a", ""]);
        assert_eq!(scan(&["ab"], &["xa"]).0, ["x", "a"], "finish gives it back");
    }

    #[test]
    fn the_first_to_be_complete_wins_and_then_the_longest() {
        assert_eq!(scan(&["bcd", "c"], &["abcd"]).0.concat(), "ab");
        assert_eq!(scan(&["c", "bc"], &["abcd"]).0.concat(), "a");
    }

    #[test]
    fn without_stop_strings_all_passes() {
        assert_eq!(
            scan(&[], &["any", "thing"]),
            (vec!["any".into(), "thing".into(), String::new()], false)
        );
        assert_eq!(scan(&[""], &["any"]).0, ["any", ""]);
    }

    #[test]
    fn a_character_is_never_divided() {
        // The first byte of é begins the other as well.
        assert_eq!(scan(&["éx"], &["è", "é", "y"]).0, ["è", "", "éy", ""]);
    }

    #[test]
    fn one_that_began_before_is_met_and_what_was_said_is_not_said_again() {
        let behind = |said: &str, chunks: &[&str]| {
            let mut scan = StopScan::behind(vec!["END".into()], said);
            let texts: String = chunks.iter().map(|chunk| scan.push(chunk).text).collect();
            (texts + &scan.finish(), scan.stopped)
        };
        assert_eq!(behind("one E", &["ND two"]), (String::new(), true));
        assert_eq!(behind("one E", &["N", "D two"]), (String::new(), true));
        assert_eq!(behind("one E", &["NE two"]), ("NE two".into(), false));
        assert_eq!(behind("one E", &["N", "E", "ND"]), ("N".into(), true));
        assert_eq!(behind("one EN", &[]), (String::new(), false));
        assert_eq!(behind("one END", &["D two"]), ("D two".into(), false), "it has ended before");
    }

    proptest! {
        #[test]
        fn a_seam_anywhere_changes_nothing_behind_it(
            stops in proptest::collection::vec("[ab]{1,4}|[aéè]{1,3}", 0..4),
            said in "[abé]{0,6}",
            rest in "[abéè]{0,6}",
        ) {
            let whole = expected(&stops, &format!("{said}{rest}"));
            // Whoever said it would have stopped.
            prop_assume!(!expected(&stops, &said).1);
            let mut scan = StopScan::behind(stops, &said);
            let mut text = scan.push(&rest).text;
            text.push_str(&scan.finish());
            let behind = whole.0.get(said.len()..).unwrap_or_default();
            prop_assert_eq!((text.as_str(), scan.stopped), (behind, whole.1));
        }

        #[test]
        fn any_chunking_gives_the_whole(
            stops in proptest::collection::vec("[ab]{0,4}|[aéè]{0,3}", 0..4),
            chunks in proptest::collection::vec("[ab]{0,5}|[aéè]{0,4}", 0..8),
        ) {
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            let (texts, stopped) = scan(&stops, &chunks);
            let owned: Vec<String> = stops.iter().map(ToString::to_string).collect();
            prop_assert_eq!((texts.concat(), stopped), expected(&owned, &chunks.concat()));
        }
    }
}
