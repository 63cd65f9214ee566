//! Endpoints that fall silent, with the patience that users have: the end's name and time, the label
//! of what came, the record. In the time of the test's own clock, for it takes minutes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::clock::Clock;
use super::driver::Driver;
use super::simulation::front_with_endpoints;
use crate::backend::BoxFuture;
use crate::backend::turn_queue;
use crate::chat::Mode;
use crate::chat::NodeState;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Protocol;
use crate::engine::Engine;
use crate::net::Net;
use crate::net::NetError;
use crate::net::played::Play;
use crate::net::played::Played;
use crate::net::played::Sent;
use crate::remote::Fleet;
use crate::remote::Remote;
use crate::remote::tests::table::Frames;
use crate::remote::tests::table::PROMPT;
use crate::route::Egress;

/// Where an answer stops, and what keeps its stream alive then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    NoHead,
    AfterTheHead,
    PingsOnly,
    InTheAnswer,
    PingsAfterText,
}

impl Silence {
    const ALL: [Self; 5] = [
        Self::NoHead,
        Self::AfterTheHead,
        Self::PingsOnly,
        Self::InTheAnswer,
        Self::PingsAfterText,
    ];

    fn has_text(self) -> bool {
        matches!(self, Self::InTheAnswer | Self::PingsAfterText)
    }

    fn pings(self) -> bool {
        matches!(self, Self::PingsOnly | Self::PingsAfterText)
    }
}

/// An endpoint that falls silent; its connections are never closed.
#[derive(Debug)]
struct Silent(Silence, Frames);

impl Play for Silent {
    fn play(&'static self, _: Sent) -> BoxFuture<'static, Result<Played, NetError>> {
        let Self(silence, frames) = *self;
        Box::pin(async move {
            if silence == Silence::NoHead {
                std::future::pending::<()>().await;
            }
            let half = frames.half();
            let body = half.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
            let (sender, pieces) = mpsc::channel(4);
            tokio::spawn(async move {
                if silence.has_text() {
                    sender.send(Ok(Bytes::copy_from_slice(&half[body..]))).await.ok();
                }
                while silence.pings() {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    let ping = Bytes::from_static(ping(frames.0).as_bytes());
                    if sender.send(Ok(ping)).await.is_err() {
                        return;
                    }
                }
                sender.closed().await;
            });
            let (name, value) = frames.content_type().split_once(": ").expect("a header");
            Ok(Played { status: 200, headers: vec![(name, value.to_owned())], pieces })
        })
    }
}

fn ping(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAi => ": ping\n\n",
        Protocol::Anthropic => "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        Protocol::Ollama => "\n",
    }
}

/// Asks an endpoint that falls silent; returns its text, its end, and the record's last line.
async fn asked(silence: Silence, protocol: Protocol) -> (String, StopReason, serde_json::Value) {
    let play: &'static Silent = Box::leak(Box::new(Silent(silence, Frames(protocol))));
    let endpoint = Endpoint {
        name: "lan".to_owned(),
        protocol,
        base_url: "https://lan.example".to_owned(),
        model: Some("big".to_owned()),
        key: KeySource::None,
        n_ctx: None,
        price: None,
        ca_file: None,
        proxy: None,
        headers: Vec::new(),
        allow_http: false,
    };
    let directory = tempfile::tempdir().expect("a directory");
    let mut front = front_with_endpoints();
    let remote = Remote::new(endpoint, Net::played(Egress::Allowed, play), None);
    front.fleet = Arc::new(Fleet::of([remote]));
    front.profile.endpoints = vec!["lan".to_owned()];
    front.profile.mode = Mode::RemoteOnly;
    front.engine = None;
    front.data = directory.path().to_owned();
    let (queue, mut turns) = turn_queue(64);
    let mut driver: Driver<Engine> = Driver::new(&front, None, queue, Clock::start());
    driver.allow_all(SessionId(1));
    driver.generate(TurnId(1), front.question(SessionId(1), &[], PROMPT, true));
    let mut text = String::new();
    loop {
        let (turn, event) = turns.recv().await.expect("the queue is open");
        driver.hear(turn, &event);
        match event {
            TurnEvent::Token(TokenEvent::Delta(more)) => text.push_str(&more),
            TurnEvent::Token(TokenEvent::Finished(reason, _)) => {
                let record = std::fs::read_to_string(directory.path().join("audit/audit.jsonl"));
                let record = record.expect("a record");
                assert!(!record.contains(PROMPT), "{record}");
                return (text, reason, serde_json::from_str(record.trim()).expect("one line"));
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_ends_in_time_with_a_name_a_label_and_a_record() {
    for (_, protocol) in Protocol::NAMES {
        for silence in Silence::ALL {
            let begun = Instant::now();
            let (text, reason, record) = asked(silence, protocol).await;
            let took = begun.elapsed();
            let name = format!("{protocol:?}: {silence:?}: {reason:?}");
            let words = reason.fault().map_or("", |fault| &fault.message);
            let (said, label, finish, most) = if silence.has_text() {
                ("said nothing more for 60 s", NodeState::Interrupted, "interrupted", 65)
            } else {
                // Once more, because nobody else is there.
                ("said nothing for 120 s", NodeState::Failed, "failed", 270)
            };
            assert!(words.contains(said), "{name}");
            assert!(took <= Duration::from_secs(most), "{name}: {took:?}");
            assert_eq!(text, if silence.has_text() { "Hel" } else { "" }, "{name}");
            assert_eq!(NodeState::from(&reason), label, "{name}");
            assert_eq!(record["chosen"], "remote:lan", "{name}: {record}");
            assert_eq!(record["actual"]["finish"], finish, "{name}: {record}");
            let total = record["actual"]["total_ms"].as_f64().expect("a time");
            assert!(total >= 60_000.0 && total <= took.as_secs_f64() * 1000.0 + 1.0, "{record}");
        }
    }
}
