//! The chat on the terminal's normal screen: what it said goes into the terminal's scrollback.

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::configure;
use crate::terminal::Frame;
use crate::terminal::Home;
use crate::terminal::Pty;

/// Returns an answer of these lines, which are told apart by their numbers.
fn answer(lines: std::ops::RangeInclusive<u32>) -> &'static str {
    let line = |number| format!("- the line of number {number} of them\n");
    Box::leak(lines.map(line).collect::<String>().into_boxed_str())
}

/// Returns the numbers of the lines that are in the scrollback and on the screen, from above.
fn numbers(pty: &Pty) -> Vec<u32> {
    let number = |row: &String| {
        row.split_once("of number ")?.1.split(' ').next().and_then(|word| word.parse().ok())
    };
    pty.history().iter().filter_map(number).collect()
}

/// Returns the scrollback, without what is on the screen.
fn above(pty: &mut Pty) -> Vec<String> {
    let rows = pty.last().text.lines().count();
    let mut all = pty.history();
    all.truncate(all.len().saturating_sub(rows));
    all
}

/// Waits until an answer is there whose last line has this number.
fn whole(pty: &mut Pty, last: u32) {
    let wanted = format!("of number {last} of them");
    pty.see("an answer", |frame: &Frame| frame.has(&wanted) && frame.has(" ready · "));
}

#[test]
fn what_was_said_stands_in_the_scrollback_once_and_in_its_order() {
    let lan = Endpoint::start(vec![Says::All(answer(1..=60)), Says::All(answer(61..=90))]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    configure(&home, profile, &lan.table("lan"));
    let mut pty = Pty::start(&home, &["--inline"], &[]);
    pty.see("the chat", |frame| frame.has("› ask something") && !frame.alternate);
    assert!(above(&mut pty).iter().any(|row| row.starts_with("front ")), "the shell's is kept");
    pty.ask("Count.");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    whole(&mut pty, 60);
    assert_eq!(numbers(&pty), (1..=60).collect::<Vec<_>>());
    let above_it = above(&mut pty);
    assert!(above_it.iter().any(|row| row == "› Count."), "{above_it:#?}");
    let ours = |row: &String| row.contains("ctx ") || row.contains("────") || row.contains("▌");
    assert!(!above_it.iter().any(ours), "nothing but what was said: {above_it:#?}");
    // Less room moves rows up, once; the picture is whole.
    pty.resize(80, 16);
    pty.see("the new size", |frame| {
        frame.text.lines().count() == 16 && frame.has("of number 60 of") && frame.has("ctx ")
    });
    assert_eq!(numbers(&pty), (1..=60).collect::<Vec<_>>());
    pty.ask("More.");
    whole(&mut pty, 90);
    assert_eq!(numbers(&pty), (1..=90).collect::<Vec<_>>());
    assert!(!above(&mut pty).iter().any(ours));
    pty.assert_repainted();
    // Another width wraps what is on the screen, and nothing is lost.
    for (columns, rows) in [(48, 16), (100, 30), (80, 24)] {
        pty.resize(columns, rows);
        pty.see("the new size", |frame| {
            frame.text.lines().count() == usize::from(rows) && frame.has("of number 90 of")
        });
    }
    let mut found = numbers(&pty);
    found.dedup();
    assert!((1..=90).all(|number| found.contains(&number)), "{found:?}");
    assert!(!above(&mut pty).iter().any(ours));
    // The rest of it stays when the chat is left, without the chat.
    let front = pty.front();
    front.signal(rustix::process::Signal::TERM);
    let left = pty.given_back(128 + 15);
    assert!(left.has("of number 90 of them") && !left.has("ask something"), "{}", left.text);
    assert!(!left.has("ctx "), "{}", left.text);
    front.gone();
}
