//! A terminal that reads slowly or not at all, while an answer comes as fast as it can.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::configure;
use crate::home::exits;
use crate::home::run;
use crate::home::stdout;
use crate::terminal::Home;
use crate::terminal::Process;
use crate::terminal::Pty;

const CTRL_C: &str = "\x03";
const CTRL_L: &str = "\x0c";

/// A minute at a thousand tokens a second.
const TOKENS: u32 = 60_000;

/// How much the program may grow by meanwhile, the text itself included.
const GROWTH_KIB: u64 = 10 * 1024;

/// How many pictures may come before the one that was asked for last: what lay in the terminal, the
/// one on its way, and the small ones of a wait. All of them would be some hundreds.
const QUEUED: usize = 100;

/// A large screen: a frame that waits is not small.
const SIZE: (u16, u16) = (500, 200);

/// How often the store is looked at before the test gives up: each look starts a program.
const LOOKS: u32 = 2000;

/// Returns a text of so many words in numbered paragraphs. (An index of as many different words
/// would be what is measured.)
fn words() -> &'static str {
    const WORDS: &str = "the river went on and on between its hills and never reached the ";
    let count = u32::try_from(WORDS.split(' ').count()).expect("few");
    let paragraph = |number| format!("{WORDS}{number}\n\n ");
    Box::leak((0..TOKENS / count).map(paragraph).collect::<String>().into_boxed_str())
}

/// Returns what is stored of the last message: its state and its text.
fn last(home: &Home) -> (String, String) {
    let export = run(home, &["sessions", "export", "last"]);
    exits(&export, 0);
    let line = stdout(&export).lines().last().map(str::to_owned).unwrap_or_default();
    let message: Value = serde_json::from_str(&line).expect("JSON");
    let parts = message["parts"].as_array().cloned().unwrap_or_default();
    let text = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    (message["state"].as_str().unwrap_or_default().to_owned(), text)
}

/// Waits until the stored message is as wanted, and returns its text.
fn stored(home: &Home, what: &str, wanted: impl Fn(&str, &str) -> bool) -> String {
    for _ in 0..LOOKS {
        let (state, text) = last(home);
        if wanted(&state, &text) {
            return text;
        }
    }
    let (state, text) = last(home);
    panic!("waited for {what}; {state}, {} bytes", text.len());
}

/// Asks, and makes the terminal slow before the answer comes.
fn whatever_the_terminal_reads(slow: fn(&mut Pty)) {
    let words = words();
    let lan = Endpoint::start(vec![Says::All("Ready."), Says::Held(words), Says::Endless(words)]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    configure(&home, profile, &lan.table("lan"));
    let mut pty = Pty::start(&home, &[], &[]);
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    pty.resize(SIZE.0, SIZE.1);
    // What any answer takes, the program's own pages above all, is not measured.
    pty.ask("Ready?");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    pty.see("a first answer", |frame| frame.has("• Ready.") && frame.has(" ready · "));
    pty.ask("Count.");
    pty.see("the route", |frame| frame.has("› Count.") && frame.has("waiting"));
    let front = pty.front();
    slow(&mut pty);
    let before = front.measure();
    lan.release();
    let whole = stored(&home, "the whole answer", |state, _| state == "complete");
    assert!(whole == words, "{} bytes of {}", whole.len(), words.len());
    let grown = front.memory().1.saturating_sub(before);
    assert!(grown <= GROWTH_KIB, "{grown} KiB more");
    stopped(&mut pty, (&home, words), &front);
}

/// Asks again, without seeing anything, and stops the answer.
fn stopped(pty: &mut Pty, (home, words): (&Home, &str), front: &Process) {
    pty.send("Again.\r");
    let some = |state: &str, text: &str| state == "interrupted" && text.len() > 10_000;
    stored(home, "some of the answer", some);
    pty.send(CTRL_C);
    // The terminal is as slow as before.
    let part = stored(home, "its end", |state, _| state == "stopped");
    assert!(words.repeat(part.len() / words.len() + 1).starts_with(&part), "{}", part.len());
    pty.send(CTRL_L);
    let before = pty.at();
    pty.go_on();
    let shown = pty.see("the last frame", |frame| frame.repainted && frame.has("stopped by you"));
    let queued = pty.at() - before;
    assert!(queued <= QUEUED, "{queued} pictures before the last one");
    assert!(shown.has(part.split_whitespace().last().unwrap_or_default()), "{}", shown.text);
    pty.assert_clean();
    front.signal(rustix::process::Signal::TERM);
    pty.given_back(128 + 15);
    front.gone();
}

#[test]
fn a_terminal_that_reads_nothing_holds_nothing_up() {
    whatever_the_terminal_reads(Pty::stall);
}

#[test]
fn a_terminal_that_reads_a_thousand_bytes_a_second_holds_nothing_up() {
    whatever_the_terminal_reads(Pty::trickle);
}
