//! Files in a question: their bytes as text, and their place in front of the question.

use std::fmt::Write as _;

use crate::text::Clean;
use crate::text::Hidden;

/// The longest name of a file in a question, in graphemes.
const NAME_MAX: usize = 200;

/// The longest ending that is taken for the name of a language, in bytes.
const LANGUAGE_MAX: usize = 12;

/// The shortest fence of Markdown.
const FENCE_MIN: usize = 3;

/// A file that goes with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The name by which the user gave it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Attachment {
    /// Returns a line about what in it cannot be seen, for whoever has only looked at it; the model
    /// reads all of it.
    pub fn warning(&self) -> Option<String> {
        let hidden = Hidden::of(&self.text);
        let name = Clean::one_line(&self.name, NAME_MAX);
        match hidden.total() {
            0 => None,
            1 => Some(format!("{name} has a character that cannot be seen: {hidden}")),
            many => Some(format!("{name} has {many} characters that cannot be seen: {hidden}")),
        }
    }
}

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// It begins with the mark of UTF-16. Remedy: convert it.
    #[error("UTF-16, not UTF-8")]
    Utf16,
    /// A byte that no text has: a picture, an archive, a program.
    #[error("not text: the byte at offset {0}")]
    Binary(usize),
}

/// Reads bytes as text: UTF-8, a byte order mark left out.
///
/// # Errors
/// They are no UTF-8, or hold a NUL; the offset counts from 0.
pub fn text_of(bytes: Vec<u8>) -> Result<String, NoText> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NoText::Utf16);
    }
    let nul = memchr::memchr(0, &bytes);
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        NoText::Binary(nul.map_or(offset, |nul| nul.min(offset)))
    })?;
    if let Some(offset) = nul {
        return Err(NoText::Binary(offset));
    }
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// Puts files in front of a question, each named and in a fence that nothing in it can close.
///
/// In front, because questions about the same files then begin alike: what was evaluated for one is
/// not evaluated again for the next.
pub fn attached(question: &str, files: &[Attachment]) -> String {
    let mut text = String::new();
    for Attachment { name, text: content } in files {
        let shown = Clean::one_line(name, NAME_MAX).into_string().replace('`', "'");
        let fence = "`".repeat(longest_run(content).max(FENCE_MIN - 1) + 1);
        let language = language(name);
        let content = content.trim_end_matches(['\n', '\r']);
        write!(text, "`{shown}`:\n\n{fence}{language}\n{content}\n{fence}\n\n").ok();
    }
    text.push_str(question);
    text
}

/// Returns the length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Returns a file's ending where it may be the name of a language.
fn language(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let plain = ending.len() <= LANGUAGE_MAX && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { ending } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> Attachment {
        Attachment { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn files_stand_in_front_of_the_question_by_name() {
        let files = [file("src/a.rs", "fn a() {}\n\n"), file("notes", "x")];
        let text = attached("why?", &files);
        assert_eq!(text, "`src/a.rs`:\n\n```rs\nfn a() {}\n```\n\n`notes`:\n\n```\nx\n```\n\nwhy?");
        assert_eq!(attached("why?", &[]), "why?");
    }

    #[test]
    fn what_cannot_be_seen_in_a_file_is_counted_and_sent() {
        let told = |text: &str| file("a\n.md", text).warning();
        assert_eq!(told("grün 👩\u{200d}👧\n"), None);
        let one = "a .md has a character that cannot be seen: 1 bidirectional";
        assert_eq!(told("a\u{202e}b").as_deref(), Some(one));
        let more = "a .md has 3 characters that cannot be seen: 1 zero-width, 2 tags";
        assert_eq!(told("a\u{200b}b\u{e0041}\u{e0042}").as_deref(), Some(more));
        let sent = attached("q", &[file("a", "a\u{202e}b")]);
        assert!(sent.contains('\u{202e}'), "nothing is taken out");
    }

    #[test]
    fn a_file_cannot_close_its_fence_nor_its_name() {
        let text = attached("q", &[file("a`\n\u{1b}[31m.md", "```\n`````\n")]);
        assert_eq!(text, "`a' .md`:\n\n``````md\n```\n`````\n``````\n\nq");
        let table = [("a.tar.gz", "gz"), ("a b.c d", ""), ("x.averylongending", ""), ("d.x/y", "")];
        for (name, expected) in table {
            assert_eq!(language(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_text_is_named_by_its_offset() {
        assert_eq!(text_of(b"gr\xc3\xbcn".to_vec()), Ok("grün".to_owned()));
        assert_eq!(text_of(b"\xef\xbb\xbfa".to_vec()), Ok("a".to_owned()));
        assert_eq!(text_of(b"\x89PNG\r\n\0".to_vec()), Err(NoText::Binary(0)));
        assert_eq!(text_of(b"ab\0".to_vec()), Err(NoText::Binary(2)));
        assert_eq!(text_of(b"\xff\xfea\0".to_vec()), Err(NoText::Utf16));
        assert_eq!(text_of(Vec::new()), Ok(String::new()));
    }

    proptest::proptest! {
        #[test]
        fn a_reader_of_markdown_finds_every_file_whole(content in "[a`\n~]{0,40}") {
            let text = attached("q", &[file("x", &content)]);
            let (_, rest) = text.split_once(":\n\n").expect("a head");
            let (fence, rest) = rest.split_once('\n').expect("a fence");
            let (body, end) = rest.split_once(&format!("\n{fence}\n")).expect("its end");
            proptest::prop_assert_eq!(body, content.trim_end_matches('\n'));
            proptest::prop_assert_eq!(end, "\nq");
        }
    }
}
