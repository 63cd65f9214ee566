//! `--schema`: answers that a program can read.

use std::fs;

use serde_json::Value;

use crate::events::Events;
use crate::home::Home;

const SCHEMA: &str = r#"{"type": "object", "properties": {"colour": {"enum": ["red", "blue"]},
    "count": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["colour", "count"]}"#;

fn with_schema(text: &str) -> (Home, String) {
    let home = Home::new();
    let file = home.path("schema.json");
    fs::write(&file, text).expect("a file is written");
    (home, file.display().to_string())
}

#[test]
fn an_answer_is_json_that_matches() {
    let (home, schema) = with_schema(SCHEMA);
    let ran = home.run(&["ask", "--temp", "0", "--schema", &schema, "Name a colour."]).exits(0);
    let value: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(value["colour"].is_string() && value["count"].is_u64(), "{value}");
    let args = ["map", "--json", "--temp", "2", "--schema", &schema, "A {} thing."];
    let ran = home.pipe(&args, b"red\nblue\n").exits(0);
    for line in ran.stdout.lines().take(2) {
        let result: Value = serde_json::from_str(line).expect("JSON");
        let text = result["text"].as_str().expect("a text");
        let value: Value = serde_json::from_str(text).expect(text);
        assert!(value["count"].as_u64() < Some(10), "{value}");
    }
}

#[test]
fn an_answer_that_is_cut_short_does_not_match() {
    let (home, schema) = with_schema(SCHEMA);
    let args = ["--temp", "0", "--max-tokens", "4", "--schema", &schema];
    let ask = [&["ask", "--json"], &args[..], &["Name a colour."]].concat();
    let ran = home.run(&ask).exits(6);
    let events = Events::read(&ran);
    assert_eq!(events.finish()["reason"], "failed");
    assert_eq!(events.finish()["error"]["kind"], "schema");
    assert!(!events.text().is_empty(), "what there is is printed");
    let plain = home.run(&[&["ask"], &args[..], &["Name a colour."]].concat()).exits(6);
    plain.says(&["error: the answer, cut short by the limit on its tokens, does not match"]);
    let map = [&["map"], &args[..], &["{}"]].concat();
    home.pipe(&map, b"a\nb\n").exits(6).says(&["line 1: the answer, cut short"]);
}

#[test]
fn a_schema_that_is_none_is_refused_before_anything_starts() {
    for text in ["", "{\"type\": 3}", "[]"] {
        let (home, schema) = with_schema(text);
        let args = ["ask", "--schema", schema.as_str(), "Hi"];
        home.run(&args).exits(2).answers_nothing().says(&["schema.json is no JSON"]);
        assert!(!home.had_an_engine());
    }
    let home = Home::new();
    home.run(&["ask", "--schema", "/nowhere.json", "Hi"]).exits(2).says(&["cannot read"]);
    // One that can be validated and not enforced: the engine says so before any token.
    let (home, schema) = with_schema(r#"{"type": "string", "minLength": 9999999}"#);
    let args = ["ask", "--schema", schema.as_str(), "Hi"];
    home.run(&args).exits(2).answers_nothing().says(&["cannot be enforced", "hint: references"]);
}
