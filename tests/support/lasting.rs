//! Faults that last: while one does, the program has to stay at its user's hand.

use std::any::Any;
use std::time::Duration;

use super::Protocol;
use super::fault::Blackhole;
use super::fault::Server;
use super::fault::Step;
use super::fault::answer;
use super::fault::head;
use super::fault::reply;
use super::table::Frames;
use super::terminal::Home;
use super::terminal::Pty;

const FRAMES: Frames = Frames(Protocol::OpenAi);

/// Between two pieces of a flood, so that none comes to its limit while it is looked at.
const PAUSE: Duration = Duration::from_millis(2);

/// A fault, and the address where it is met.
pub(crate) struct Lasting {
    pub(crate) name: &'static str,
    url: String,
    /// Whoever is there, for as long as this is.
    _there: Box<dyn Any>,
}

fn at(name: &'static str, script: Vec<Step>) -> Lasting {
    let server = Server::plain(vec![script]);
    Lasting { name, url: server.url("/v1"), _there: Box::new(server) }
}

/// Returns the ways in which nothing comes.
pub(crate) fn silent() -> Vec<Lasting> {
    let hole = Blackhole::new();
    let mute = Server::plain(vec![vec![Step::Hold]]);
    let busy = answer(reply("429 Slow", &["retry-after: 55"], b"{}"));
    vec![
        Lasting {
            name: "a black hole",
            url: format!("http://{}/v1", hole.addr),
            _there: Box::new(hole),
        },
        Lasting {
            name: "TLS that never begins",
            url: format!("https://{}/v1", mute.addr),
            _there: Box::new(mute),
        },
        at("no head", vec![Step::Read, Step::Hold]),
        at("a stall in an answer", vec![Step::Read, Step::Send(FRAMES.half()), Step::Hold]),
        at("a countdown", busy),
    ]
}

/// Returns the ways in which too much comes.
pub(crate) fn loud() -> Vec<Lasting> {
    let flood = |begin: Vec<u8>, piece: &str| {
        let piece = piece.repeat(40).into_bytes();
        vec![Step::Read, Step::Send(begin), Step::Repeat(piece, PAUSE)]
    };
    let begin = head("200 OK", &[FRAMES.content_type()]);
    vec![
        at("a flood of pings", flood(begin, ": ping\n\n")),
        at("a flood of empty events", flood(FRAMES.half(), "data: {\"of\":\"tomorrow\"}\n\n")),
        at("a flood of words", flood(FRAMES.head(), &FRAMES.text("word "))),
    ]
}

impl Lasting {
    /// Asks there, and returns the terminal with the turn under way.
    pub(crate) fn met(&self, home: &Home) -> Pty {
        let url = &self.url;
        let config = format!(
            "[engine]\nkeep_alive = \"0s\"\nprefill_ahead = false\n[profiles.default]\n\
             privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"\n\
             [endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"{url}\"\nmodel = \"big\"\n"
        );
        std::fs::write(home.path().join("c/config.toml"), config).expect("a file");
        let mut pty = Pty::start(home, &[], &[]);
        pty.see("the chat", |frame| frame.alternate && frame.has("› "));
        pty.ask("Anybody?");
        pty.see_text("May this session leave this device?");
        pty.send("y");
        pty.see("the turn", |frame| !frame.has("leave this device?") && !frame.has(" ready · "));
        pty
    }
}
