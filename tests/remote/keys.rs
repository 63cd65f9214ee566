//! The screen takes a key while a turn meets a fault that lasts, whatever the fault does meanwhile.
//! How soon is measured by `benches/keys.rs`.

use crate::handing::PATIENT;
use crate::home::configure;
use crate::lasting;
use crate::lasting::Lasting;
use crate::terminal::Home;
use crate::terminal::Process;
use crate::terminal::Pty;

const CTRL_C: &str = "\x03";
const CTRL_U: &str = "\x15";

/// Types while `fault` lasts, and leaves it.
fn typed_meanwhile(fault: &Lasting) {
    let home = Home::new();
    let mut pty = fault.met(&home);
    for typed in ["q", "qz", "qzx"] {
        pty.send(&typed[typed.len() - 1..]);
        let what = format!("{typed:?} while there is {}", fault.name);
        let shown = pty.see(&what, |frame| frame.has(&format!("› {typed}")));
        assert!(!shown.has(" ready · "), "{} lasts:\n{}", fault.name, shown.text);
    }
    // It is left at once, whatever the other side does.
    pty.send(format!("{CTRL_U}{CTRL_C}"));
    pty.see("the chat to be ready again", |frame| frame.has(" ready · "));
}

#[test]
fn a_key_is_shown_while_nobody_answers() {
    lasting::silent().iter().for_each(typed_meanwhile);
}

#[test]
fn a_key_is_shown_while_too_much_comes() {
    lasting::loud().iter().for_each(typed_meanwhile);
}

#[test]
fn a_key_is_shown_while_the_engine_is_stopped() {
    let home = Home::new();
    configure(&home, PATIENT, "");
    let mut pty = Pty::start(&home, &["--max-tokens", "1500"], &[]);
    pty.ready();
    pty.ask("Write a long story about a dragon.");
    pty.see("an answer", |frame| frame.has("•") && !frame.has(" ready · "));
    let engine: Process = pty.front().engine();
    engine.signal(rustix::process::Signal::STOP);
    for typed in ["q", "qz", "qzx"] {
        pty.send(&typed[typed.len() - 1..]);
        pty.see(&format!("{typed:?}"), |frame| frame.has(&format!("› {typed}")));
    }
    engine.signal(rustix::process::Signal::CONT);
    pty.send(format!("{CTRL_U}{CTRL_C}"));
    pty.see("the chat to be ready again", |frame| frame.has(" ready · "));
}
