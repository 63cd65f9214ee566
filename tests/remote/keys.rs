//! The screen takes a key while a turn meets a fault that lasts, whatever the fault does meanwhile.

use std::time::Duration;

use edgewise::config::Protocol;

use crate::fault::Blackhole;
use crate::fault::Server;
use crate::fault::Step;
use crate::fault::answer;
use crate::fault::head;
use crate::fault::reply;
use crate::handing::PATIENT;
use crate::home::configure;
use crate::table::Frames;
use crate::terminal::Home;
use crate::terminal::Process;
use crate::terminal::Pty;

const FRAMES: Frames = Frames(Protocol::OpenAi);

/// Between two floods, so that none comes to its limit while it is looked at.
const PAUSE: Duration = Duration::from_millis(2);

fn flood(begin: Vec<u8>, piece: &str) -> Vec<Step> {
    let piece = piece.repeat(40).into_bytes();
    vec![Step::Read, Step::Send(begin), Step::Repeat(piece, PAUSE)]
}

/// Asks at an address where a fault lasts, types meanwhile, and leaves.
fn typed_meanwhile(name: &str, url: &str) {
    let home = Home::new();
    let table =
        format!("[endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"{url}\"\nmodel = \"big\"\n");
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    configure(&home, profile, &table);
    let mut pty = Pty::start(&home, &[], &[]);
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    pty.ask("Anybody?");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    pty.see("the turn", |frame| !frame.has("leave this device?") && !frame.has(" ready · "));
    for typed in ["q", "qz", "qzx"] {
        pty.send(&typed[typed.len() - 1..]);
        let what = format!("{typed:?} while there is {name}");
        let shown = pty.see(&what, |frame| frame.has(&format!("› {typed}")));
        assert!(!shown.has(" ready · "), "{name} lasts:\n{}", shown.text);
    }
    // It is left at once, whatever the other side does.
    pty.send("\x15\x03");
    pty.see("the chat to be ready again", |frame| frame.has(" ready · "));
}

#[test]
fn a_key_is_shown_while_nobody_answers() {
    let hole = Blackhole::new();
    typed_meanwhile("a black hole", &format!("http://{}/v1", hole.addr));
    let mute = Server::plain(vec![vec![Step::Hold]]);
    typed_meanwhile("TLS that never begins", &format!("https://{}/v1", mute.addr));
    let silent = Server::plain(vec![vec![Step::Read, Step::Hold]]);
    typed_meanwhile("no head", &silent.url("/v1"));
    let stalls = Server::plain(vec![vec![Step::Read, Step::Send(FRAMES.half()), Step::Hold]]);
    typed_meanwhile("a stall in an answer", &stalls.url("/v1"));
    let busy = answer(reply("429 Slow", &["retry-after: 55"], b"{}"));
    typed_meanwhile("a countdown", &Server::plain(vec![busy]).url("/v1"));
}

#[test]
fn a_key_is_shown_while_too_much_comes() {
    let begin = head("200 OK", &[FRAMES.content_type()]);
    let pings = Server::plain(vec![flood(begin, ": ping\n\n")]);
    typed_meanwhile("a flood of pings", &pings.url("/v1"));
    let events = Server::plain(vec![flood(FRAMES.half(), "data: {\"of\":\"tomorrow\"}\n\n")]);
    typed_meanwhile("a flood of empty events", &events.url("/v1"));
    let words = Server::plain(vec![flood(FRAMES.head(), &FRAMES.text("word "))]);
    typed_meanwhile("a flood of words", &words.url("/v1"));
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
    pty.send("\x15\x03");
    pty.see("the chat to be ready again", |frame| frame.has(" ready · "));
}
