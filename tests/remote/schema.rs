//! Answers that a program can read, wherever they come from.

use std::path::PathBuf;

use edgewise::config::Protocol;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::fault::Server;
use crate::fault::answer;
use crate::fault::reply;
use crate::home::configure;
use crate::home::exits;
use crate::home::run;
use crate::home::stderr;
use crate::home::stdout;
use crate::table::Frames;
use crate::terminal::Home;

pub(crate) const SCHEMA: &str = r#"{"type": "object", "properties": {"colour": {"enum": ["red", "blue"]},
    "count": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["colour", "count"]}"#;

/// Writes a schema where a call finds it.
pub(crate) fn file(home: &Home) -> PathBuf {
    let path = home.path().join("schema.json");
    std::fs::write(&path, SCHEMA).expect("a file");
    path
}

fn remote_only(says: &'static str) -> (Home, Endpoint) {
    let lan = Endpoint::start(vec![Says::All(says)]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    configure(&home, profile, &lan.table("lan"));
    (home, lan)
}

fn asked(home: &Home, more: &[&str]) -> std::process::Output {
    let file = file(home);
    let file = file.to_str().expect("UTF-8");
    run(home, &[&["ask", "--no-stdin", "--schema", file, "Name a colour."], more].concat())
}

#[test]
fn an_endpoint_is_told_the_schema_and_what_it_says_is_held_against_it() {
    let (home, lan) = remote_only("{\"colour\": \"red\", \"count\": 3}");
    let told = asked(&home, &[]);
    exits(&told, 0);
    assert_eq!(stdout(&told).trim_end(), "{\"colour\": \"red\", \"count\": 3}");
    let sent = lan.asked().remove(0);
    let wanted: Value = serde_json::from_str(SCHEMA).expect("JSON");
    assert_eq!(sent["response_format"]["json_schema"]["schema"], wanted, "{sent}");
    // One that does as it likes has not answered.
    let (home, _lan) = remote_only("{\"colour\": \"mauve\", \"count\": 3}");
    let told = asked(&home, &[]);
    exits(&told, 6);
    assert!(stderr(&told).contains("does not match the schema"), "{}", stderr(&told));
    let json = asked(&home, &["--json"]);
    exits(&json, 6);
    assert!(stdout(&json).contains("\"kind\":\"schema\""), "{}", stdout(&json));
}

#[test]
fn an_endpoint_that_knows_no_schemas_is_named_with_what_can_be_done() {
    let lan = Endpoint::start(vec![Says::Refusal("400 Bad Request")]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    configure(&home, profile, &lan.table("lan"));
    let told = asked(&home, &[]);
    exits(&told, 1);
    let said = stderr(&told);
    assert!(said.contains("lan: it refuses the request (400): no"), "{said}");
    assert!(said.contains("leave --schema out"), "{said}");
    // The hint is about the schema: without one it is not given.
    let plain = run(&home, &["ask", "--no-stdin", "Name a colour."]);
    exits(&plain, 1);
    assert!(!stderr(&plain).contains("--schema"), "{}", stderr(&plain));
}

#[test]
fn a_wait_that_an_endpoint_asks_for_is_a_line_as_published() {
    let busy = answer(reply("429 Slow Down", &["retry-after: 2"], b"{}"));
    let server = Server::plain(vec![busy, answer(Frames(Protocol::OpenAi).whole())]);
    let home = Home::new();
    let profile = "privacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"";
    let url = server.url("/v1");
    let table =
        format!("[endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"{url}\"\nmodel = \"big\"\n");
    configure(&home, profile, &table);
    let asked = run(&home, &["ask", "--no-stdin", "--json", "Anybody?"]);
    exits(&asked, 0);
    let published = run(&home, &["config", "schema", "--output"]);
    let published: Value = serde_json::from_str(&stdout(&published)).expect("a schema");
    let published = jsonschema::validator_for(&published).expect("a schema");
    let lines: Vec<Value> =
        stdout(&asked).lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        let wrong: Vec<String> = published.iter_errors(line).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{line}: {wrong:?}");
    }
    let waits: Vec<&Value> = lines.iter().filter(|line| line["type"] == "waiting").collect();
    assert!(!waits.is_empty(), "{lines:?}");
    for wait in waits {
        let left = wait["ms"].as_f64().expect("milliseconds");
        assert!(left > 0.0 && left <= 2000.0, "{wait}");
        assert!(wait["why"].as_str().is_some_and(|why| why.contains("lan")), "{wait}");
    }
    assert_eq!(lines.last().expect("the end")["reason"], "end_of_turn");
}
