//! Words as they are searched for: folded, and cut so that parts of them are found.
//!
//! Letters lose their case and their marks. Chinese, Japanese and Korean are written without
//! spaces, or with endings that nobody types: a run of them is indexed as every two characters that
//! follow each other and its last one alone, so that any part of it is a phrase of the index.

use std::collections::VecDeque;
use std::ops::Range;
use std::str::CharIndices;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

/// A stretch of text that is searched for as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Of a script with spaces.
    Plain(String),
    /// A run without spaces.
    Run(Vec<char>),
}

/// What one blank-separated part of a question asks for: words that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    words: Vec<Word>,
    /// Whether the last word is whole; otherwise it is how one begins.
    whole: bool,
}

/// Returns the words of a text and where they stand in it; what is not asked for is not folded.
pub(super) fn words(text: &str) -> Words<'_> {
    Words { text, rest: text.char_indices(), begun: None }
}

/// Words of a text from here on.
#[derive(Debug)]
pub(super) struct Words<'a> {
    text: &'a str,
    rest: CharIndices<'a>,
    /// Where a word has begun, and whether it is a run.
    begun: Option<(usize, bool)>,
}

impl Words<'_> {
    /// Ends what has begun, if anything has and anything is left of it.
    fn finish(&mut self, end: usize) -> Option<(Word, Range<usize>)> {
        let (start, run) = self.begun.take()?;
        let folded = fold(&self.text[start..end]);
        if folded.is_empty() {
            return None;
        }
        let word = if run { Word::Run(folded.chars().collect()) } else { Word::Plain(folded) };
        Some((word, start..end))
    }
}

impl Iterator for Words<'_> {
    type Item = (Word, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((at, c)) = self.rest.next() {
            let mark = !c.is_ascii() && canonical_combining_class(c) != 0;
            if mark && self.begun.is_some() {
                continue;
            }
            let kind = c.is_alphanumeric().then(|| is_unspaced(c));
            if self.begun.map(|(_, run)| run) != kind {
                let word = self.finish(at);
                self.begun = kind.map(|run| (at, run));
                if word.is_some() {
                    return word;
                }
            }
        }
        self.finish(self.text.len())
    }
}

/// Returns what the index is given for a text: tokens with spaces between them.
pub(super) fn indexed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut body = String::new();
    for text in texts {
        for (word, _) in words(text) {
            push_tokens(&mut body, &word, true);
        }
    }
    body
}

/// Reads a question: blank-separated terms, all of which are to be found; in quotes, whole words
/// that follow each other.
pub(super) fn terms(question: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    for (at, part) in question.split('"').enumerate() {
        let quoted = at % 2 == 1;
        let term = |text: &str| {
            let words: Vec<Word> = words(text).map(|(word, _)| word).collect();
            (!words.is_empty()).then_some(Term { words, whole: quoted })
        };
        if quoted {
            terms.extend(term(part));
        } else {
            terms.extend(part.split_whitespace().filter_map(term));
        }
    }
    terms
}

/// Returns the index's own question for all of `terms`.
pub(super) fn expression(terms: &[Term]) -> String {
    let phrases: Vec<String> = terms.iter().map(Term::phrase).collect();
    phrases.join(" AND ")
}

impl Term {
    fn phrase(&self) -> String {
        let mut tokens = String::new();
        for (at, word) in self.words.iter().enumerate() {
            push_tokens(&mut tokens, word, at + 1 < self.words.len());
        }
        let begins = match self.words.last() {
            Some(Word::Run(run)) => run.len() == 1,
            Some(Word::Plain(word)) => self.is_beginning(word),
            None => false,
        };
        format!("\"{}\"{}", tokens.trim_end(), if begins { " *" } else { "" })
    }

    /// Whether a word that is asked for may be how one begins: a single letter alone begins too many.
    fn is_beginning(&self, word: &str) -> bool {
        !self.whole && (self.words.len() > 1 || word.chars().nth(1).is_some())
    }

    /// Returns where the term stands first among the words of a text.
    pub(super) fn first_in(
        &self,
        text: impl Iterator<Item = (Word, Range<usize>)>,
    ) -> Option<Range<usize>> {
        let count = self.words.len();
        let mut window = VecDeque::with_capacity(count);
        for word in text {
            if window.len() == count {
                window.pop_front();
            }
            window.push_back(word);
            if window.len() == count
                && let Some(place) = self.place(&window)
            {
                return Some(place);
            }
        }
        None
    }

    /// Returns where the term stands, if it is these words.
    fn place(&self, window: &VecDeque<(Word, Range<usize>)>) -> Option<Range<usize>> {
        let mut met = Vec::with_capacity(window.len());
        for (at, (wanted, (word, place))) in self.words.iter().zip(window).enumerate() {
            met.push(self.meets(at, wanted, word, place)?);
        }
        Some(met.first()?.start..met.last()?.end)
    }

