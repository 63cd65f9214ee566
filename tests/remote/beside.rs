//! The sidebar and what is in the store.

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::ask;
use crate::home::configure;
use crate::home::exits;
use crate::terminal::Home;
use crate::terminal::Pty;

const OPEN: &str = "privacy = \"open\"\nmode = \"prefer-remote\"\nendpoint = \"lan\"";

#[test]
fn saved_sessions_stand_in_the_sidebar_and_enter_opens_one() {
    let answers = ["The Rhine.", "Lake Garda.", "The Elbe."].map(Says::All);
    let lan = Endpoint::start(answers.to_vec());
    let home = Home::new();
    configure(&home, OPEN, &lan.table("lan"));
    exits(&ask(&home, &["-s", "new", "Name a river."]), 0);
    let mut pty = Pty::start(&home, &[], &[]);
    pty.resize(130, 30);
    pty.see("what was saved", |frame| frame.has("saved") && frame.has("Name a river."));
    // What another window saves comes by itself, above.
    exits(&ask(&home, &["-s", "new", "Name a lake."]), 0);
    pty.see("the newer one above", |frame| {
        let (lake, river) = (frame.text.find("Name a lake."), frame.text.find("Name a river."));
        lake.zip(river).is_some_and(|(lake, river)| lake < river)
    });
    assert!(!pty.last().has("The Rhine."), "it is not open");
    // F3, below the one that is open, and the next.
    pty.send("\x1bOR");
    pty.send("\x1b[B\x1b[B");
    pty.send("\r");
    pty.see("the session", |frame| frame.has("The Rhine.") && frame.has("› Name a river."));
    pty.ask("And another?");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    pty.see_text("The Elbe.");
}
