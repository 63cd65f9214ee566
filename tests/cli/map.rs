//! `map`: many questions from stdin.

use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::answers::LONG;
use crate::home::Home;
use crate::running::Ran;
use crate::running::Running;

/// Reads the results of a call and its end, each checked for its keys.
#[track_caller]
fn read(ran: &Ran) -> (Vec<Value>, Value) {
    let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).expect(line));
    let mut events: Vec<Value> = lines.collect();
    let finish = events.pop().expect("an end");
    assert!(ran.stdout.ends_with('\n') && finish["type"] == "finish", "{ran:?}");
    let names = |event: &Value| -> Vec<String> {
        event.as_object().expect("an object").keys().cloned().collect()
    };
    let ending = ["reason", "error", "session", "usage", "timings", "route"];
    let last = [&["v", "type"], &ending[..], &["lines", "failed"]].concat();
    assert_eq!(names(&finish), last);
    for event in &events {
        assert_eq!(names(event), [&["v", "type", "index", "text"], &ending[..]].concat());
        assert_eq!((&event["v"], event["type"].as_str()), (&Value::from(1), Some("result")));
    }
    assert_eq!(finish["lines"], events.len());
    (events, finish)
}

fn indices(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["index"].as_u64().expect("a number")).collect()
}

#[test]
fn results_come_in_the_order_of_the_lines_however_long_each_takes() {
    let home = Home::new();
    // The first line takes longest.
    let input = format!("{LONG}\nSay one.\n\nSay two.\nSay three.\nSay four.");
    let args = ["map", "-j", "3", "--json", "--temp", "0", "--max-tokens", "40", "{}"];
    let ran = home.pipe(&args, input.as_bytes()).exits(0);
    let (results, finish) = read(&ran);
    assert_eq!(indices(&results), [0, 1, 3, 4, 5]);
    assert_eq!((&finish["reason"], &finish["failed"]), (&"end_of_turn".into(), &0.into()));
    for result in &results {
        assert_ne!(result["text"], "");
        assert_eq!(result["route"]["kind"], "local");
        assert!(result["timings"]["ttft_ms"].as_f64().expect("a time") > 0.0);
    }
    let sum = |results: &[Value]| -> u64 {
        results.iter().filter_map(|result| result["usage"]["completion_tokens"].as_u64()).sum()
    };
    assert_eq!(finish["usage"]["completion_tokens"], sum(&results));
    // What the lines have in common was evaluated for the first of a slot only.
    assert!(finish["usage"]["cached_tokens"].as_u64() > Some(20), "{finish}");
    assert_eq!(ran.stderr, "");
    home.engines_leave();
}

#[test]
fn a_template_is_filled_and_text_is_plain() {
    let home = Home::new();
    let map = home.pipe(&["map", "--json", "--max-tokens", "1", "a {} {{b}"], b"x y\r\n").exits(0);
    let ask = home.run(&["ask", "--json", "--max-tokens", "1", "a x y {b}"]).exits(0);
    let last = ask.stdout.lines().last().expect("an end");
    let ask: Value = serde_json::from_str(last).expect(last);
    assert_eq!(read(&map).0[0]["usage"]["prompt_tokens"], ask["usage"]["prompt_tokens"]);
    let file = home.path("lines.txt");
    std::fs::write(&file, "one\ntwo\n").expect("a file is written");
    let mut command = home.command(&["map", "--temp", "0", "--max-tokens", "3", "-v", "Say {}."]);
    command.stdin(File::open(file).expect("the file"));
    let plain = Running::start(command).end().exits(0).says(&["2 lines, ", " tok/s, total "]);
    assert!(plain.stdout.lines().count() >= 2 && !plain.stdout.contains('{'), "{plain:?}");
    let none = home.pipe(&["map", "{}"], b"\n \n").exits(0);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", ""));
}

