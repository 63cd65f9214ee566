//! An answer that breaks off in mid-sentence goes on elsewhere, once, and says so.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::endpoint::Speaks;
use crate::home::command;
use crate::home::configure;
use crate::home::run;
use crate::home::stdout;
use crate::terminal::Home;
use crate::terminal::Process;
use crate::terminal::Pty;

/// What the model answers at length.
const STORY: &str = "Write a long story about a dragon.";

/// Nothing is too slow, so that a turn begins where the mode prefers it.
pub(crate) const PATIENT: &str = "slo = { ttft_ms = 600000, tbt_ms = 60000 }";

/// An answer on its way, line by line.
pub(crate) struct Asking {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    pub(crate) told: Vec<Value>,
}

impl Asking {
    pub(crate) fn start(home: &Home, args: &[&str]) -> Self {
        let model = crate::support::model();
        let model = model.to_str().expect("UTF-8");
        let all = [&["ask", "--json", "--no-stdin", "-m", model, "--temp", "0"], args].concat();
        let mut command = command(home, &all);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines, told: Vec::new() }
    }

    fn next(&mut self) -> Option<&Value> {
        let line = self.lines.next()?.expect("a line");
        self.told.push(serde_json::from_str(&line).expect("JSON"));
        self.told.last()
    }

    /// Reads until so many bytes of the answer are there.
    pub(crate) fn says(&mut self, bytes: usize) {
        while self.text().len() < bytes {
            assert!(self.next().is_some(), "it ended: {:?}", self.told.last());
        }
    }

    /// Returns its engine.
    pub(crate) fn engine(&self) -> Process {
        Process::open(self.child.id()).engine()
    }

    /// Ends its engine as a crash does.
    pub(crate) fn kill_engine(&self) {
        let engine = self.engine();
        engine.signal(Signal::KILL);
        engine.gone();
    }

    /// Reads the rest; returns the exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        while self.next().is_some() {}
        self.child.wait().expect("its end").code()
    }

    fn texts(told: &[Value]) -> impl Iterator<Item = &str> {
        told.iter().filter_map(|event| event["text"].as_str().filter(|_| event["type"] == "delta"))
    }

    pub(crate) fn text(&self) -> String {
        Self::texts(&self.told).collect()
    }

    /// Returns the answer cut where its route changed, each part with its route.
    pub(crate) fn parts(&self) -> Vec<(String, String)> {
        let mut parts: Vec<(String, String)> = Vec::new();
        for event in &self.told {
            if event["type"] == "route" {
                let endpoint = event["endpoint"].as_str();
                let route = endpoint.map_or("local".to_owned(), |name| format!("remote:{name}"));
                parts.push((route, String::new()));
            } else if let (Some(part), "delta") =
                (parts.last_mut(), event["type"].as_str().unwrap_or_default())
            {
                part.1.push_str(event["text"].as_str().unwrap_or_default());
            }
        }
        parts
    }

    pub(crate) fn finish(&self) -> &Value {
        self.told.last().filter(|event| event["type"] == "finish").expect("an end")
    }
}

#[test]
fn this_device_goes_on_with_what_an_endpoint_leaves() {
    let begun = "Once upon a time, in a land far away, there lived a";
    let lan = Endpoint::start(vec![Says::Part(begun)]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"prefer-remote\"\nendpoint = \"lan\"";
    configure(&home, profile, &lan.table("lan"));
    let mut asking = Asking::start(&home, &["-s", "new", "--max-tokens", "24", STORY]);
    let code = asking.end();
    let parts = asking.parts();
    assert_eq!(code, Some(0), "{parts:?}");
    assert_eq!(parts.len(), 2, "one route after the other: {parts:?}");
    assert_eq!(parts[0], ("remote:lan".to_owned(), begun.to_owned()));
    assert_eq!(parts[1].0, "local");
    let rest = &parts[1].1;
    assert!(rest.starts_with(' ') && rest.trim().len() > 8, "the sentence goes on: {rest:?}");
    let finish = asking.finish();
    assert_eq!(finish["reason"], "length", "{finish}");
    // What the endpoint gave counts: nobody gets more than was asked for.
    assert_eq!(finish["usage"]["completion_tokens"], 24, "{finish}");
    assert_eq!(lan.asked().len(), 1, "nothing is asked twice behind its first word");
    let audit = stdout(&run(&home, &["audit", "list", "--json"]));
    assert!(audit.contains("the answer broke off and goes on here"), "{audit}");
    assert!(audit.contains("\"kind\":\"handoff\""), "{audit}");
    // What came from where is kept with the answer.
    let saved = stdout(&run(&home, &["sessions", "export", "last"]));
    let split = format!("\"from_byte\":{}", begun.len());
    assert!(saved.contains(&split) && saved.contains("remote:lan"), "{saved}");
}

#[test]
fn an_endpoint_goes_on_with_what_an_engine_leaves() {
    let lan = Endpoint::start(vec![Says::All(" and that was all.")]);
    let home = Home::new();
    let profile =
        format!("privacy = \"open\"\nmode = \"prefer-local\"\nendpoint = \"lan\"\n{PATIENT}");
    configure(&home, &profile, &lan.table("lan"));
    let mut asking = Asking::start(&home, &["--max-tokens", "1500", STORY]);
    asking.says(24);
    asking.kill_engine();
    let code = asking.end();
    let parts = asking.parts();
    assert_eq!(code, Some(0), "{parts:?}");
    let [(first, begun), (second, rest)] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("local", "remote:lan"));
    assert_eq!(rest, " and that was all.");
    let asked = lan.asked();
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    let last = asked["messages"].as_array().and_then(|all| all.last()).expect("a message");
    assert_eq!((&last["role"], &last["content"]), (&"assistant".into(), &begun.as_str().into()));
    assert_eq!(asking.finish()["reason"], "end_of_turn");
}

