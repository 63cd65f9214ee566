//! A real endpoint: llama.cpp's own server, with the model that this device answers with.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::handing::Asking;
use crate::handing::PATIENT;
use crate::handing::left_in_the_middle;
use crate::home::ask;
use crate::home::command;
use crate::home::configure;
use crate::home::exits;
use crate::home::run;
use crate::home::stdout;
use crate::terminal::Home;
use crate::terminal::Pty;

const PROTOCOLS: [&str; 2] = ["openai", "anthropic"];

/// What the model answers at length.
const STORY: &str = "Write a long story about a dragon.";

/// A running llama-server; it dies with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts one and waits until its model is loaded.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let number = port.to_string();
        let mut child = Command::new(program())
            .args(["--host", "127.0.0.1", "--port", &number, "-c", "2048", "-np", "1", "-t", "1"])
            .args(["--alias", "small", "-m"])
            .arg(crate::support::model())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("llama-server starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let server = Self { child, port };
        let mut lines = log.by_ref().map(|line| line.expect("what it says"));
        assert!(lines.any(|line| line.contains("listening")), "llama-server ended");
        // What it goes on to say is read, so that it never waits for a reader.
        std::thread::spawn(move || log.for_each(drop));
        while !server.is_healthy() {
            std::thread::yield_now();
        }
        server
    }

    fn is_healthy(&self) -> bool {
        let ask = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
            let mut reply = String::new();
            stream.read_to_string(&mut reply)?;
            Ok(reply.starts_with("HTTP/1.1 200"))
        };
        ask().unwrap_or(false)
    }

    /// Returns the settings of an endpoint that speaks `protocol` with it.
    fn table(&self, protocol: &str) -> String {
        let port = self.port;
        format!(
            "[endpoints.real]\nprotocol = \"{protocol}\"\nbase_url = \"http://127.0.0.1:{port}\"\n\
             model = \"small\"\n"
        )
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns the server's program, which `scripts/test --full` builds and names.
#[expect(clippy::disallowed_methods, reason = "a test's own setting, not the program's")]
fn program() -> PathBuf {
    let path = std::env::var_os("EDGEWISE_TEST_LLAMA_SERVER").expect(
        "EDGEWISE_TEST_LLAMA_SERVER names llama-server; scripts/test --full builds it and sets this",
    );
    PathBuf::from(path)
}

fn home(server: &Server, protocol: &str) -> Home {
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"real\"";
    configure(&home, profile, &server.table(protocol));
    home
}

#[test]
fn slow_a_real_server_answers_over_both_of_its_protocols() {
    let server = Server::start();
    let answers = PROTOCOLS.map(|protocol| {
        let home = home(&server, protocol);
        exits(&run(&home, &["endpoints", "check"]), 0);
        let told = ask(&home, &["--max-tokens", "24", STORY]);
        exits(&told, 0);
        let text = stdout(&told);
        assert!(text.len() > 24, "{protocol}: {text}");
        let json = ask(&home, &["--json", "--max-tokens", "8", STORY]);
        exits(&json, 0);
        let lines = stdout(&json);
        let finish = lines.lines().last().expect("an end");
        for word in ["\"reason\":\"length\"", "\"completion_tokens\":8", "\"endpoint\":\"real\""] {
            assert!(finish.contains(word), "{protocol}: {word} in {finish}");
        }
        let shown = run(&home, &["audit", "list", "--json"]);
        exits(&shown, 0);
        assert!(stdout(&shown).contains("remote:real"), "{}", stdout(&shown));
        text
    });
    assert_eq!(answers[0], answers[1], "one model, the likeliest tokens, two protocols");
}

#[test]
fn slow_a_real_server_is_spoken_to_in_the_chat() {
    let server = Server::start();
    for protocol in PROTOCOLS {
        let home = home(&server, protocol);
        let mut pty = Pty::start(&home, &["--max-tokens", "24"], &[]);
        pty.see("the chat", |frame| frame.alternate && frame.has("› "));
        pty.ask(STORY);
        pty.see_text("May this session leave this device?");
        pty.send("y");
        let done = pty.see("the answer", |frame| frame.has("24 tok ") && frame.has("length limit"));
        assert!(done.has("remote:real · ") && done.has("• "), "{}", done.text);
    }
}

#[test]
fn slow_a_real_server_that_dies_in_mid_answer_leaves_what_it_said() {
    for protocol in PROTOCOLS {
        let mut server = Server::start();
        let home = home(&server, protocol);
        let model = crate::support::model();
        let model = model.to_str().expect("UTF-8");
        let args = ["ask", "--no-stdin", "-m", model, "--temp", "0", "--max-tokens", "1500", STORY];
        let mut asking = command(&home, &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut said = [0; 24];
        let mut answer = asking.stdout.take().expect("a pipe");
        answer.read_exact(&mut said).expect("the beginning of an answer");
        server.kill();
        let mut rest = String::new();
        answer.read_to_string(&mut rest).expect("the rest");
        let ended = asking.wait_with_output().expect("its end");
        exits(&ended, 3);
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(told.contains("real: "), "{protocol}: {told}");
        let begun = String::from_utf8_lossy(&said);
        assert!(!begun.trim().is_empty(), "{protocol}");
        // The next turn says at once that nobody is there.
        let gone = ask(&home, &["Still there?"]);
        exits(&gone, 1);
    }
}

/// Questions that a small model answers at length.
const QUESTIONS: [&str; 20] = [
    "Write a long story about a dragon.",
    "What is the capital of France, and what is it known for?",
    "Explain how a bicycle works.",
    "List ten fruits and say what each tastes like.",
    "How is bread made?",
    "Describe a day at the sea.",
    "Why is the sky blue?",
    "Tell me about the history of Rome.",
    "Write a letter to a friend about a new job.",
    "What are the planets of the solar system?",
    "How do I learn to play the piano?",
    "Describe a cat to somebody who has never seen one.",
    "What is photosynthesis?",
    "Give me advice on how to sleep better.",
    "Explain what a computer program is.",
    "Write a poem about the rain.",
    "How does a refrigerator work?",
    "What makes a good teacher?",
    "Describe how to plant a tree.",
    "Tell me about the life of a bee.",
];

/// Returns whether two answers say the same as far as both go, and where they part.
fn same(one: &str, other: &str) -> Result<(), usize> {
    let pairs = one.char_indices().zip(other.chars());
    pairs.filter(|((_, a), b)| a != b).map(|((at, _), _)| at).next().map_or(Ok(()), Err)
}

/// Has every question answered with a hand-off, and compares with the whole answers of this device.
/// Two that part at once behind the splice do so for its token; the same tokens in batches of other
/// shapes part where two tokens are about as likely.
fn handed_over(mode: &str, question: &mut dyn FnMut(usize, &str, &Home) -> Asking) {
    let mut equal = 0;
    let mut traced = Vec::new();
    for (index, text) in QUESTIONS.iter().enumerate() {
        let home = Home::new();
        let mut spliced = question(index, text, &home);
        assert_eq!(spliced.end(), Some(0), "{mode}: {text}: {:?}", spliced.parts());
        let parts = spliced.parts();
        assert_eq!(parts.len(), 2, "{mode}: {text}: {parts:?}");
        let whole = ask(&home, &["--mode", "local-only", "--max-tokens", "96", text]);
        exits(&whole, 0);
        match same(spliced.text().trim_end(), stdout(&whole).trim_end()) {
            Ok(()) => equal += 1,
            Err(at) => traced.push(format!("{text}: {at}, spliced at {}", parts[0].1.len())),
        }
    }
    assert!(equal >= 18, "{mode}: {equal} of 20: {traced:#?}");
}

#[test]
fn slow_answers_that_a_real_server_leaves_end_as_if_nothing_had_been() {
    handed_over("prefer-remote", &mut |index, text, home| {
        let mut server = Server::start();
        let profile = "privacy = \"open\"\nmode = \"prefer-remote\"\nendpoint = \"real\"";
        configure(home, profile, &server.table(PROTOCOLS[index % 2]));
        let mut asking = Asking::start(home, &["--max-tokens", "96", text]);
        asking.says(24);
        server.kill();
        asking
    });
}

#[test]
fn slow_answers_that_an_engine_leaves_end_at_a_real_server_as_if_nothing_had_been() {
    let server = Server::start();
    handed_over("prefer-local", &mut |_, text, home| {
        let profile =
            format!("privacy = \"open\"\nmode = \"prefer-local\"\nendpoint = \"real\"\n{PATIENT}");
        configure(home, &profile, &server.table("openai"));
        let mut asking = Asking::start(home, &["--max-tokens", "96", text]);
        asking.says(24);
        asking.kill_engine();
        asking
    });
}

#[test]
fn slow_a_real_server_holds_an_answer_to_a_schema() {
    let server = Server::start();
    let home = home(&server, "openai");
    let file = crate::schema::file(&home);
    let file = file.to_str().expect("UTF-8");
    let call = ["--max-tokens", "64", "--schema", file, "Name a colour and count something."];
    let told = ask(&home, &call);
    exits(&told, 0);
    let value: serde_json::Value = serde_json::from_str(&stdout(&told)).expect("JSON");
    assert!(value["colour"].is_string() && value["count"].is_u64(), "{value}");
    // Over the other protocol it does not know the field: what comes is held against it all the same.
    configure(
        &home,
        "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"real\"",
        &server.table("anthropic"),
    );
    exits(&ask(&home, &call), 6);
}

#[test]
fn slow_what_an_engine_leaves_is_begun_anew_at_a_real_server_that_cannot_go_on() {
    let server = Server::start();
    let home = Home::new();
    let mut pty = left_in_the_middle(&home, "real", &server.table("anthropic"), "300");
    let done = pty.see("an answer of the server", |frame| {
        frame.has("remote:real · TTFT") && frame.has("300 tok ") && frame.has("length limit")
    });
    assert!(done.has("is begun anew elsewhere"), "{}", done.text);
    let audit = stdout(&run(&home, &["audit", "list", "--json"]));
    assert!(audit.contains("\"kind\":\"anew\""), "{audit}");
}
