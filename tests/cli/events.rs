//! The lines of `--json`, each checked against what is documented.

use serde_json::Value;

use crate::running::Ran;

/// The keys of every type of line, in order.
const KEYS: [(&str, &[&str]); 4] = [
    ("route", &["v", "type", "kind", "endpoint", "model", "reason"]),
    ("prefill", &["v", "type", "done", "total", "cached"]),
    ("delta", &["v", "type", "text"]),
    ("finish", &["v", "type", "reason", "error", "session", "usage", "timings", "route"]),
];

/// The events of one call.
#[derive(Debug)]
pub(crate) struct Events(Vec<Value>);

impl Events {
    /// Reads what was printed: whole lines, known types with exactly their keys, `finish` once and
    /// last.
    #[track_caller]
    pub(crate) fn read(ran: &Ran) -> Self {
        assert!(ran.stdout.ends_with('\n'), "{ran:?}");
        let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).expect(line));
        let events: Vec<Value> = lines.collect();
        for event in &events {
            assert_eq!(event["v"], 1);
            let (_, keys) = KEYS.iter().find(|(name, _)| event["type"] == *name).expect("a type");
            assert_eq!(&names(event), keys, "{event}");
        }
        let is_finish = |event: &Value| event["type"] == "finish";
        assert_eq!(events.iter().filter(|event| is_finish(event)).count(), 1, "{events:?}");
        let events = Self(events);
        let finish = events.finish();
        assert!(is_finish(finish), "{events:?}");
        let parts: [(&str, &[&str]); 2] = [
            ("usage", &["prompt_tokens", "cached_tokens", "completion_tokens"]),
            ("timings", &["ttft_ms", "prefill_tps", "decode_tps", "total_ms"]),
        ];
        for (part, keys) in parts {
            assert_eq!(names(&finish[part]), keys);
        }
        if finish["route"] != Value::Null {
            assert_eq!(names(&finish["route"]), ["kind", "endpoint", "model", "reason"]);
        }
        if finish["error"] != Value::Null {
            assert_eq!(names(&finish["error"]), ["kind", "message", "hint"]);
        }
        events
    }

    /// Returns the last event.
    pub(crate) fn finish(&self) -> &Value {
        self.0.last().expect("an event")
    }

    /// Returns the number of generated tokens.
    pub(crate) fn generated(&self) -> u64 {
        self.finish()["usage"]["completion_tokens"].as_u64().expect("a number")
    }

    /// Returns the number of tokens in the prompt.
    pub(crate) fn prompt(&self) -> u64 {
        self.finish()["usage"]["prompt_tokens"].as_u64().expect("a number")
    }

    /// Returns the events of one type.
    pub(crate) fn of(&self, name: &str) -> Vec<&Value> {
        self.0.iter().filter(|event| event["type"] == name).collect()
    }

    /// Returns the types in order, repetitions left out.
    pub(crate) fn types(&self) -> Vec<&str> {
        let mut types: Vec<&str> =
            self.0.iter().map(|event| event["type"].as_str().expect("a type")).collect();
        types.dedup();
        types
    }

    /// Returns the answer.
    pub(crate) fn text(&self) -> String {
        self.of("delta").iter().map(|delta| delta["text"].as_str().expect("text")).collect()
    }
}

fn names(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}
