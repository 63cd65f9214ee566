//! A terminal that reads a thousand bytes a second, or nothing at all, while an endpoint on this
//! machine tells a thousand tokens a second: how much the program grows, and when a cancel is heard.

use std::time::Duration;

use crate::endless::Endless;
use crate::now;
use crate::pause;
use crate::pty::Home;
use crate::pty::Pty;
use crate::row;
use crate::say;
use crate::terminal::CANCEL_MOST;

const CANCELS: usize = 10;
/// A large screen: its frames are not small.
const SIZE: (u16, u16) = (500, 200);
/// How long the answer is that is not read.
const ANSWER: Duration = Duration::from_secs(20);
/// How long an answer runs before it is cancelled.
const SOME: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(30);
const GROWTH_MOST_KIB: u64 = 10 * 1024;

/// Measures both and prints two rows each.
pub(crate) fn measure() {
    beside("that reads 1 KiB/s", Pty::trickle);
    beside("that reads nothing", Pty::stall);
}

fn beside(name: &str, slow: fn(&mut Pty)) {
    let (endless, home) = (Endless::start(), Home::new());
    std::fs::write(home.path().join("c/config.toml"), endless.config()).expect("a file");
    let mut pty = Pty::run(&home, env!("CARGO_BIN_EXE_edgewise"), &[], &[]);
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    pty.resize(SIZE.0, SIZE.1);
    // What any answer takes, the program's own pages above all, is not measured.
    pty.ask("Ready?");
    pty.see_text("leave this device?");
    pty.send("y");
    // Its code, too: the syntaxes are unpacked for it.
    pty.see("an answer", |frame| frame.has("println!"));
    pty.send("\x03");
    pty.see("its end", |frame| frame.has(" ready · "));
    endless.gone(PATIENCE).expect("it hears of it");
    let front = pty.front();
    slow(&mut pty);
    let before = front.measure();
    let mut cancels = Vec::new();
    for round in 0..CANCELS {
        let told = endless.told();
        pty.send("Again.\r");
        while endless.told() == told {
            pause(Duration::from_millis(1));
        }
        pause(if round == 0 { ANSWER } else { SOME });
        let begun = now();
        pty.send("\x03");
        let gone = endless.gone(PATIENCE).expect("it hears of it");
        cancels.push(gone.saturating_duration_since(begun));
    }
    row(&format!("a cancel at a terminal {name}"), cancels, CANCEL_MOST);
    let grown = front.memory().1.saturating_sub(before);
    let verdict = if grown <= GROWTH_MOST_KIB { "ok" } else { "too much" };
    say(&format!(
        "the program's memory at a terminal {name}: {grown} KiB more (wanted: 10240) {verdict}"
    ));
    // What filled the terminal is drawn over.
    pty.send("\x0c");
    pty.go_on();
    pty.see("the last frame", |frame| frame.repainted && frame.has("stopped by you"));
}
