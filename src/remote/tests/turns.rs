//! What is tried again, waited for, handed to the next, cancelled.

use std::time::Duration;

use super::play::CALM;
use super::play::Frames;
use super::play::fault::Server;
use super::play::fault::Step;
use super::play::fault::answer;
use super::play::fault::nobody;
use super::play::fault::reply;
use super::play::remote;
use super::play::turn;
use super::play::{self};
use crate::backend::Broken;
use crate::backend::Cancel;
use crate::backend::TokenSink;
use crate::backend::turn_queue;
use crate::chat::Decision;
use crate::chat::Message;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::chat::Timestamp;
use crate::chat::TurnId;
use crate::config::KeySource;
use crate::config::Protocol;
use crate::remote::Fleet;
use crate::remote::Order;
use crate::remote::Patience;
use crate::route::Fuse;
use crate::route::Gate;
use crate::route::Lesson;

fn openai(name: &str, url: &str) -> crate::remote::Remote {
    remote(play::endpoint(name, Protocol::OpenAi, url), CALM)
}

fn whole() -> Vec<Step> {
    answer(Frames(Protocol::OpenAi).whole())
}

#[tokio::test]
async fn every_protocol_answers_with_its_key_its_model_and_its_counts() {
    for (_, protocol) in Protocol::NAMES {
        let server = Server::plain(vec![answer(Frames(protocol).whole())]);
        let fleet = Fleet::of([remote(play::endpoint("lan", protocol, &server.url("")), CALM)]);
        let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
        assert_eq!((told.text.as_str(), &told.reason), ("Hello", &StopReason::EndOfTurn));
        assert_eq!((told.usage.prompt_tokens, told.usage.completion_tokens), (9, 2));
        assert_eq!(told.routes.len(), 1, "the served model is the one asked for: {told:?}");
        assert_eq!(told.routes[0].route, Route::Remote("lan".into()));
        let request = server.requests().remove(0);
        assert!(request.contains(play::KEY) && request.contains(play::PROMPT), "{request}");
    }
}

#[tokio::test]
async fn a_key_that_is_known_to_be_missing_is_told_before_a_turn_is_sent() {
    let command = |script: &str| ["sh", "-c", script].map(str::to_owned).to_vec();
    let table = [
        (KeySource::None, true, true),
        (KeySource::Env("EDGEWISE_NO_SUCH_KEY".to_owned()), false, false),
        // What a command gives is known once it was run.
        (KeySource::Command(command("exit 1")), true, false),
        (KeySource::Command(command("echo sk-1")), true, true),
    ];
    for (key, before, after) in table {
        let server = Server::plain(vec![whole()]);
        let mut endpoint = play::endpoint("lan", Protocol::OpenAi, &server.url(""));
        endpoint.key = key.clone();
        let fleet = Fleet::of([remote(endpoint, CALM)]);
        let facts = || fleet.facts("lan", 1, false).expect("it is there");
        assert_eq!(facts().has_key, before, "{key:?}");
        let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
        assert_eq!(facts().has_key, after, "{key:?}: {told:?}");
        assert_eq!(facts().trouble, (!after).then_some("refused"), "{key:?}");
    }
}

#[tokio::test]
async fn a_model_that_differs_is_told_before_the_first_token() {
    let server = Server::plain(vec![whole()]);
    let mut endpoint = play::endpoint("lan", Protocol::OpenAi, &server.url("/v1"));
    endpoint.model = Some("small".to_owned());
    let fleet = Fleet::of([remote(endpoint, CALM)]);
    let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
    let last = told.routes.last().expect("a route");
    assert_eq!(
        (last.model.as_str(), last.reason.as_str()),
        ("big", "asked for; small was asked for")
    );
}

#[tokio::test]
async fn a_server_that_passes_on_is_told_with_where_to() {
    let line = "{\"model\":\"m\",\"remote_model\":\"gpt\",\"remote_host\":\"https://far.example\",\"message\":{\"content\":\"a\"},\"done\":true}\n";
    let reply = reply("200 OK", &["content-type: application/x-ndjson"], line.as_bytes());
    let server = Server::plain(vec![answer(reply)]);
    let fleet = Fleet::of([remote(play::endpoint("o", Protocol::Ollama, &server.url("")), CALM)]);
    let told = turn(&fleet, &["o"], false, Cancel::new()).await;
    let last = told.routes.last().expect("a route");
    assert_eq!(last.model, "gpt");
    assert!(last.reason.ends_with("o passes it on to https://far.example"), "{last:?}");
}

