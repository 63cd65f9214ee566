//! Keeps contents from writing control tokens.

use std::collections::HashMap;

/// A noncharacter: no text has a use for it, and no template trims, splits or compares by it.
const BREAKER: char = '\u{fdd0}';

/// The texts of the vocabulary's special tokens.
///
/// A rendered prompt is tokenised with special tokens recognised, because the template writes
/// them. So that no message can, a breaker character goes into every content wherever a special
/// text stands in it (after the special's first character), and the rendered text is cut there: no
/// piece has a special text that the template itself did not write. Contents without special
/// texts, that is nearly all, are not cut anywhere: they reach the tokeniser in one piece with what
/// the template puts around them, as the model was trained.
///
/// Three limits. A special text of one character cannot be broken. A template could join what was
/// apart by taking characters out of the middle of a content, or complete what it began itself
/// right before a content; none of the known ones does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecialTexts {
    /// The texts of all tokens that only a tokeniser asked for special tokens recognises:
    /// llama.cpp's attributes control and unknown.
    pub specials: Vec<String>,
    /// The text of the token that begins a prompt; templates see it as `bos_token`.
    pub bos: Option<String>,
    /// The text of the token that ends an answer; templates see it as `eos_token`.
    pub eos: Option<String>,
}

/// The special texts by their first characters.
#[derive(Debug)]
pub(super) struct Breaker {
    by_first: HashMap<char, Vec<String>>,
    /// The same characters, for a look at every one of a long text.
    firsts: Firsts,
}

/// A set of characters, nearly always a few ASCII ones.
#[derive(Debug)]
struct Firsts {
    ascii: [bool; 128],
    others: Vec<char>,
}

impl Firsts {
    fn new(firsts: impl Iterator<Item = char>) -> Self {
        let mut set = Self { ascii: [false; 128], others: Vec::new() };
        for first in firsts {
            match set.ascii.get_mut(first as usize) {
                Some(place) => *place = true,
                None => set.others.push(first),
            }
        }
        set
    }

    fn contains(&self, c: char) -> bool {
        self.ascii.get(c as usize).copied().unwrap_or_else(|| self.others.contains(&c))
    }
}

impl Breaker {
    pub(super) fn new(texts: &SpecialTexts) -> Self {
        let mut by_first: HashMap<char, Vec<String>> = HashMap::new();
        let all = texts.specials.iter().chain(&texts.bos).chain(&texts.eos);
        for special in all {
            let mut chars = special.chars();
            if let (Some(first), Some(_)) = (chars.next(), chars.next()) {
                by_first.entry(first).or_default().push(special.clone());
            }
        }
        let firsts = Firsts::new(by_first.keys().copied().chain([BREAKER]));
        Self { by_first, firsts }
    }

    /// Breaks every special text in `content`, overlapping ones too, and a beginning of one at the
    /// content's end, which what follows it could complete. White space at the end does not count:
    /// templates trim it.
    pub(super) fn guard(&self, content: &str) -> String {
        let trimmed = content.trim_end();
        let mut guarded = String::with_capacity(content.len());
        let mut copied = 0;
        for (at, c) in content.char_indices().filter(|(_, c)| self.firsts.contains(*c)) {
            let behind = at + c.len_utf8();
            if c == BREAKER {
                guarded.push_str(&content[copied..at]);
                guarded.push(char::REPLACEMENT_CHARACTER);
                copied = behind;
            }
            let (rest, last) = (&content[at..], trimmed.get(at..).unwrap_or_default());
            let begins = |special: &String| {
                rest.starts_with(special.as_str())
                    || (!last.is_empty() && special.starts_with(last))
            };
            if self.by_first.get(&c).is_some_and(|specials| specials.iter().any(begins)) {
                guarded.push_str(&content[copied..behind]);
                guarded.push(BREAKER);
                copied = behind;
            }
        }
        guarded.push_str(&content[copied..]);
        guarded
    }
}

/// Cuts a rendered text at the breakers.
pub(super) fn pieces(text: &str) -> Vec<String> {
    text.split(BREAKER).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

/// Returns a content as it arrives: what stands for the breaker in it is replaced.
pub(super) fn without(content: &str) -> String {
    content.replace(BREAKER, "\u{fffd}")
}
