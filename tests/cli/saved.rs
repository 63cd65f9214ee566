//! Turns that are kept: `ask -s` and what it leaves behind.

use std::fs;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::net::UnixListener;

use rustix::fs::FlockOperation;
use rustix::fs::flock;
use rustix::process::Signal;

use crate::answers::LONG;
use crate::events::Events;
use crate::home::Home;
use crate::running::Running;
use crate::running::gone;

#[test]
fn a_session_goes_on_where_it_was() {
    let home = Home::new();
    let first = home.run(&["ask", "-s", "new", "--temp", "0", "--max-tokens", "8", "--json", "Hi"]);
    let first = Events::read(&first.exits(0));
    let id = first.finish()["session"].as_str().expect("an id").to_owned();
    let args = ["ask", "-s", "last", "--temp", "0", "--max-tokens", "8", "--json", "And then?"];
    let second = Events::read(&home.run(&args).exits(0));
    assert_eq!(second.finish()["session"], id.as_str());
    assert!(second.prompt() > first.prompt(), "the first turn is part of the second one's prompt");
    let shown = home.run(&["sessions", "show", &id[..18], "--json"]).exits(0).stdout;
    let lines: Vec<serde_json::Value> =
        shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), &lines[0]["title"]), (5, &"Hi".into()));
    let states: Vec<&str> =
        lines[1..].iter().map(|line| line["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["complete"; 4]);
    assert_eq!(lines[2]["parts"][0]["text"], first.text().as_str());
    assert_eq!(lines[4]["answer"]["spans"][0]["route"], "local");
    assert_eq!(lines[4]["answer"]["stop"], second.finish()["reason"]);
    home.engines_leave();
}

/// Somebody else opens the store for as long as the file that this returns is open.
fn opening(home: &Home) -> fs::File {
    let lock = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(home.path("data/sessions/opening.lock"))
        .expect("a lock");
    flock(&lock, FlockOperation::LockExclusive).expect("locked");
    lock
}

#[test]
fn the_model_is_loaded_while_the_store_is_opened() {
    let home = Home::new();
    fs::create_dir_all(home.path("data/sessions")).expect("a directory");
    for session in ["new", "last"] {
        let lock = opening(&home);
        let asked =
            Running::start(home.command(&["ask", "-s", session, "--max-tokens", "2", "Hi"]));
        asked.until("an engine", || home.engines().first().copied());
        drop(lock);
        asked.end().exits(0);
        home.engines_leave();
    }
    let listed = home.run(&["sessions", "list", "--json"]).exits(0).stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[test]
fn a_store_that_refuses_leaves_no_engine() {
    let home = Home::new();
    fs::write(home.path("data/sessions"), "in the way").expect("written");
    let refused = home.run(&["ask", "-s", "new", "Hi"]).exits(1).answers_nothing();
    refused.says(&["nothing is saved: "]);
    home.engines_leave();
    let unknown = home.run(&["ask", "-s", "last", "Hi"]).exits(2).answers_nothing();
    unknown.says(&["no session `last`"]);
    home.engines_leave();
}

#[test]
fn what_the_chat_left_out_stays_left_out() {
    let home = Home::new();
    let id = |last: u32| format!("01890a5d-ac96-774b-bcce-b302099a800{last}");
    let message = |number: u32, role: &str, text: &str| {
        let mut line = serde_json::json!({
            "type": "message", "id": id(number), "role": role, "state": "complete",
            "created_ms": 1_700_000_000_000_i64, "parts": [{"text": text}],
        });
        if number > 1 {
            line["parent"] = id(number - 1).into();
        }
        line
    };
    let mut newest = message(7, "assistant", "Three.");
    newest["answer"] = serde_json::json!({"stop": "end_of_turn"});
    newest["settings"] = serde_json::json!({"sent_from": id(3)});
    let session = serde_json::json!({
        "type": "session", "v": 1, "id": id(0), "title": "counting", "profile": "default",
        "mode": "prefer-local", "privacy": "local-only", "created_ms": 1, "updated_ms": 1,
        "leaf": id(7),
    });
    let lines = [
        session,
        message(1, "user", &"apple, stone, cloud, ".repeat(100)),
        message(2, "assistant", "One."),
        message(3, "user", "And then?"),
        message(4, "assistant", "Two."),
        message(5, "system", "The numbers are said in words."),
        message(6, "user", "And then?"),
        newest,
    ];
    let file = home.path("counting.jsonl");
    let lines = lines.map(|line| line.to_string());
    fs::write(&file, lines.join("\n")).expect("a file");
    home.run(&["sessions", "import", file.to_str().expect("text")]).exits(0);
    let asked = ["ask", "-s", "last", "--max-tokens", "4", "--json", "And then?"];
    let asked = Events::read(&home.run(&asked).exits(0));
    assert!(asked.prompt() < 150, "{} tokens are more than what was kept", asked.prompt());
    let shown = home.run(&["sessions", "show", "last", "--json"]).exits(0).stdout;
    let last: serde_json::Value =
        serde_json::from_str(shown.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["settings"]["sent_from"], id(3), "and the chat knows it: {last}");
    home.engines_leave();
}

#[test]
fn nothing_is_kept_unasked() {
    let home = Home::new();
    home.run(&["ask", "--max-tokens", "2", "Hi"]).exits(0);
    home.run(&["ask", "--ephemeral", "--max-tokens", "2", "Hi"]).exits(0);
    assert!(!home.path("data/sessions").exists());
    home.run(&["ask", "--ephemeral", "-s", "new", "Hi"]).exits(2);
    home.engines_leave();
}

#[test]
fn an_answer_that_is_cut_off_is_kept_as_far_as_it_came() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "-s", "new", "--temp", "0", LONG]));
    let mut first = [0; 8];
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut first).expect("the first words");
    // While it streams, the session is busy for everybody else.
    let busy = home.run(&["ask", "-s", "last", "Me too"]).exits(1);
    assert!(busy.stderr.contains("another window answers in this session"), "{busy:?}");
    asked.signal(Signal::INT);
    drop(io::read_to_string(stdout));
    asked.end().exits(130);
    let shown = home.run(&["sessions", "show", "last"]).exits(0).stdout;
    assert!(shown.contains(", stopped\n"), "{shown}");
    assert!(shown.contains(std::str::from_utf8(&first).expect("text").trim()), "{shown}");
    home.engines_leave();
}

