//! The record of decisions.

use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use serde_json::Value;

use edgewise::chat::Timestamp;
use edgewise::store::Options;
use edgewise::store::Place;
use edgewise::store::Store;

use crate::home::Home;

fn records(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn every_decision_is_recorded_without_a_word_of_the_conversation() {
    let home = Home::new();
    home.run(&["audit", "list"]).exits(0).answers_nothing().says(&["no decision"]);
    let answered = home.run(&["ask", "--max-tokens", "5", "Tell me of xylophones"]).exits(0);
    home.run(&["ask", "--mode", "prefer-remote", "--max-tokens", "3", "Hi"]).exits(0);
    let all = records(&home.run(&["audit", "list", "--json"]).exits(0).stdout);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0]["chosen"], "local");
    assert_eq!(all[0]["actual"]["finish"], "length");
    assert_eq!(all[0]["actual"]["tokens_out"], 5);
    assert_eq!(all[0]["actual"]["bytes_up"], 0);
    assert!(all[0]["actual"]["ttft_ms"].is_number() && all[0]["slo_met"].is_boolean());
    assert_eq!(all[1]["mode"], "prefer-remote");
    let text = fs::read_to_string(home.path("data/audit/audit.jsonl")).expect("the record");
    assert!(!text.contains("xylophone") && !text.contains(answered.stdout.trim()), "{text}");
    let mode = |name: &str| fs::metadata(home.path(name)).expect("there").permissions().mode();
    assert_eq!(mode("data/audit/audit.jsonl") & 0o777, 0o600);
    assert_eq!(mode("data/audit") & 0o777, 0o700);
    let last = home.run(&["audit", "list", "-n", "1", "--route", "local"]).exits(0);
    assert_eq!(last.stdout.lines().count(), 2, "{last:?}");
    let none = home.run(&["audit", "list", "--route", "remote", "--json"]).exits(0);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", ""));
}

/// Answers every connection with `answer`, once its request is there.
fn endpoint(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.ends_with(b"}") {
                let read = stream.read(&mut piece).expect("a request");
                assert!(read > 0, "the request ends");
                request.extend_from_slice(&piece[..read]);
            }
            stream.write_all(answer.as_bytes()).expect("it is read");
        }
    });
    url
}

fn with_endpoint(url: &str) -> Home {
    let home = Home::new();
    home.config(&format!(
        "privacy = \"open\"\nendpoint = \"lan\"\n[endpoints.lan]\nprotocol = \"openai\"\n\
         base_url = \"{url}\"\nmodel = \"small\"\nprice_in = 1.5\nprice_out = 2\n"
    ));
    home
}

#[test]
fn a_turn_at_an_endpoint_is_recorded_with_who_served_it() {
    let sent = concat!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
        "data: {\"model\":\"big\",\"choices\":[{\"delta\":{\"content\":\"Walnuts\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let url = endpoint(sent);
    let home = with_endpoint(&url);
    let ran = home.run(&["ask", "--mode", "prefer-remote", "Tell me of xylophones"]).exits(0);
    assert_eq!(ran.stdout.trim(), "Walnuts");
    assert!(!home.had_an_engine(), "no turn of a script waits for what it does not need");
    let all = records(&home.run(&["audit", "list", "--json"]).exits(0).stdout);
    let [record] = all.as_slice() else { panic!("one record: {all:?}") };
    assert_eq!((&record["chosen"], &record["privacy"]), (&"remote:lan".into(), &"open".into()));
    assert_eq!(
        (&record["model"], &record["actual"]["served_model"]),
        (&"small".into(), &"big".into())
    );
    let bytes = |of: &str| record["actual"][of].as_u64().expect("a figure");
    // All of the request is more than its prompt; all that came is what was sent.
    assert!((200..2000).contains(&bytes("bytes_up")), "{record}");
    assert_eq!(bytes("bytes_down"), sent.len() as u64, "{record}");
    let candidates = record["candidates"].as_array().expect("a list");
    let lan = candidates.iter().find(|it| it["route"] == "remote:lan").expect("the endpoint");
    assert!(lan["cost_micros"].as_u64() > Some(0) && lan["upload_bytes"] == 21, "{lan}");
    let text = record.to_string();
    assert!(!text.contains("xylophone") && !text.contains("Walnuts"), "{text}");
}

#[test]
fn a_turn_that_comes_home_is_recorded_where_it_ended_without_the_endpoints_words() {
    let url = endpoint(concat!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n",
        "{\"error\":{\"message\":\"no xylophones here\"}}",
    ));
    let home = with_endpoint(&url);
    let call = ["ask", "--mode", "prefer-remote", "--max-tokens", "3", "Tell me of xylophones"];
    home.run(&call).exits(0);
    let all = records(&home.run(&["audit", "list", "--json"]).exits(0).stdout);
    let [record] = all.as_slice() else { panic!("one record: {all:?}") };
    assert_eq!(record["chosen"], "local");
    assert_eq!(record["reason"], "no endpoint answers");
    assert!(record["actual"]["bytes_up"].as_u64() > Some(200), "something left: {record}");
    assert!(record["actual"]["bytes_down"].as_u64() > Some(100), "and came: {record}");
    assert!(!record.to_string().contains("xylophone"), "{record}");
}

#[test]
fn what_an_endpoint_teaches_is_kept_and_an_ephemeral_turn_leaves_nothing() {
    let home = Home::without_model();
    // Nobody listens on a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    home.config(&format!(
        "privacy = \"open\"\nendpoint = \"lan\"\n[endpoints.lan]\nprotocol = \"openai\"\n\
         base_url = \"http://{port}/v1\"\nmodel = \"small\"\n"
    ));
    let ask = ["ask", "--mode", "remote-only", "Hello"];
    let sessions = home.path("data/sessions");
    home.run(&[&ask[..], &["--ephemeral"]].concat()).exits(1);
    assert!(!sessions.exists(), "a trace of an ephemeral turn");
    assert_eq!(home.run(&["audit", "list", "--json"]).exits(0).stdout, "");
    // One process each, whose failures count together.
    let lessons = || {
        let place = Place::new(sessions.clone());
        let opened = Store::open(place, Options::default(), Timestamp(0));
        opened.store.reader().expect("a reader").lessons().expect("read")
    };
    home.run(&ask).exits(1);
    let first = lessons().remove(0);
    assert_eq!((first.endpoint.as_str(), first.fuse.opened), ("lan", 0), "{first:?}");
    home.run(&ask).exits(1);
    let second = lessons().remove(0);
    assert!(second.fuse.failed.len() > first.fuse.failed.len(), "{second:?}");
    assert!(second.fuse.opened > 0 && second.fuse.open_until.is_some(), "{second:?}");
    let database = fs::read(sessions.join("sessions.db")).expect("the database");
    assert!(!database.windows(5).any(|bytes| bytes == b"Hello"), "a word of the conversation");
}
