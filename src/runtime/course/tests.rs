//! Turns that begin, break off, go on and begin anew, in paused time.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::*;
use crate::backend::BoxFuture;
use crate::backend::Cancel;
use crate::backend::TurnQueue;
use crate::backend::turn_queue;
use crate::chat::Foresight;
use crate::chat::Probe;
use crate::chat::SessionId;
use crate::chat::TokenEvent;
use crate::chat::TurnId;
use crate::config::Endpoint;
use crate::config::Protocol;
use crate::net::Net;
use crate::net::NetError;
use crate::net::played::Play;
use crate::net::played::Played;
use crate::net::played::Sent;
use crate::remote::Fleet;
use crate::remote::Remote;
use crate::route::Egress;
use crate::runtime::simulation::front_with_endpoints;

fn question(earlier: Option<&str>) -> Generation {
    let front = front_with_endpoints();
    let mut generation = front.question(SessionId(1), &[], "Why?", true);
    generation.limits.max_tokens = Some(10);
    generation.messages.extend(earlier.map(|text| Message::text(Role::Assistant, text)));
    generation
}

#[test]
fn the_rest_is_asked_for_behind_what_was_said_and_no_more_of_it() {
    let rest = continued(question(None), "Because ", 4).expect("there is a rest");
    assert_eq!(rest.limits.max_tokens, Some(6));
    let last = rest.messages.last().expect("a message");
    assert_eq!((last.role, last.plain().as_str()), (Role::Assistant, "Because "));
    // An answer that was being continued already is one answer.
    let rest = continued(question(Some("Be")), "cause", 4).expect("there is a rest");
    assert_eq!(rest.messages.last().map(Message::plain).as_deref(), Some("Because"));
    assert_eq!(rest.messages.len(), 2);
}

#[test]
fn what_is_in_thought_or_held_to_a_form_is_not_handed_on() {
    let held = Constraint::JsonSchema("{}".to_owned());
    let held = Generation { constraint: held, ..question(None) };
    assert_eq!(continued(held, "{", 2), None);
    assert_eq!(continued(question(None), "\n<think>\nHm", 2), None);
    assert!(continued(question(None), "<think>Hm</think>Well", 5).is_some());
}

/// A device that says one thing and then nothing, until it is stopped.
#[derive(Clone, Copy, Debug)]
struct Stuck;

impl Backend for Stuck {
    fn start(&self, _: Generation, mut sink: TokenSink) {
        tokio::spawn(async move {
            let said = sink.emit(TokenEvent::Delta("Half of ".to_owned())).await;
            assert!(said.is_continue());
            sink.cancel().cancelled().await;
            sink.finish(StopReason::Cancelled, Usage::default());
        });
    }

    fn probe(&self, _: &Generation) -> BoxFuture<'_, Result<Probe, Fault>> {
        Box::pin(async { Ok(Probe::default()) })
    }

    fn prepare(&self, _: Generation, _: Foresight) {}

    fn forget(&self, _: SessionId) {}
}

/// A network behind which everybody says the rest.
#[derive(Debug)]
struct Rest;

