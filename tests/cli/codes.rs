//! What is published for programs: the exit codes, and the schema of the lines of `--json`.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;

use edgewise::cli::exit::Exit;
use jsonschema::Validator;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::answers::LONG;
use crate::events::Events;
use crate::home::Home;
use crate::running::Ran;
use crate::running::Running;

/// Reads the schema as the program prints it.
fn schema() -> Validator {
    let home = Home::without_model();
    let printed = home.run(&["config", "schema", "--output"]).exits(0).stdout;
    assert_eq!(printed, include_str!("../../assets/output.schema.json"));
    let schema: Value = serde_json::from_str(&printed).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Fails unless every printed line is what the schema says; returns their types.
#[track_caller]
fn valid(schema: &Validator, ran: &Ran) -> Vec<String> {
    assert!(ran.stdout.ends_with('\n'), "{ran:?}");
    let lines = ran.stdout.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect(line);
        let wrong: Vec<String> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{line}: {wrong:?}");
        line["type"].as_str().expect("a type").to_owned()
    });
    let mut types: Vec<String> = lines.collect();
    types.dedup();
    types
}

/// A call for each code that needs no signal: code, arguments, reason, kind of the error.
type Row = (i32, Vec<String>, &'static str, Value);

fn rows(home: &Home) -> Vec<Row> {
    let file = |name: &str, text: &[u8]| {
        let path = home.path(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let bad = file("bad.gguf", b"GGUF and then nothing of a model");
    let schema = file("s.json", br#"{"type": "object", "required": ["a"]}"#);
    let row = |code, args: &[&str], reason, kind: Value| {
        (code, args.iter().map(|arg| (*arg).to_owned()).collect(), reason, kind)
    };
    vec![
        row(0, &["--max-tokens", "2", "Hi"], "length", Value::Null),
        row(1, &["-m", &bad, "Hi"], "failed", "failed".into()),
        row(2, &["-p", "none", "Hi"], "failed", "usage".into()),
        row(3, &["-p", "small", "--temp", "0", LONG], "context_full", Value::Null),
        row(4, &["--mode", "remote-only", "--offline", "Hi"], "failed", "no_route".into()),
        row(5, &["-p", "small", &"word ".repeat(200)], "failed", "too_long".into()),
        row(6, &["--schema", &schema, "--max-tokens", "1", "Hi"], "failed", "schema".into()),
    ]
}

#[test]
fn every_published_code_has_its_call_and_its_lines_are_as_the_schema_says() {
    let schema = schema();
    let home = Home::new();
    home.config("[profiles.small]\nextends = \"default\"\nn_ctx = 64\n");
    let mut codes = Vec::new();
    for (code, args, reason, kind) in rows(&home) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let plain = home.run(&[&["ask"], &args[..]].concat()).exits(code);
        assert_eq!(plain.stderr.starts_with("error: "), code != 0, "{plain:?}");
        let ran = home.run(&[&["ask", "--json"], &args[..]].concat()).exits(code);
        let types = valid(&schema, &ran);
        assert_eq!(types.last().map(String::as_str), Some("finish"));
        let events = Events::read(&ran);
        let finish = events.finish();
        assert_eq!((finish["reason"].as_str(), &finish["error"]["kind"]), (Some(reason), &kind));
        codes.push(code);
    }
    let mut asked = Running::start(home.command(&["ask", "--json", "--temp", "0", LONG]));
    let mut lines = BufReader::new(asked.stdout());
    let mut printed = String::new();
    while !printed.contains("\"delta\"") {
        assert_ne!(lines.read_line(&mut printed).expect("a line"), 0, "it ended: {printed}");
    }
    asked.signal(Signal::INT);
    lines.read_to_string(&mut printed).expect("the rest");
    let ran = Ran { stdout: printed, ..asked.end().exits(130) };
    assert_eq!(valid(&schema, &ran), ["route", "prefill", "delta", "finish"]);
    codes.push(130);
    assert_eq!(codes, Exit::ALL.map(|exit| i32::from(exit.code())));
    home.engines_leave();
}

#[test]
fn the_lines_of_map_are_as_the_schema_says() {
    let schema = schema();
    let home = Home::new();
    let args = ["map", "-k", "--json", "--max-tokens", "2", "Say {}."];
    let ran = home.pipe(&args, b"one\nno \xff text\n").exits(2);
    assert_eq!(valid(&schema, &ran), ["result", "finish"]);
    let ran = home.pipe(&["map", "--json", "-m", "none", "{}"], b"one\n").exits(2);
    assert_eq!(valid(&schema, &ran), ["finish"]);
    home.engines_leave();
}

#[test]
fn the_schema_refuses_what_is_not_printed() {
    let schema = schema();
    let good = json!({"v": 1, "type": "delta", "text": "a"});
    assert!(schema.is_valid(&good));
    let other = |key: &str, value: Value| {
        let mut line = good.clone();
        line[key] = value;
        line
    };
    for wrong in [
        other("v", 2.into()),
        other("type", "prefill".into()),
        other("text", "".into()),
        other("more", 1.into()),
        json!({"v": 1, "type": "delta"}),
        json!({"v": 1, "type": "waiting", "ms": -1, "why": "x"}),
        json!([]),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn the_readme_and_the_help_name_every_code() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("| exit code | meaning |\n|---|---|\n").expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let codes = rows.map(|row| row.split('|').nth(1).expect("a cell").trim().parse::<u8>());
    let codes: Vec<u8> = codes.map(|code| code.expect("a number")).collect();
    assert_eq!(codes, Exit::ALL.map(Exit::code));
    let help = Home::without_model().run(&["--help"]).exits(0).stdout;
    let (_, listed) = help.split_once("Exit codes:").expect("the codes");
    for code in codes {
        assert!(listed.contains(&format!(" {code} ")), "{code} in {listed}");
    }
}
