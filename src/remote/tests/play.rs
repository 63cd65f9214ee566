//! A turn at scripted endpoints, and all that it told.

use std::time::Duration;

pub(super) use super::fault;
pub(super) use super::table::Frames;
pub(super) use super::table::KEY;
pub(super) use super::table::PROMPT;
use crate::backend::Cancel;
use crate::backend::TokenSink;
use crate::backend::turn_queue;
use crate::chat::Constraint;
use crate::chat::Decision;
use crate::chat::Generation;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::Sampling;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Protocol;
use crate::net::Net;
use crate::remote::Fleet;
use crate::remote::Order;
use crate::remote::Patience;
use crate::remote::Remote;
use crate::route::Egress;

/// Limits that no test runs into by accident.
pub(super) const CALM: Patience = Patience {
    connect: Duration::from_secs(10),
    first_token: Duration::from_secs(20),
    progress: Duration::from_secs(20),
};

/// Limits for what never answers.
pub(super) const HASTY: Patience = Patience {
    connect: Duration::from_millis(300),
    first_token: Duration::from_millis(400),
    progress: Duration::from_millis(300),
};

pub(super) fn endpoint(name: &str, protocol: Protocol, url: &str) -> Endpoint {
    Endpoint {
        name: name.to_owned(),
        protocol,
        base_url: url.to_owned(),
        model: Some("big".to_owned()),
        key: KeySource::Command(["printf", "%s-%s", "sk", "canary"].map(str::to_owned).to_vec()),
        n_ctx: None,
        price: None,
        ca_file: None,
        proxy: None,
        headers: Vec::new(),
        allow_http: false,
    }
}

pub(super) fn remote(endpoint: Endpoint, patience: Patience) -> Remote {
    Remote::new(endpoint, Net::new(Egress::Allowed), None).with_patience(patience)
}

pub(super) fn generation() -> Generation {
    Generation {
        session: SessionId(1),
        messages: vec![Message::text(Role::User, PROMPT)],
        class: PrivacyClass::Open,
        sampling: Sampling::default(),
        limits: Limits { max_tokens: Some(64), stop: Vec::new(), n_ctx: 2048 },
        priority: Priority::default(),
        ephemeral: true,
        constraint: Constraint::Free,
    }
}

/// What a turn told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) routes: Vec<Decision>,
    pub(super) waits: Vec<(Duration, String)>,
    pub(super) text: String,
    pub(super) reason: StopReason,
    pub(super) usage: Usage,
}

impl Told {
    /// The words behind its end.
    pub(super) fn fault(&self) -> &str {
        self.reason.fault().map_or("", |fault| &fault.message)
    }
}

/// Runs a turn at `endpoints` in their order until its end.
pub(super) async fn turn(fleet: &Fleet, endpoints: &[&str], device: bool, cancel: Cancel) -> Told {
    asked(fleet, endpoints, device, (cancel, generation())).await
}

/// Runs a turn that asks this at `endpoints` in their order until its end.
pub(super) async fn asked(
    fleet: &Fleet,
    endpoints: &[&str],
    device: bool,
    (cancel, generation): (Cancel, Generation),
) -> Told {
    let (queue, mut events) = turn_queue(65_536);
    let sink = TokenSink::open(TurnId(1), queue, cancel).await;
    let mut sink = sink.expect("the queue is open");
    let names: Vec<String> = endpoints.iter().map(|name| (*name).to_owned()).collect();
    let decision = Decision::new(Route::Remote(names[0].clone()), "big", "asked for");
    let order = Order { decision, endpoints: &names, device };
    if let Err(fault) = fleet.run(order, &generation, &mut sink).await {
        sink.finish(StopReason::Failed(fault), Usage::default());
    }
    drop(sink);
    let mut told = Told {
        routes: Vec::new(),
        waits: Vec::new(),
        text: String::new(),
        reason: StopReason::Cancelled,
        usage: Usage::default(),
    };
    let mut ends = 0;
    while let Some((_, event)) = events.recv().await {
        assert_eq!(ends, 0, "something came behind the end: {event:?}");
        match event.clone() {
            TurnEvent::Routed(decision) => told.routes.push(decision),
            TurnEvent::Waiting { left, why } => told.waits.push((left, why)),
            TurnEvent::Token(TokenEvent::Delta(text)) => told.text.push_str(&text),
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                ends += 1;
                (told.reason, told.usage) = (reason, usage);
            }
            TurnEvent::Token(_) | TurnEvent::Anew => panic!("no endpoint tells {event:?}"),
        }
    }
    assert_eq!(ends, 1, "{told:?}");
    told
}
