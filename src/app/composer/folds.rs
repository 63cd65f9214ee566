//! Large pastes that stand as one line in the draft.

use std::ops::Range;

use crate::text;
use crate::words::say;

/// A paste of more lines than this is folded.
const LINES: usize = 12;
/// So is one of more bytes than this.
const BYTES: usize = 2000;
/// About so many bytes are a token.
const TOKEN_BYTES: usize = 4;

/// Pastes and the lines that stand for them. What was deleted stays: undo may bring its line back.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds {
    folded: Vec<(String, String)>,
}

impl Folds {
    /// Folds a paste if it is large; returns the line that stands for it.
    pub(super) fn fold(&mut self, paste: &str) -> Option<String> {
        let lines = paste.lines().count();
        if lines <= LINES && paste.len() <= BYTES {
            return None;
        }
        let (number, size) = (self.folded.len() + 1, text::bytes(paste.len() as u64));
        let tokens = paste.len().div_ceil(TOKEN_BYTES);
        let line =
            say!("folded-paste", number = number, lines = lines, size = size, tokens = tokens);
        let line = format!("[{line}]");
        self.folded.push((line.clone(), paste.to_owned()));
        Some(line)
    }

    /// Returns where the lines stand in a draft, and the pastes.
    pub(super) fn places(&self, draft: &str) -> Vec<(Range<usize>, &str)> {
        let found = self.folded.iter().filter_map(|(line, paste)| {
            let at = draft.find(line.as_str())?;
            Some((at..at + line.len(), paste.as_str()))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(range, _)| range.start);
        found
    }

    /// Returns a draft with every paste in its line's place.
    pub(super) fn whole(&self, draft: &str) -> String {
        let mut whole = draft.to_owned();
        for (range, paste) in self.places(draft).into_iter().rev() {
            whole.replace_range(range, paste);
        }
        whole
    }

    /// Moves a place that lies within a line to its end, or its beginning.
    pub(super) fn beside(&self, draft: &str, at: usize, forward: bool) -> usize {
        let inside = self.places(draft).into_iter().map(|(range, _)| range);
        let inside = inside.into_iter().find(|range| range.start < at && at < range.end);
        inside.map_or(at, |range| if forward { range.end } else { range.start })
    }
}
