//! Bytes to text, when characters arrive in parts.

use std::mem;
use std::str;

/// An incremental UTF-8 decoder; any chunking gives what [`String::from_utf8_lossy`] gives for the
/// whole.
#[derive(Clone, Debug, Default)]
pub struct Utf8 {
    /// The beginning of a character, at most 3 bytes.
    held: Vec<u8>,
}

impl Utf8 {
    /// Starts at the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and gives every character that is complete, with U+FFFD for what can
    /// be none.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let joined;
        let bytes = if self.held.is_empty() {
            bytes
        } else {
            joined = [&mem::take(&mut self.held), bytes].concat();
            &joined
        };
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let may_go_on = |error: str::Utf8Error| error.error_len().is_none();
            if chunks.peek().is_none() && str::from_utf8(chunk.invalid()).is_err_and(may_go_on) {
                self.held = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// Ends the text: gives U+FFFD for a character that stayed incomplete.
    pub fn finish(&mut self) -> String {
        let incomplete = !mem::take(&mut self.held).is_empty();
        if incomplete { String::from(char::REPLACEMENT_CHARACTER) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_leaves_when_it_is_whole() {
        let mut utf8 = Utf8::new();
        let given: Vec<String> = "a👍b".as_bytes().iter().map(|byte| utf8.push(&[*byte])).collect();
        assert_eq!(given, ["a", "", "", "", "👍", "b"]);
        assert_eq!(utf8.finish(), "");
    }

    #[test]
    fn what_cannot_become_one_is_replaced_at_once() {
        let mut utf8 = Utf8::new();
        assert_eq!(utf8.push(b"\xff"), "\u{fffd}");
        assert_eq!(utf8.push(b"\xe6\xbc"), "");
        assert_eq!(utf8.push(b"a\xe6"), "\u{fffd}a");
        assert_eq!(utf8.finish(), "\u{fffd}");
        assert_eq!(utf8.finish(), "", "a new text begins");
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_lossy_whole(
            parts in proptest::collection::vec(
                prop_oneof![
                    any::<Vec<u8>>(),
                    "[aé漢👍]{0,3}".prop_map(String::into_bytes),
                    proptest::sample::select(vec![
                        b"\xe6".to_vec(), b"\xe6\xbc".to_vec(), b"\xf0\x9f\x91".to_vec(),
                        b"\x8d".to_vec(), b"\xc0\x80".to_vec(), b"\xed\xa0\x80".to_vec(),
                        b"\xf4\x90".to_vec(),
                    ]),
                ],
                0..12,
            ),
            size in 1_usize..5,
        ) {
            let bytes = parts.concat();
            let mut utf8 = Utf8::new();
            let mut text = String::new();
            for chunk in bytes.chunks(size) {
                text += &utf8.push(chunk);
                prop_assert!(utf8.held.len() <= 3);
            }
            text += &utf8.finish();
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }
}
