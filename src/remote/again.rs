//! What was not sent of an answer to be continued, and may come again.

use super::wire;
use crate::chat::Generation;
use crate::config::Protocol;

/// The end of the answer so far that was not sent. Nothing else is taken for a repetition: an answer
/// may well say a thing twice.
#[derive(Debug, Default)]
pub(super) struct Again(String);

impl Again {
    /// Returns what a protocol is not sent of the answer that comes last, if one does.
    pub(super) fn behind(generation: &Generation, protocol: Protocol) -> Self {
        Self(wire::unsent(protocol, &generation.begun()).to_owned())
    }

    /// Returns what of a piece is new. What comes first and was there already is not.
    pub(super) fn taken_from(&mut self, mut piece: String) -> String {
        let pairs = self.0.char_indices().zip(piece.chars());
        let same: usize =
            pairs.take_while(|((_, had), came)| had == came).map(|(_, came)| came.len_utf8()).sum();
        if same < piece.len() {
            self.0.clear();
        } else {
            self.0.drain(..same);
        }
        piece.drain(..same);
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(unsent: &str, pieces: &[&str]) -> String {
        let mut again = Again(unsent.to_owned());
        let new = pieces.iter().map(|piece| again.taken_from((*piece).to_owned()));
        unsent.to_owned() + &new.collect::<String>()
    }

    #[test]
    fn what_was_not_sent_stands_once_and_nothing_else_is_dropped() {
        assert_eq!(spliced("", &[" very", " very"]), " very very");
        assert_eq!(spliced(" ", &[" very", " very"]), " very very");
        assert_eq!(spliced(" ", &["very", " very"]), " very very");
        assert_eq!(spliced("\n\n", &["\n", "\n", "\n- b"]), "\n\n\n- b");
        assert_eq!(spliced("\n\n", &["\n", "- b"]), "\n\n- b");
        assert_eq!(spliced("\u{2028}", &["\u{2028}é"]), "\u{2028}é");
    }
}