#[tokio::test]
async fn the_next_endpoint_answers_when_the_first_does_not() {
    let server = Server::plain(vec![whole()]);
    let fleet = Fleet::of([openai("a", &nobody()), openai("b", &server.url("/v1"))]);
    let told = turn(&fleet, &["a", "b"], false, Cancel::new()).await;
    assert_eq!(told.text, "Hello", "{told:?}");
    let [first, second] = told.routes.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (&first.route, &second.route),
        (&Route::Remote("a".into()), &Route::Remote("b".into()))
    );
    assert!(second.reason.contains("a: 127.0.0.1 refused the connection"), "{second:?}");
    assert!(told.waits.is_empty(), "nobody waits for who is not there");
}

#[tokio::test]
async fn what_became_of_every_endpoint_is_said() {
    let fleet = Fleet::of([openai("a", &nobody()), openai("b", &nobody())]);
    let told = turn(&fleet, &["a", "b"], true, Cancel::new()).await;
    assert_eq!(
        told.fault(),
        "a: 127.0.0.1 refused the connection; b: 127.0.0.1 refused the connection"
    );
}

#[tokio::test]
async fn one_failure_before_the_first_token_is_tried_again_and_none_after_it() {
    let bad = || answer(reply("500 No", &[], b""));
    let server = Server::plain(vec![bad(), whole()]);
    let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
    let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
    assert_eq!((told.text.as_str(), server.requests().len()), ("Hello", 2));
    let half = answer(Frames(Protocol::OpenAi).half());
    let server = Server::plain(vec![half, whole()]);
    let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
    let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
    assert!(matches!(told.reason, StopReason::Interrupted(_)), "{told:?}");
    assert_eq!((told.text.as_str(), server.requests().len()), ("Hel", 1));
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_told_and_honoured() {
    let busy = reply("429 Slow", &["retry-after: 2"], b"{\"error\":{\"message\":\"busy\"}}");
    let server = Server::plain(vec![answer(busy), whole()]);
    let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
    let begun = tokio::time::Instant::now();
    let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
    assert_eq!(told.text, "Hello");
    assert!(begun.elapsed() >= Duration::from_secs(2), "it was not waited for");
    assert!(told.waits.len() >= 2, "{told:?}");
    assert!(told.waits.is_sorted_by(|a, b| a.0 > b.0), "{:?}", told.waits);
    assert_eq!(told.waits[0].1, "lan: it asks to slow down (429): busy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wait_and_a_stream_are_cancelled_at_once() {
    let busy = reply("429 Slow", &["retry-after: 30"], b"");
    let half = Frames(Protocol::OpenAi).half();
    for script in [answer(busy), vec![Step::Read, Step::Send(half), Step::Hold]] {
        let server = Server::plain(vec![script]);
        let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
        let cancel = Cancel::new();
        let stop = cancel.clone();
        let running = tokio::spawn(async move { turn(&fleet, &["lan"], false, stop).await });
        while !matches!(server.seen.recv(), Ok(play::fault::Seen::Request(_))) {}
        cancel.cancel();
        let told = tokio::time::timeout(Duration::from_secs(10), running).await;
        let told = told.expect("it ends soon").expect("no panic");
        assert_eq!(told.reason, StopReason::Cancelled);
    }
}

#[tokio::test]
async fn an_absurd_wait_is_not_waited_for() {
    let busy = reply("429 Slow", &["retry-after: 86400"], b"");
    let server = Server::plain(vec![answer(busy)]);
    let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
    let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
    let StopReason::Failed(fault) = &told.reason else { panic!("{told:?}") };
    assert_eq!(fault.hint.as_deref(), Some("it asks to be asked again in 86400 s"));
    let facts = fleet.facts("lan", 10, false).expect("lan");
    assert!(facts.rests > Duration::from_mins(30), "{facts:?}");
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_left_alone_and_tried_without_content() {
    let fleet = Fleet::of([openai("a", &nobody())]);
    for _ in 0..3 {
        turn(&fleet, &["a"], true, Cancel::new()).await;
    }
    let facts = fleet.facts("a", 10, false).expect("a");
    assert!(matches!(facts.gate, Gate::Open { .. }), "{facts:?}");
    let told = turn(&fleet, &["a"], true, Cancel::new()).await;
    assert!(told.fault().starts_with("a: left alone for "), "{told:?}");
}

#[tokio::test]
async fn a_key_that_is_not_to_be_had_sends_nothing() {
    let server = Server::plain(vec![whole()]);
    let mut endpoint = play::endpoint("lan", Protocol::OpenAi, &server.url("/v1"));
    endpoint.key = KeySource::Env("EDGEWISE_NO_SUCH_VARIABLE".to_owned());
    let fleet = Fleet::of([remote(endpoint, CALM)]);
    let told = turn(&fleet, &["lan"], false, Cancel::new()).await;
    assert_eq!(told.fault(), "no key for lan: the variable EDGEWISE_NO_SUCH_VARIABLE is not set");
    assert!(server.seen.try_recv().is_err());
}

#[tokio::test]
async fn models_are_asked_for_without_content() {
    let list = br#"{"data":[{"id":"big"},{"id":"small"}]}"#;
    let server = Server::plain(vec![answer(reply("200 OK", &[], list))]);
    let remote = openai("lan", &server.url("/v1"));
    let models = remote.models(Duration::from_secs(10)).await.expect("a list");
    assert_eq!(models, ["big", "small"]);
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /v1/models ") && !request.contains(play::PROMPT));
}

fn due(fleet: &Fleet, url: &str) {
    let fuse = Fuse { open_until: Some(Duration::ZERO), opened: 1, ..Fuse::default() };
    let server = format!("{url} big");
    fleet.recall(&[Lesson { endpoint: "lan".to_owned(), server, fuse, ..Lesson::default() }]);
}

#[tokio::test]
async fn one_that_is_back_is_asked_without_content_first_and_then_closed_by_the_turn() {
    // Not every server lists its models.
    let server = Server::plain(vec![answer(reply("404 No", &[], b"{}")), whole()]);
    let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
    due(&fleet, &server.url("/v1"));
    assert_eq!(fleet.facts("lan", 10, false).expect("lan").gate, Gate::Trial);
    let told = turn(&fleet, &["lan"], true, Cancel::new()).await;
    assert_eq!(told.text, "Hello", "{told:?}");
    let requests = server.requests();
    assert!(requests[0].starts_with("GET /v1/models ") && !requests[0].contains(play::PROMPT));
    assert!(requests[1].contains(play::PROMPT));
    assert_eq!(fleet.facts("lan", 10, false).expect("lan").gate, Gate::Closed);
    let lesson = fleet.lessons().remove(0);
    assert_eq!((lesson.fuse.open_until, lesson.answers.len()), (None, 1));
    assert_eq!(fleet.lessons(), [], "it is told once");
}

#[tokio::test]
async fn a_trial_that_nobody_answers_rests_twice_as_long() {
    let url = nobody();
    let fleet = Fleet::of([openai("lan", &url)]);
    due(&fleet, &url);
    let told = turn(&fleet, &["lan"], true, Cancel::new()).await;
    assert!(told.fault().contains("refused the connection"), "{told:?}");
    let lesson = fleet.lessons().remove(0);
    assert_eq!(lesson.fuse.opened, 2);
    assert!(matches!(fleet.facts("lan", 10, false).expect("lan").gate, Gate::Open { .. }));
}

#[tokio::test]
async fn a_trial_that_is_asked_for_patience_is_not_under_way_for_ever() {
    let busy = reply("429 Slow", &["retry-after: 30"], b"");
    let server = Server::plain(vec![answer(reply("200 OK", &[], b"{\"data\":[]}")), answer(busy)]);
    let fleet = Fleet::of([openai("lan", &server.url("/v1"))]);
    due(&fleet, &server.url("/v1"));
    turn(&fleet, &["lan"], true, Cancel::new()).await;
    let facts = fleet.facts("lan", 10, false).expect("lan");
    assert_eq!(facts.gate, Gate::Trial, "{facts:?}");
    assert!(facts.rests > Duration::from_secs(20), "{facts:?}");
}

#[tokio::test]
async fn what_an_earlier_run_learned_is_what_this_one_begins_with() {
    let server = Server::plain(vec![whole()]);
    let earlier = Fleet::of([openai("lan", &server.url("/v1"))]).dated(Timestamp(1_000_000));
    turn(&earlier, &["lan"], true, Cancel::new()).await;
    let lessons = earlier.lessons();
    assert!(lessons[0].answers[0].sample.at >= Duration::from_secs(1000), "{lessons:?}");
    let now = Fleet::of([openai("lan", &server.url("/v1"))]).dated(Timestamp(2_000_000));
    now.recall(&lessons);
    let ttft = lessons[0].answers[0].sample.ttft;
    assert_eq!(
        now.facts("lan", 10, false).expect("lan").forecast.ttft.as_millis(),
        ttft.as_millis()
    );
    assert_eq!(now.lessons(), [], "nothing of it is news");
    // The same name at another address has taught nothing yet.
    let moved = Fleet::of([openai("lan", &nobody())]);
    moved.recall(&lessons);
    let believed = Fleet::of([openai("lan", &nobody())]).facts("lan", 10, false);
    assert_eq!(moved.facts("lan", 10, false), believed);
}

/// Begins a turn that somebody else would go on with after `silence`; returns what is handed over.
async fn handed_over(fleet: &Fleet, silence: Duration) -> Option<Broken> {
    let (queue, _events) = turn_queue(1024);
    let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await;
    let mut sink = sink.expect("the queue is open");
    let (broken, _heard) = sink.entrust(Some(silence));
    let decision = Decision::new(Route::Remote("lan".to_owned()), "big", "asked for");
    let order = Order { decision, endpoints: &["lan".to_owned()], device: true };
    fleet.run(order, &play::generation(), &mut sink).await.expect("it begins");
    drop(sink);
    broken.await.ok()
}

#[tokio::test]
async fn a_stream_that_stalls_is_handed_over_whatever_keeps_it_alive() {
    // Far longer than the test may take: only the stall ends it.
    let patience = Patience { progress: Duration::from_hours(1), ..CALM };
    for (_, protocol) in Protocol::NAMES {
        let frames = Frames(protocol);
        let ping = match protocol {
            Protocol::OpenAi => ": ping\n\n",
            Protocol::Anthropic => "event: ping\ndata: {\"type\":\"ping\"}\n\n",
            Protocol::Ollama => "\n",
        };
        let pings = Step::Repeat(ping.as_bytes().to_vec(), Duration::from_millis(20));
        for then in [Step::Hold, pings] {
            let server = Server::plain(vec![vec![Step::Read, Step::Send(frames.half()), then]]);
            let endpoint = play::endpoint("lan", protocol, &server.url("/v1"));
            let fleet = Fleet::of([remote(endpoint, patience)]);
            let broken = handed_over(&fleet, Duration::from_millis(300)).await;
            let broken = broken.expect("it is handed over");
            assert_eq!(broken.text, "Hel", "{protocol:?}");
            assert_eq!(broken.fault.message, "lan: it said nothing more for 1 s");
            assert!(broken.sink.meter().read().down > 0);
            assert!(fleet.lessons()[0].fuse.failed.contains(&true), "it counts as a failure");
        }
    }
}

#[tokio::test]
async fn a_stop_string_is_met_across_a_seam_and_nothing_is_said_twice() {
    for (_, protocol) in Protocol::NAMES {
        let frames = Frames(protocol);
        let rest = |pieces: &[&str]| {
            let pieces: String = pieces.iter().map(|piece| frames.text(piece)).collect();
            answer([frames.head(), (pieces + &frames.end()).into_bytes()].concat())
        };
        let table: [(&str, &[&str], &str, StopReason); 4] = [
            ("One E", &["N", "D two"], "", StopReason::Stop),
            ("One E", &["ND", " two"], "", StopReason::Stop),
            ("One E", &["very", "body ", "EN"], "verybody EN", StopReason::EndOfTurn),
            ("One", &[" two", " END three"], " two ", StopReason::Stop),
        ];
        for (begun, pieces, said, reason) in table {
            let server = Server::plain(vec![rest(pieces)]);
            let endpoint = play::endpoint("lan", protocol, &server.url("/v1"));
            let fleet = Fleet::of([remote(endpoint, CALM)]);
            let mut generation = play::generation();
            generation.limits.stop = vec!["END".to_owned()];
            generation.messages.push(Message::text(Role::Assistant, begun));
            let told = play::asked(&fleet, &["lan"], false, (Cancel::new(), generation)).await;
            assert_eq!((told.text.as_str(), &told.reason), (said, &reason), "{begun} {pieces:?}");
        }
    }
}
