//! A terminal whose size changes all the time.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::configure;
use crate::terminal::Frame;
use crate::terminal::Home;
use crate::terminal::Pty;

/// Changes of size, unless the variable says another number.
const RESIZES: u32 = 2000;
const RESIZES_VARIABLE: &str = "EDGEWISE_TEST_RESIZES";

/// Between two of them: ten thousand are a minute.
const PAUSE: Duration = Duration::from_millis(6);

/// Paragraphs, wide characters, a table and code: everything that is laid out by the width.
const ANSWER: &str = "Sunlight is scattered by the molecules of the air, blue light ten times as much \
    as red. 夜空はなぜ暗いのか。\n\n| colour | wavelength |\n|---|---|\n| blue | 450 nm |\n\n\
    ```rust\nfn main() { println!(\"the sky\"); }\n```\n\n1. dawn\n2. dusk, when the light has a \
    longer way\n\nThat is all.";

fn resizes() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "a flag of the test itself")]
    let set = std::env::var(RESIZES_VARIABLE).ok();
    set.and_then(|number| number.parse().ok()).unwrap_or(RESIZES)
}

/// Returns the size of a round: the smallest and the largest now and then, else anything.
fn size(round: u32) -> (u16, u16) {
    // Fibonacci's hashing: the same sizes in every run, and no two neighbours alike.
    let dice = round.wrapping_mul(2_654_435_769) >> 8;
    let upto = |most: u32, dice: u32| u16::try_from(dice % most + 1).expect("small");
    match round % 100 {
        0 => (500, 200),
        1 => (1, 1),
        2 => (500, 1),
        3 => (1, 200),
        _ => (upto(160, dice), upto(60, dice / 160)),
    }
}

#[test]
fn a_storm_of_sizes_ends_with_the_right_picture() {
    let lan = Endpoint::start(vec![Says::All(ANSWER), Says::Held(ANSWER)]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    configure(&home, profile, &lan.table("lan"));
    let mut pty = Pty::start(&home, &[], &[]);
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    pty.ask("Why is the sky blue?");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    let rests = |frame: &Frame| frame.has("That is all.") && frame.has(" ready · ");
    pty.see("an answer", rests);
    pty.ask("Again?");
    pty.see("the wait for another", |frame| frame.has("› Again?") && frame.has("waiting"));
    let front = pty.front();
    for round in 0..resizes() {
        let (columns, rows) = size(round);
        pty.resize(columns, rows);
        pty.frames_within(PAUSE);
        // An answer comes in the middle of it.
        if round == resizes() / 2 {
            lan.release();
        }
    }
    pty.resize(80, 24);
    let whole = |frame: &Frame| {
        let rule = "─".repeat(80);
        rests(frame)
            && frame.has("› Again?")
            && frame.text.lines().count() == 24
            && frame.text.lines().filter(|row| **row == rule).count() == 1
            && frame.row(23).contains("ctx ")
            && frame.row(22) == "› ask something"
    };
    pty.see("the last picture", whole);
    pty.assert_clean();
    // It takes keys as before.
    pty.send("and 夜空?");
    pty.see_text("› and 夜空?");
    pty.assert_clean();
    front.signal(rustix::process::Signal::TERM);
    pty.given_back(128 + 15);
    front.gone();
}