#[test]
fn an_answer_changes_hands_once() {
    let lan = Endpoint::start(vec![Says::Part("One "), Says::Part("two ")]);
    let wan = Endpoint::start(vec![Says::Part("three ")]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"prefer-remote\"\nendpoint = [\"lan\", \"wan\"]";
    configure(&home, profile, &(lan.table("lan") + &wan.table("wan")));
    let mut asking = Asking::start(&home, &["Count."]);
    let code = asking.end();
    assert_eq!((code, asking.text().as_str()), (Some(3), "One three "), "{:?}", asking.parts());
    assert_eq!((lan.asked().len(), wan.asked().len()), (1, 1));
}

#[test]
fn ollama_goes_on_with_what_another_endpoint_leaves() {
    let lan = Endpoint::start(vec![Says::Part("One two ")]);
    let far = Endpoint::speaking(Speaks::Ollama, vec![Says::All("three.")]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = [\"lan\", \"far\"]";
    configure(&home, profile, &(lan.table("lan") + &far.table("far")));
    let mut asking = Asking::start(&home, &["Count."]);
    assert_eq!((asking.end(), asking.text().as_str()), (Some(0), "One two three."));
    let sent = far.asked().remove(0);
    let last = sent["messages"].as_array().and_then(|all| all.last()).expect("a message");
    assert_eq!((&last["role"], &last["content"]), (&"assistant".into(), &"One two ".into()));
}

/// Asks in the chat, whose turns may go to both endpoints of the profile.
fn chat(home: &Home, endpoints: usize) -> Pty {
    let mut pty = Pty::start(home, &[], &[]);
    pty.ready();
    pty.ask("Count.");
    for _ in 0..endpoints {
        pty.see_text("May this session leave this device?");
        pty.send("y");
    }
    pty
}

#[test]
fn an_answer_that_nobody_goes_on_with_is_begun_anew_in_the_chat_and_its_part_is_kept() {
    let lan = Endpoint::start(vec![Says::Part("One two ")]);
    // What speaks as Anthropic does and is not Anthropic's does not go on with text.
    let far = Endpoint::speaking(Speaks::Anthropic, vec![Says::Held("All of it at last.")]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = [\"lan\", \"far\"]";
    configure(&home, profile, &(lan.table("lan") + &far.table("far")));
    let mut pty = chat(&home, 1);
    pty.see("the other question", |frame| frame.has("to far ("));
    pty.send("y");
    let label = pty.see("where and why", |frame| frame.has("remote:far · big"));
    assert!(label.has("begun anew, because remote:lan broke off"), "{}", label.text);
    assert!(!label.has("One two"), "the part is a sibling: {}", label.text);
    far.release();
    pty.see("the answer", |frame| frame.has("All of it at last.") && frame.has(" ready · "));
    let sent = far.asked().remove(0);
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(1), "nothing of the part: {sent}");
    // It is a way back to the part, which says what it is.
    pty.send("\x1b");
    pty.see("a marked message", |frame| frame.has("2/2"));
    pty.send("\x1b[D");
    let part = pty.see("the part", |frame| frame.has("1/2") && frame.has("One two"));
    assert!(part.has("interrupted: lan: "), "{}", part.text);
    let audit = stdout(&run(&home, &["audit", "list", "--json"]));
    let ends: Vec<Value> =
        audit.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ends: Vec<_> = ends.iter().map(|it| (&it["chosen"], &it["actual"]["finish"])).collect();
    assert_eq!(
        ends,
        [
            (&"remote:lan".into(), &"interrupted".into()),
            (&"remote:far".into(), &"end_of_turn".into())
        ]
    );
}

/// Starts a chat that begins an answer on this device and may go on at an endpoint, and kills the
/// engine in mid-sentence.
pub(crate) fn left_in_the_middle(home: &Home, endpoint: &str, table: &str, tokens: &str) -> Pty {
    let mode = "privacy = \"open\"\nmode = \"prefer-local\"";
    configure(home, &format!("{mode}\nendpoint = \"{endpoint}\"\n{PATIENT}"), table);
    let mut pty = Pty::start(home, &["--max-tokens", tokens], &[]);
    pty.ready();
    pty.ask(STORY);
    pty.see_text("May this session leave this device?");
    pty.send("y");
    pty.see("a beginning", |frame| frame.has("• "));
    pty.front().engine().signal(Signal::KILL);
    pty
}

#[test]
fn what_an_engine_leaves_is_begun_anew_where_nobody_goes_on() {
    let far = Endpoint::speaking(Speaks::Anthropic, vec![Says::All("All of it at last.")]);
    let home = Home::new();
    let mut pty = left_in_the_middle(&home, "far", &far.table("far"), "1500");
    pty.see("the answer", |frame| frame.has("All of it at last.") && frame.has(" ready · "));
    let sent = far.asked().remove(0);
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(1), "nothing of the part: {sent}");
}

#[test]
fn a_script_keeps_the_part_and_says_that_it_is_one() {
    let lan = Endpoint::start(vec![Says::Part("One two ")]);
    let far = Endpoint::speaking(Speaks::Anthropic, vec![Says::All("All of it.")]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = [\"lan\", \"far\"]";
    configure(&home, profile, &(lan.table("lan") + &far.table("far")));
    let mut asking = Asking::start(&home, &["Count."]);
    // What is on stdout cannot be taken back.
    assert_eq!((asking.end(), asking.text().as_str()), (Some(3), "One two "));
    assert_eq!(far.asked().len(), 0);
}
