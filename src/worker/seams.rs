//! Where a rendered prompt can be cut without changing its tokens: behind the tokens that end
//! messages. What lies between two cuts mostly stays as it is while a conversation grows.
//!
//! llama.cpp takes the special tokens out of a text before anything else, the longest first, and
//! tokenises what is left between them by itself (`llama_vocab::impl::tokenize`). So a text may be
//! cut behind a special token that is always found where it stands, and strips nothing off what
//! follows it.

/// A token that is recognised before the text around it is tokenised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    /// Its text.
    pub(super) text: &'a [u8],
    /// Whether it ends a message, and leaves the white space behind it alone.
    pub(super) ends: bool,
}

/// The texts to cut behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Seams(Vec<String>);

impl Seams {
    /// Takes those of a vocabulary's marks that end messages and that no other mark can lie across
    /// or around.
    pub(super) fn new(marks: &[Mark<'_>]) -> Self {
        let alone = |end: &Mark<'_>| !marks.iter().any(|mark| lies_across(mark.text, end.text));
        let ends = marks.iter().filter(|mark| mark.ends && !mark.text.is_empty() && alone(mark));
        Self(ends.filter_map(|end| String::from_utf8(end.text.to_vec()).ok()).collect())
    }

    /// Cuts a text; the pieces are none of them empty, and put together they are the text.
    pub(super) fn cut<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let behind = |end| text.match_indices::<&str>(end).map(|(at, end)| at + end.len());
        let mut cuts: Vec<usize> = self.0.iter().map(String::as_str).flat_map(behind).collect();
        cuts.push(text.len());
        cuts.sort_unstable();
        cuts.dedup();
        let from = std::iter::once(0).chain(cuts.clone());
        from.zip(cuts).map(|(from, to)| &text[from..to]).filter(|piece| !piece.is_empty()).collect()
    }
}

/// Returns whether `mark` can stand in a text so that it has a part of `end` and something beside.
fn lies_across(mark: &[u8], end: &[u8]) -> bool {
    let around = mark.len() > end.len() && mark.windows(end.len()).any(|part| part == end);
    let shorter = mark.len().min(end.len());
    let across =
        |len: usize| mark.starts_with(&end[end.len() - len..]) || mark.ends_with(&end[..len]);
    around || (1..shorter).any(across)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seams(marks: &[(&str, bool)]) -> Seams {
        let marks = marks.iter().map(|(text, ends)| Mark { text: text.as_bytes(), ends: *ends });
        Seams::new(&marks.collect::<Vec<_>>())
    }

    #[test]
    fn a_text_is_cut_behind_what_ends_a_message() {
        let seams = seams(&[("<|im_start|>", false), ("<|im_end|>", true), ("</s>", true)]);
        let text = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n";
        let pieces = ["<|im_start|>user\nWhy?<|im_end|>", "\n<|im_start|>assistant\n"];
        assert_eq!(seams.cut(text), pieces);
        assert_eq!(seams.cut("</s></s>a"), ["</s>", "</s>", "a"]);
        assert_eq!(seams.cut("a</s>"), ["a</s>"]);
        assert!(seams.cut("").is_empty());
        assert_eq!(Seams::default().cut("a</s>b"), ["a</s>b"]);
    }

    #[test]
    fn what_may_not_be_found_where_it_stands_is_no_seam() {
        let uncut = |marks: &[(&str, bool)], text: &str| assert_eq!(seams(marks).cut(text), [text]);
        uncut(&[("<e>", false)], "a<e>b");
        uncut(&[("<e>", true), ("<e>\n", false)], "a<e>b");
        uncut(&[("<e>", true), (">\n", false)], "a<e>b");
        uncut(&[("<e>", true), ("  <", false)], "a<e>b");
        uncut(&[("<e>", true), ("<<e>>", true)], "a<e>b");
        uncut(&[("-e-", true)], "a-e-b");
        uncut(&[("", true)], "ab");
        // What lies within it is looked for later.
        assert_eq!(seams(&[("<e>", true), ("e", false), ("<", false)]).cut("<e>b"), ["<e>", "b"]);
    }

    /// Takes the marks out of a text as llama.cpp does: each token, the longest first, out of every
    /// stretch of text that is left.
    fn partition<'a>(text: &'a str, marks: &[String]) -> Vec<&'a str> {
        let mut by_length: Vec<&String> = marks.iter().collect();
        by_length.sort_by_key(|mark| std::cmp::Reverse(mark.len()));
        let mut parts = vec![(text, false)];
        for mark in by_length {
            let split = |(text, taken): (&'a str, bool)| {
                let mut parts = Vec::new();
                let mut rest = text;
                while let Some(at) = rest.find(mark.as_str()).filter(|_| !taken) {
                    parts.push((&rest[..at], false));
                    parts.push((&rest[at..at + mark.len()], true));
                    rest = &rest[at + mark.len()..];
                }
                parts.push((rest, taken));
                parts
            };
            parts = parts.into_iter().flat_map(split).collect();
        }
        parts.into_iter().map(|(text, _)| text).filter(|text| !text.is_empty()).collect()
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing_of_what_is_taken_out(
            marks in proptest::collection::vec(("[ab<]{1,4}", any::<bool>()), 1..5),
            text in "[ab<]{0,24}",
        ) {
            let named: Vec<(&str, bool)> =
                marks.iter().map(|(text, ends)| (text.as_str(), *ends)).collect();
            let texts: Vec<String> = marks.iter().map(|(text, _)| text.clone()).collect();
            let pieces = seams(&named).cut(&text);
            prop_assert_eq!(pieces.concat(), text.as_str());
            let apart: Vec<&str> =
                pieces.into_iter().flat_map(|piece| partition(piece, &texts)).collect();
            prop_assert_eq!(apart, partition(&text, &texts));
        }
    }
}