#[test]
fn an_answer_whose_program_was_killed_is_interrupted() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "-s", "new", "--temp", "0", LONG]));
    let mut first = [0; 8];
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut first).expect("the first words");
    asked.signal(Signal::KILL);
    gone(asked.pid());
    let shown = home.run(&["sessions", "show", "last"]).exits(0);
    assert!(shown.stdout.contains(", cut short\n"), "{shown:?}");
    assert!(shown.stderr.contains("one answer was cut short when its window died"), "{shown:?}");
    home.engines_leave();
}

#[test]
fn a_purge_asks_every_engine_and_removes_nothing_while_one_is_silent() {
    let home = Home::new();
    home.run(&["ask", "-s", "new", "--max-tokens", "2", "A secret"]).exits(0);
    home.engines_leave();
    // As an engine of another version does.
    let socket = UnixListener::bind(home.path("run/other.sock")).expect("a socket");
    let other = std::thread::spawn(move || {
        let (mut front, _) = socket.accept().expect("a front");
        front.write_all(&[0xff; 64]).expect("it reads");
        drop(io::read_to_string(front));
    });
    let refused = home.run(&["sessions", "purge", "last"]).exits(1);
    other.join().expect("somebody asked");
    let me = std::process::id();
    refused.says(&[
        &format!("engine {me} does not answer and may hold the conversation: not removed"),
        &format!("hint: end it with `kill {me}`, then purge again"),
    ]);
    home.run(&["sessions", "show", "A secret"]).exits(0);
    let mut asked = Running::start(home.command(&["ask", "--temp", "0", LONG]));
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut [0; 8]).expect("the first words");
    let purged = home.run(&["sessions", "purge", "A secret"]).exits(0).stdout;
    assert!(purged.contains("asked 1 engine: no trace"), "{purged}");
    asked.signal(Signal::INT);
    drop(io::read_to_string(stdout));
    asked.end().exits(130);
    assert_eq!(home.run(&["sessions", "list", "--json"]).exits(0).stdout, "");
    home.engines_leave();
}

#[test]
fn a_purge_without_an_engine_deletes_what_the_cache_has_of_the_session() {
    let home = Home::without_model();
    let id = |last: u32| format!("01890a5d-ac96-774b-bcce-b302099a800{last}");
    let sessions = [1, 2].map(|last| {
        let line = serde_json::json!({
            "type": "session", "v": 1, "id": id(last), "title": format!("number {last}"),
            "profile": "default", "mode": "prefer-local", "privacy": "local-only",
            "created_ms": 1, "updated_ms": 1,
        });
        line.to_string()
    });
    fs::write(home.path("home/two.jsonl"), sessions.join("\n")).expect("a file");
    home.run(&["sessions", "import", "two.jsonl"]).exits(0);
    fs::create_dir_all(home.path("cache/kv")).expect("a directory");
    let kept = |last| home.path(&format!("cache/kv/{}.kv", id(last)));
    for last in [1, 2] {
        fs::write(kept(last), "cells").expect("a file");
    }
    let purged = home.run(&["sessions", "purge", "number 1"]).exits(0).stdout;
    assert!(purged.contains("deleted 1 file of the cache, searched "), "{purged}");
    assert!(purged.ends_with(" files and asked 0 engines: no trace\n"), "{purged}");
    assert!(!kept(1).exists() && kept(2).exists());
}

#[test]
fn a_session_that_is_not_there_lists_the_nearest() {
    let home = Home::without_model();
    let none = home.run(&["ask", "-s", "rivers", "Hi"]).exits(2);
    assert!(none.stderr.contains("no session `rivers`"), "{none:?}");
    let file = home.path("log.db");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store/llm-0.36.db");
    fs::copy(fixture, &file).expect("copied");
    let file = file.to_string_lossy().into_owned();
    let taken = home.run(&["sessions", "import", &file]).exits(0).stdout;
    assert!(taken.starts_with("taken in: 4 sessions with 10 messages\n"), "{taken}");
    let near = home.run(&["sessions", "show", "café"]).exits(2);
    assert!(near.stderr.contains("What is a café?"), "{near:?}");
    let all = home.run(&["sessions", "export"]).exits(0).stdout;
    let other = Home::without_model();
    let moved = other.path("all.jsonl");
    fs::write(&moved, &all).expect("written");
    let moved = moved.to_string_lossy().into_owned();
    other.run(&["sessions", "import", &moved]).exits(0);
    assert_eq!(other.run(&["sessions", "export"]).exits(0).stdout, all, "identical");
    let to = other.path("again.jsonl").to_string_lossy().into_owned();
    let told = other.run(&["sessions", "export", "-o", &to, "--json"]).exits(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).expect("an object");
    assert_eq!(
        (&told["type"], &told["sessions"], &told["file"]),
        (&"export".into(), &4.into(), &to.clone().into())
    );
    assert_eq!(fs::read_to_string(&to).expect("a file"), all);
    while other.run(&["sessions", "archive", "last"]).status.success() {}
    let hidden = other.run(&["sessions", "show", "last"]).exits(2);
    assert!(hidden.stderr.contains("What is a café?"), "{hidden:?}");
}
