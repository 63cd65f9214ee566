//! Answers that a program can read, wherever they come from.

use std::path::PathBuf;

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::configure;
use crate::home::exits;
use crate::home::run;
use crate::home::stderr;
use crate::home::stdout;
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
    let wanted: serde_json::Value = serde_json::from_str(SCHEMA).expect("JSON");
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
