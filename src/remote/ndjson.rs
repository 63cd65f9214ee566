//! Newline-delimited JSON: one value a line, blank lines skipped.

use super::lines::DecodeError;
use super::lines::Lines;

/// Reads a stream of lines that are not blank.
#[derive(Debug, Default)]
pub(super) struct Ndjson(Lines);

impl Ndjson {
    /// Takes a piece of the stream in and adds the lines that it completes.
    ///
    /// # Errors
    /// A limit is passed or the bytes are no text; nothing more can be read. `lines` has what came
    /// before.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        lines: &mut Vec<String>,
    ) -> Result<(), DecodeError> {
        self.0.push(piece, |line| {
            keep(lines, line);
            Ok(())
        })
    }

    /// Ends the stream: the last line needs no break behind it.
    ///
    /// # Errors
    /// As for [`Ndjson::push`].
    pub(super) fn end(&mut self, lines: &mut Vec<String>) -> Result<(), DecodeError> {
        self.0.end(|line| {
            keep(lines, line);
            Ok(())
        })
    }
}

fn keep(lines: &mut Vec<String>, line: &str) {
    if !line.trim().is_empty() {
        lines.push(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &[u8]) -> Result<Vec<String>, DecodeError> {
        let mut ndjson = Ndjson::default();
        let mut lines = Vec::new();
        ndjson.push(text, &mut lines)?;
        ndjson.end(&mut lines)?;
        Ok(lines)
    }

    #[test]
    fn lines_are_read_and_blank_ones_skipped() {
        let read = |text: &str| whole(text.as_bytes()).expect("within limits");
        assert_eq!(read("\u{feff}{\"a\":1}\r\n\n \n{\"b\":2}"), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(read(""), Vec::<String>::new());
        assert_eq!(whole(b"{\"a\":\"\xc3\"}\n"), Err(DecodeError::Utf8));
        assert_eq!(whole(&vec![b'x'; super::super::lines::LINE_MAX + 1]), Err(DecodeError::Line));
    }

    proptest! {
        #[test]
        fn any_chunking_reads_as_the_whole(
            pieces in proptest::collection::vec(
                prop_oneof![Just("{\"a\":\"é\"}"), Just("\n"), Just("\r"), Just("\r\n"), Just(" ")],
                0..40,
            ),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let text = pieces.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let mut ndjson = Ndjson::default();
            let mut lines = Vec::new();
            for pair in at.windows(2) {
                ndjson.push(&text[pair[0]..pair[1]], &mut lines).expect("within limits");
            }
            ndjson.end(&mut lines).expect("within limits");
            prop_assert_eq!(lines, whole(&text).expect("within limits"));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            drop(whole(&bytes));
        }
    }
}