    /// Returns where the word at `at` is met within a word of a text.
    fn meets(
        &self,
        at: usize,
        wanted: &Word,
        word: &Word,
        place: &Range<usize>,
    ) -> Option<Range<usize>> {
        let (first, last) = (at == 0, at + 1 == self.words.len());
        match (wanted, word) {
            (Word::Plain(wanted), Word::Plain(word)) => {
                let begins = last && self.is_beginning(wanted) && word.starts_with(wanted.as_str());
                (begins || wanted == word).then(|| place.clone())
            }
            (Word::Run(wanted), Word::Run(run)) => {
                let starts =
                    run.windows(wanted.len()).enumerate().filter(|(_, part)| part == wanted);
                let mut starts = starts.map(|(start, _)| start);
                let start = starts.find(|start| {
                    (first || *start == 0) && (last || start + wanted.len() == run.len())
                })?;
                Some(within(place, run.len(), start..start + wanted.len()))
            }
            _ => None,
        }
    }
}

/// Returns the bytes of some characters of a run, if each of them has as many; else all of it.
fn within(place: &Range<usize>, chars: usize, part: Range<usize>) -> Range<usize> {
    let each = place.len() / chars;
    if each * chars != place.len() {
        return place.clone();
    }
    place.start + each * part.start..place.start + each * part.end
}

/// Adds the tokens of a word; those of a run up to its end, or only what any part of it has.
fn push_tokens(tokens: &mut String, word: &Word, to_its_end: bool) {
    match word {
        Word::Plain(word) => tokens.push_str(word),
        Word::Run(run) => {
            for pair in run.windows(2) {
                tokens.extend(pair);
                tokens.push(' ');
            }
            if to_its_end || run.len() == 1 {
                tokens.extend(run.last());
            }
        }
    }
    tokens.push(' ');
}

/// Folds case, marks, widths and ligatures.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // The marks that voice a kana (8) and those that bind letters (9) make another word.
    let kept = |c: &char| matches!(canonical_combining_class(*c), 0 | 8 | 9);
    let bare: String = text.nfkd().filter(kept).nfc().collect();
    let lower = bare.to_lowercase();
    // Lower case may bring marks back (İ), and compatibility forms bring blanks and strokes.
    lower.nfd().filter(kept).nfc().filter(|c| c.is_alphanumeric() || !kept_is_base(*c)).collect()
}

fn kept_is_base(c: char) -> bool {
    canonical_combining_class(c) == 0
}

fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}'       // Hangul jamo
        | '\u{3005}'..='\u{3007}'     // iteration mark, zero
        | '\u{3040}'..='\u{30ff}'     // kana
        | '\u{3130}'..='\u{318f}'     // Hangul compatibility jamo
        | '\u{31f0}'..='\u{31ff}'     // kana extensions
        | '\u{3400}'..='\u{4dbf}'     // Han
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'     // Hangul
        | '\u{f900}'..='\u{faff}'     // Han, compatibility
        | '\u{ff66}'..='\u{ffdc}'     // halfwidth kana and Hangul
        | '\u{1b000}'..='\u{1b16f}'   // kana supplements
        | '\u{20000}'..='\u{3ffff}'   // Han, extensions
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> String {
        indexed([text].into_iter())
    }

    #[test]
    fn case_marks_and_widths_do_not_count() {
        for text in ["Café", "CAFE\u{301}", "ｃａｆé", "cafe"] {
            assert_eq!(index(text), "cafe ", "{text}");
        }
        assert_eq!(index("İstanbul ﬁne Straße"), "istanbul fine straße ");
        assert_eq!(index("½ naïve—x_y"), "12 naive x y ");
    }

    #[test]
    fn a_run_is_every_pair_and_its_last_character() {
        assert_eq!(index("大模型"), "大模 模型 型 ");
        assert_eq!(index("用GPT吧"), "用 gpt 吧 ");
        assert_eq!(index("ｶﾞｽ"), index("ガス"), "half the width is the same word");
        assert_ne!(index("か"), index("が"), "another word");
    }

    #[test]
    fn a_question_becomes_phrases() {
        let ask = |question| expression(&terms(question));
        assert_eq!(ask("Foo-Bar baz"), "\"foo bar\" * AND \"baz\" *");
        assert_eq!(ask("\"foo bar\" 型"), "\"foo bar\" AND \"型\" *");
        assert_eq!(ask("大模型"), "\"大模 模型\"");
        assert_eq!(ask("a b2"), "\"a\" AND \"b2\" *", "a letter is a word");
        assert_eq!(ask("大模abc"), "\"大模 模 abc\" *");
        assert_eq!(ask("OR NOT* (\") -- "), "\"or\" * AND \"not\" *");
        assert!(terms(" !? \"\" ").is_empty());
    }

    #[test]
    fn a_term_is_found_where_it_stands() {
        let find = |question: &str, text: &'static str| {
            let place = terms(question).first().expect("a term").first_in(words(text));
            place.map(|place| &text[place])
        };
        assert_eq!(find("CAFE", "ein Café, bitte"), Some("Café"));
        assert_eq!(find("ca", "ein Café"), Some("Café"));
        assert_eq!(find("\"ca\"", "ein Café"), None);
        assert_eq!(find("foo-bar", "a foo, barn"), Some("foo, barn"));
        assert_eq!(find("模型", "这个大模型好"), Some("模型"));
        assert_eq!(find("型", "大模型"), Some("型"));
        assert_eq!(find("用g", "我用GPT"), Some("用GPT"));
    }
}
