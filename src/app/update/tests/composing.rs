//! Typing, moving, deleting and undoing.

use super::*;

/// Types keys and compares the draft, with `|` for the cursor.
fn check(keys: &str, wanted: &str) {
    let mut chat = Chat::new();
    chat.keys(keys);
    assert_eq!(with_cursor(&chat), wanted, "{keys}");
}

fn with_cursor(chat: &Chat) -> String {
    let composer = chat.model.current().composer();
    let (before, behind) = composer.text().split_at(composer.cursor());
    format!("{before}|{behind}")
}

#[test]
fn typing_and_moving() {
    check("hello<Left><Left>X", "helX|lo");
    check("hello<A-b>X", "X|hello");
    check("one two<A-b><A-b>X<A-f>Y", "XoneY| two");
    check("one, two!<C-Left>X", "one, X|two!");
    check("ab<C-a>X<C-e>Y", "XabY|");
    check("ab<Home>X<End>Y", "XabY|");
    check("<Left><Right><Up><Down><BS><Del>", "|");
    check("a?b", "a?b|");
}

#[test]
fn lines() {
    check("a<A-Enter>b<C-j>c<S-Enter>d", "a\nb\nc\nd|");
    check("long<C-j>x<Up>Y", "lY|ong\nx");
    check("ab<C-j>漢字<Up>Y", "abY|\n漢字");
    check("漢字<C-j>abc<Up>Y", "漢Y|字\nabc");
    check("abcd<C-j>x<C-j>abcd<Up><Up>Y", "abcdY|\nx\nabcd");
    check("ab<C-j>cd<Up><C-a>X<Down>Y", "Xab\ncY|d");
    check("ab<Up>X", "X|ab");
    check("ab<C-a><Down>X", "abX|");
    check("a<C-j>b<Home>X<C-Home>", "a\nX|b");
}

#[test]
fn deleting() {
    check("abc<BS>", "ab|");
    check("abc<Left><Left><Del>", "a|c");
    check("one two three<C-w>", "one two |");
    check("one two<A-b><A-d>", "one |");
    check("ab<C-j>cd<C-u>", "ab\n|");
    check("ab<C-j>cd<Up><C-a><C-k>", "|\ncd");
    check("ab<C-j>cd<Up><C-e><C-k>", "ab|cd");
    check("ab<C-h>", "a|");
    check("ab<Left><C-d>", "a|");
}

#[test]
fn a_grapheme_is_one_step() {
    let mut chat = Chat::new();
    chat.send(Msg::Paste("e\u{301}👩‍🚀🇩🇪".into()));
    chat.keys("<Left>");
    assert_eq!(with_cursor(&chat), "e\u{301}👩‍🚀|🇩🇪");
    chat.keys("<BS>");
    assert_eq!(with_cursor(&chat), "e\u{301}|🇩🇪");
    chat.keys("<BS><Del>");
    assert_eq!(with_cursor(&chat), "|");
}

#[test]
fn undo_goes_by_words_and_back() {
    check("one two<C-_>", "one |");
    check("one two<C-_><C-_>", "|");
    check("one two<C-_><C-_><C-_><A-r><A-r><A-r>", "one two|");
    check("one two<C-w><C-/>", "one two|");
    check("ab<Left>c<C-7><C-7>", "|");
    check("ab<BS><BS><C-_>", "a|");
    check("ab<C-_>c<A-r>", "c|");
    check("ab<C-c><C-_>", "ab|");
}

#[test]
fn rows_are_those_of_the_screen() {
    let mut chat = Chat::new();
    let laid = Laid {
        session: SessionId(0),
        width: 10,
        height: 5,
        rows: 0,
        top: 0,
        anchor: None,
        epoch: 0,
        composer_width: 6,
        help_slack: 0,
    };
    chat.send(Msg::Laid(laid));
    chat.keys("abc defgh ij<Up>X");
    assert_eq!(with_cursor(&chat), "abc deX|fgh ij");
    chat.keys("<C-c>abc defgh<Up>X");
    assert_eq!(with_cursor(&chat), "abcX| defgh", "the row's end is the next one's start");
}

#[test]
fn a_paste_never_sends_and_keeps_its_lines() {
    let mut chat = Chat::new();
    assert!(chat.send(Msg::Paste("a\r\nb\rc\n".into())).is_empty());
    assert_eq!(with_cursor(&chat), "a\nb\nc\n|");
    chat.keys("<C-_>");
    assert_eq!(with_cursor(&chat), "|", "a paste is one step");
    chat.send(Msg::Paste("x\u{1b}[2Jy\u{202e}\0".into()));
    assert_eq!(chat.draft(), "xy<U+202E>");
}

#[test]
fn up_brings_sent_prompts_back() {
    let mut chat = Chat::new();
    for (turn, prompt) in (0..).zip(["first", "second", "second", "two\nlines"]) {
        chat.answered(turn, prompt, "ok");
    }
    for (keys, wanted) in [
        ("<Up>", "two\nlines|"),
        ("<Up><Up>", "second|"),
        ("<Up>", "first|"),
        ("<Up>", "first|"),
        ("<Down>", "second|"),
        ("<Down><Down>", "|"),
        ("<Down>", "|"),
        ("<Up>!<Up><Up>", "|two\nlines!"),
    ] {
        chat.keys(keys);
        assert_eq!(with_cursor(&chat), wanted, "{keys}");
    }
}

proptest! {
    /// Whatever is typed, undo leads back to nothing and redo to the end.
    #[test]
    fn undo_takes_everything_back(keys in prop::collection::vec(
        prop::sample::select(vec![
            "a", " ", "漢", "<C-j>", "<BS>", "<Del>", "<Left>", "<Right>", "<C-w>", "<A-d>",
            "<C-u>", "<C-k>", "<A-b>", "<Up>", "<Down>", "<C-a>",
        ]), 0..60,
    )) {
        let mut chat = Chat::new();
        chat.keys(&keys.concat());
        let end = chat.draft().to_owned();
        chat.keys(&"<C-_>".repeat(61));
        prop_assert_eq!(chat.draft(), "");
        chat.keys(&"<A-r>".repeat(61));
        prop_assert_eq!(chat.draft(), end);
    }

    /// The cursor is always between two characters.
    #[test]
    fn the_cursor_is_on_a_boundary(
        text in "[a-b \n\t漢é\u{301}👩‍🚀🇩🇪]{0,30}",
        keys in prop::collection::vec(prop::sample::select(vec![
            "<Left>", "<Right>", "<Up>", "<Down>", "<A-b>", "<A-f>", "<BS>", "<Del>", "x",
            "<C-_>", "<C-y>", "<C-k>", "<Home>", "<End>",
        ]), 0..40),
    ) {
        let mut chat = Chat::new();
        chat.send(Msg::Paste(text));
        for key in keys {
            chat.keys(key);
            let composer = chat.model.current().composer();
            prop_assert!(composer.text().is_char_boundary(composer.cursor()));
        }
    }
}
