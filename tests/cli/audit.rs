//! The record of decisions.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

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
