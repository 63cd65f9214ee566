//! Files that a question in the chat names.

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::configure;
use crate::terminal::Home;
use crate::terminal::Pty;

#[test]
fn a_file_goes_with_its_question_and_what_cannot_be_seen_in_it_is_said() {
    let lan = Endpoint::start(vec![Says::All("They speak of rivers.")]);
    let home = Home::new();
    let open = "privacy = \"open\"\nmode = \"prefer-remote\"\nendpoint = \"lan\"";
    configure(&home, open, &lan.table("lan"));
    let smuggled = "Three rivers.\u{e0049}\u{e0067}\u{202e}\n";
    std::fs::write(home.path().join("notes.md"), smuggled).expect("a file");
    std::fs::write(home.path().join("picture.png"), b"\x89PNG\r\n\x1a\n\0").expect("a file");
    let mut pty = Pty::start(&home, &[], &[]);
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    // Nothing is sent without a file that cannot go with it, and the draft stays.
    pty.ask("What is on @picture.png ?");
    pty.see("why not", |frame| frame.has("picture.png") && frame.has("not text"));
    assert!(lan.asked().is_empty(), "{}", lan.heard());
    pty.send("\x03");
    pty.ask("What do @notes.md say?");
    pty.see_text("May this session leave this device?");
    pty.see_text("notes.md has 3 characters that cannot be seen: 1 bidirectional, 2 tags");
    pty.send("y");
    pty.see("the answer", |frame| frame.has("They speak of rivers.") && frame.has(" ready · "));
    let heard = lan.asked().pop().expect("it was asked").to_string();
    assert!(heard.contains("Three rivers.") && heard.contains("What do"), "{heard}");
}