#[test]
fn each_line_is_answered_when_it_comes() {
    let home = Home::new();
    let mut command = home.command(&["map", "--json", "--max-tokens", "2", "Say {}."]);
    let (read, mut input) = std::io::pipe().expect("a pipe");
    command.stdin(read);
    let mut running = Running::start(command);
    let mut results = BufReader::new(running.stdout());
    for index in 0..3 {
        writeln!(input, "{index}").expect("it reads");
        let mut line = String::new();
        results.read_line(&mut line).expect("a result");
        let result: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(result["index"], index);
    }
    drop(input);
    let mut rest = String::new();
    results.read_to_string(&mut rest).expect("an end");
    assert!(rest.contains("\"lines\":3"), "{rest}");
    running.end().exits(0);
}

#[test]
fn a_line_that_fails_ends_the_work_unless_it_is_to_go_on() {
    let home = Home::new();
    home.config("n_ctx = 60\n");
    let mut input = b"Hi\n".to_vec();
    input.extend(b"word ".repeat(200));
    input.extend(b"\nno \xff text\nHo\n");
    let first = home.pipe(&["map", "--max-tokens", "2", "{}"], &input).exits(5);
    assert_eq!(first.stdout.trim_end().lines().count(), 1, "{first:?}");
    first.says(&["error: line 2: the conversation has ", "hint: "]);
    let all = home.pipe(&["map", "-k", "--json", "--max-tokens", "2", "{}"], &input).exits(5);
    let (results, finish) = read(&all);
    assert_eq!(indices(&results), [0, 1, 2, 3]);
    let kinds: Vec<&Value> = results.iter().map(|result| &result["error"]["kind"]).collect();
    assert_eq!(kinds, [&Value::Null, &"too_long".into(), &"usage".into(), &Value::Null]);
    assert_eq!((&finish["failed"], &finish["error"]["kind"]), (&2.into(), &"too_long".into()));
    // A line that fills the context is cut short: its part is printed.
    let cut = home.pipe(&["map", "--temp", "0", "{}"], format!("{LONG}\n").as_bytes()).exits(3);
    assert!(cut.stdout.len() > 10, "{cut:?}");
    cut.says(&["error: line 1: the context is full"]);
}

#[test]
fn an_interruption_leaves_whole_lines_and_says_so() {
    let home = Home::new();
    let mut command = home.command(&["map", "-j", "2", "--json", "--temp", "0", "{}"]);
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    running.feed(format!("Say one.\n{LONG}\n{LONG}\n").as_bytes());
    let mut results = BufReader::new(running.stdout());
    let mut all = String::new();
    results.read_line(&mut all).expect("the first result");
    running.signal(Signal::INT);
    results.read_to_string(&mut all).expect("the rest");
    let ran = running.end().exits(130);
    let (results, finish) = read(&Ran { stdout: all, ..ran });
    assert_eq!((indices(&results), &finish["reason"]), (vec![0], &"cancelled".into()));
    home.engines_leave();
}

#[test]
fn a_closed_pipe_ends_an_endless_input_and_is_no_failure() {
    let home = Home::new();
    let mut command = home.command(&["map", "--max-tokens", "1", "Say {}."]);
    let (read, mut write) = std::io::pipe().expect("a pipe");
    command.stdin(read);
    let mut running = Running::start(command);
    let feeder = std::thread::spawn(move || while write.write_all(b"more\n").is_ok() {});
    let mut stdout = running.stdout();
    stdout.read_exact(&mut [0; 1]).expect("a result");
    drop(stdout);
    running.end().exits(0);
    feeder.join().expect("it stops with its reader");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_starts() {
    let home = Home::new();
    home.pipe(&["map", "no place"], b"a\n").exits(2).says(&["no {} for the line", "hint: "]);
    home.pipe(&["map", "--no-stdin", "{}"], b"a\n").exits(2).says(&["--no-stdin"]);
    home.pipe(&["map", "-s", "new", "{}"], b"a\n").exits(2).says(&["map keeps no session"]);
    home.pipe(&["map", "-j", "0", "{}"], b"a\n").exits(2);
    home.pipe(&["map", "-j", "65", "{}"], b"a\n").exits(2);
    home.pipe(&["map"], b"a\n").exits(2).answers_nothing();
    assert!(!home.had_an_engine());
}