impl Play for Rest {
    fn play(&'static self, _: Sent) -> BoxFuture<'static, Result<Played, NetError>> {
        Box::pin(async {
            let (sender, pieces) = mpsc::channel(1);
            let said = concat!(
                "data: {\"choices\":[{\"delta\":{\"content\":\"it.\"}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
                "data: [DONE]\n\n",
            );
            sender.try_send(Ok(Bytes::from_static(said.as_bytes()))).expect("there is room");
            let headers = vec![("content-type", "text/event-stream".to_owned())];
            Ok(Played { status: 200, headers, pieces })
        })
    }
}

fn front(play: &'static dyn Play, protocol: Protocol) -> Front {
    let mut front = front_with_endpoints();
    let net = Net::played(Egress::Allowed, play);
    let remote = |name: &str| {
        let known = front.fleet.get(name).expect("it is configured");
        let endpoint = Endpoint { protocol, ..known.endpoint().clone() };
        Remote::new(endpoint, net, None)
    };
    front.fleet = Arc::new(Fleet::of(["a", "b"].map(remote)));
    front
}

fn open_to(routes: &[Route]) -> Decision {
    let candidate = |route: &Route| Candidate {
        route: route.clone(),
        model: "m".to_owned(),
        rejected: None,
        predicted: None,
        new_tokens: 0,
        upload_bytes: 0,
        cost_micros: 0,
    };
    let considered = routes.iter().map(candidate).collect();
    Decision { considered, ..Decision::new(routes[0].clone(), "m", "so") }
}

/// Runs a turn on a device that gets stuck; the user stops it after `stopped`, if at all.
async fn ran(generation: Generation, decision: Decision, stopped: Option<Duration>) -> TurnQueue {
    let (queue, events) = turn_queue(64);
    let cancel = Cancel::new();
    let sink = TokenSink::open(TurnId(1), queue, cancel.clone()).await.expect("the queue is open");
    let front = front(&Rest, Protocol::OpenAi);
    let course = Course { front: &front, engine: Some(&Stuck), is_first: true };
    let stop = async {
        if let Some(after) = stopped {
            tokio::time::sleep(after).await;
            cancel.cancel();
        }
    };
    tokio::join!(course.run(decision, generation, sink), stop);
    events
}

async fn told(mut events: TurnQueue) -> (Vec<String>, String, StopReason) {
    let (mut routes, mut text) = (Vec::new(), String::new());
    while let Some((_, event)) = events.recv().await {
        match event {
            TurnEvent::Routed(decision) => routes.push(decision.route.to_string()),
            TurnEvent::Token(TokenEvent::Delta(piece)) => text.push_str(&piece),
            TurnEvent::Token(TokenEvent::Finished(reason, _)) => return (routes, text, reason),
            event => panic!("{event:?}"),
        }
    }
    panic!("no end");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_stalls_hands_its_answer_on_and_nobody_waits_for_it() {
    let interactive = Generation { priority: Priority::Interactive, ..question(None) };
    let begun = tokio::time::Instant::now();
    let routes = [Route::Local, Route::Remote("a".to_owned())];
    let events = ran(interactive, open_to(&routes), None).await;
    assert_eq!(begun.elapsed().as_secs(), 3, "the clock of the test");
    let (routes, text, reason) = told(events).await;
    assert_eq!(routes, ["local", "remote:a"]);
    assert_eq!((text.as_str(), reason), ("Half of it.", StopReason::EndOfTurn));
}

#[tokio::test(start_paused = true)]
async fn a_script_and_an_answer_without_another_way_are_waited_for() {
    let stopped = Some(Duration::from_mins(10));
    let both = [Route::Local, Route::Remote("a".to_owned())];
    let script = Generation { priority: Priority::Background, ..question(None) };
    let alone = Generation { priority: Priority::Interactive, ..question(None) };
    for (generation, routes) in [(script, &both[..]), (alone, &both[..1])] {
        let events = ran(generation, open_to(routes), stopped).await;
        let (routes, text, reason) = told(events).await;
        assert_eq!((routes.len(), text.as_str(), reason), (1, "Half of ", StopReason::Cancelled));
    }
}

/// A network where one host takes everything in and says nothing.
#[derive(Debug)]
struct Mute;

impl Play for Mute {
    fn play(&'static self, sent: Sent) -> BoxFuture<'static, Result<Played, NetError>> {
        if sent.host.starts_with("a-") { Box::pin(std::future::pending()) } else { Rest.play(sent) }
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_begins_is_passed_over_where_somebody_else_can_answer() {
    let (queue, events) = turn_queue(64);
    let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await.expect("the queue is open");
    let front = front(&Mute, Protocol::OpenAi);
    let routes = ["a", "b"].map(|name| Route::Remote(name.to_owned()));
    let course = Course { front: &front, engine: None::<&Stuck>, is_first: true };
    let begun = tokio::time::Instant::now();
    course.run(open_to(&routes), question(None), sink).await;
    assert_eq!(begun.elapsed().as_secs(), 20, "the clock of the test, once and not twice");
    let (routes, text, reason) = told(events).await;
    assert_eq!(routes, ["remote:a", "remote:b"]);
    assert_eq!((text.as_str(), reason), ("it.", StopReason::EndOfTurn));
}

/// A device that says one thing and dies.
#[derive(Clone, Copy, Debug)]
struct Dies;

impl Backend for Dies {
    fn start(&self, _: Generation, mut sink: TokenSink) {
        tokio::spawn(async move {
            assert!(sink.emit(TokenEvent::Delta("Half of ".to_owned())).await.is_continue());
            sink.finish(StopReason::Interrupted(Fault::new("gone")), Usage::default());
        });
    }

    fn probe(&self, _: &Generation) -> BoxFuture<'_, Result<Probe, Fault>> {
        Box::pin(async { Ok(Probe::default()) })
    }

    fn prepare(&self, _: Generation, _: Foresight) {}

    fn forget(&self, _: SessionId) {}
}

#[tokio::test(start_paused = true)]
async fn it_is_said_once_that_an_answer_can_be_begun_anew_where_nobody_goes_on() {
    let both = [Route::Local, Route::Remote("a".to_owned())];
    // The form of another protocol that does not go on with text; one that does goes on.
    let table = [
        (Protocol::Anthropic, &both[..], true, true),
        (Protocol::Anthropic, &both[..], false, false),
        (Protocol::Anthropic, &both[..1], true, false),
        (Protocol::OpenAi, &both[..], true, false),
    ];
    for (protocol, routes, is_first, anew) in table {
        let (queue, mut events) = turn_queue(64);
        let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await;
        let front = front(&Rest, protocol);
        let course = Course { front: &front, engine: Some(&Dies), is_first };
        course.run(open_to(routes), question(None), sink.expect("the queue is open")).await;
        let mut said = Vec::new();
        while let Some((_, event)) = events.recv().await {
            said.push(event);
        }
        let at = said.iter().position(|event| *event == TurnEvent::Anew);
        assert_eq!(at.is_some(), anew, "{protocol:?} {routes:?} {is_first}");
        assert!(at.is_none_or(|at| at + 2 == said.len()), "right before the end");
    }
}
