//! Any bytes as an answer, a title, a file's name, a theme or its name, at any size: nothing but
//! cells change. `EDGEWISE_TEST_CASES` says how many, and what failed once is tried first.

use super::hostile::check;
use super::hostile::payloads;
use super::*;

/// Cases, unless the variable says another number.
const CASES: u32 = 200;
const CASES_VARIABLE: &str = "EDGEWISE_TEST_CASES";

/// What Markdown, terminals and themes have a meaning for, beside [`payloads`].
const MEANT: &[&str] = &[
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "    ",
    "# ",
    "## ",
    "- ",
    "* ",
    "1. ",
    "> ",
    "```",
    "```rust\n",
    "~~~",
    "`",
    "``",
    "**",
    "_",
    "~~",
    "| a | b |\n|---|---|\n| ",
    " | ",
    "|\n",
    "---\n",
    "===\n",
    "[",
    "](",
    ")",
    "![",
    "<https://",
    "https://example.org/",
    "mailto:a@b.c",
    "<b>",
    "<!--",
    "-->",
    "&amp;",
    "&#27;",
    "&#x9b;",
    "\\",
    "$x^2$",
    "$$",
    "[^1]",
    "[^1]: ",
    "- [ ] ",
    "- [x] ",
    "<think>",
    "</think>",
    "diff\n+a\n-b\n",
    "漢字",
    "👩‍🚀",
    "🇩🇪",
    "e\u{301}",
    "שלום",
    "\u{1f3fd}",
    "\u{fe0f}",
    "\u{200d}",
    "क्षि",
    "한국어",
    "fn main() {}",
    "\"",
    "'''",
    "\u{0}",
    "0123456789012345678901234567890123456789",
];

/// A theme's text, and what stands in it.
const THEME: &str = include_str!("../../../themes/dark.toml");

fn cases() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "a flag of the test itself")]
    let set = std::env::var(CASES_VARIABLE).ok();
    set.and_then(|number| number.parse().ok()).unwrap_or(CASES)
}

/// Bytes of anything: what means something, what is meant to do harm, text, and noise.
fn bytes() -> impl Strategy<Value = String> {
    let harm = prop::sample::select(payloads()).prop_map(String::into_bytes);
    let meant = prop::sample::select(MEANT).prop_map(|text| text.as_bytes().to_vec());
    let text = "\\PC{0,12}".prop_map(String::into_bytes);
    let noise = prop::collection::vec(any::<u8>(), 0..6);
    let piece = prop_oneof![2 => harm, 5 => meant, 2 => text, 1 => noise];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| lossy(&pieces.concat()))
}

/// A theme that was damaged somewhere.
fn theme() -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0_usize..24, bytes()).prop_map(|(at, cut, put)| {
        let mut theme = THEME.as_bytes().to_vec();
        let from = at.index(theme.len());
        let to = (from + cut).min(theme.len());
        theme.splice(from..to, put.into_bytes());
        lossy(&theme)
    })
}

/// What the chat is given.
#[derive(Debug)]
struct Given {
    answer: String,
    cut: usize,
    title: String,
    name: String,
    theme: String,
    size: (u16, u16),
}

fn given() -> impl Strategy<Value = Given> {
    let size = prop_oneof![Just((80, 24)), (1_u16..100, 1_u16..40), Just((20, 5))];
    (bytes(), 1_usize..40, bytes(), bytes(), theme(), size).prop_map(
        |(answer, cut, title, name, theme, size)| Given { answer, cut, title, name, theme, size },
    )
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Gives a text in pieces of so many characters.
fn pieces(text: &str, characters: usize) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    all.chunks(characters).map(|piece| piece.iter().collect()).collect()
}

/// Gives it all to a chat and looks at every picture on the way.
fn try_out(given: &Given) {
    let Given { answer, title, name, theme, .. } = given;
    let mut stage = Stage::ready(given.size.0, given.size.1);
    let settings = Settings { themes: vec![name.clone()], ..Settings::default() };
    stage.model = Model::new(settings, SessionId(1), given.size.0, given.size.1);
    match Theme::parse(theme) {
        Ok(theme) => stage.theme = theme,
        Err(error) => stage.send(Msg::Told(format!("{name}.toml:{error}"))),
    }
    stage.ask(if title.trim().is_empty() { "q" } else { title });
    if stage.model.current().running().is_none() {
        // It was a command.
        stage.ask("q");
    }
    stage.plain(KeyCode::Esc);
    stage.prefilled(0);
    for piece in pieces(answer, given.cut) {
        stage.token(0, TokenEvent::Delta(piece));
    }
    check(&mut stage, answer);
    stage.finished(0, StopReason::Failed(Fault::new(name.clone()).hint(title.clone())));
    stage.key(Key::alt(KeyCode::Char('t')));
    check(&mut stage, answer);
    stage.send(Msg::Paste(format!("/rename {}", title.replace(['\n', '\r'], " "))));
    stage.plain(KeyCode::Enter);
    stage.send(Msg::Paste("@".into()));
    stage.send(Msg::Files { asked: String::new(), names: vec![name.clone(), title.clone()] });
    check(&mut stage, title);
    stage.plain(KeyCode::Tab);
    check(&mut stage, name);
    stage.send(Msg::Edited("/theme".into()));
    stage.plain(KeyCode::Enter);
    check(&mut stage, name);
}

/// What failed once, whatever is tried above later.
#[test]
fn what_failed_once_does_not_again() {
    let empty = String::new;
    for answer in ["\n\u{1b}]0;t\u{7}</think>", "\n</think>"] {
        let (answer, theme) = (answer.to_owned(), THEME.to_owned());
        let name = empty();
        try_out(&Given { answer, cut: 1, title: empty(), name, theme, size: (80, 24) });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whatever_is_given_changes_cells_and_nothing_else(given in given()) {
        try_out(&given);
    }
}
