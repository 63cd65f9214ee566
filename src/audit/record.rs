//! One decision and what became of it, as it is written down.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::chat::Candidate;
use crate::chat::Decision;
use crate::chat::DeviceLevel;
use crate::chat::Health;
use crate::chat::Mode;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Probe;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Timestamp;
use crate::chat::Usage;

/// What came of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Actual {
    /// Why it ended.
    pub reason: StopReason,
    /// What it cost.
    pub usage: Usage,
    /// From the question to the first token.
    pub ttft: Option<Duration>,
    /// From the question to the end.
    pub total: Duration,
    /// Bytes that may have left this device for it: requests to endpoints, head and body as
    /// HTTP/1.1 writes them.
    pub bytes_up: u64,
    /// Bytes that came for it: replies, head and body.
    pub bytes_down: u64,
    /// The time between tokens that nineteen of twenty had at most, as they came here.
    pub tbt_q95: Option<Duration>,
    /// What it cost by the user's prices, in millionths of their currency; `None` where two routes had
    /// a part in it.
    pub cost_micros: Option<u64>,
    /// The model that an endpoint says it was, where that is not the one it was asked for.
    pub served_model: Option<String>,
}

/// What was known of an endpoint when a turn was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Net {
    /// Its name.
    pub endpoint: String,
    /// What its breaker allowed.
    pub breaker: &'static str,
    /// It had asked to be left alone for so much longer.
    pub rests: Duration,
    /// Whether its key was to be had, as far as that was known.
    pub has_key: bool,
    /// How the last turn there had gone wrong in this run, in a word.
    pub trouble: Option<&'static str>,
}

/// What became of a turn's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was asked to wait this long.
    Waited(Duration),
    /// Nothing had come; it was tried there next.
    Rerouted(Route),
    /// The answer broke off, and went on there.
    HandedOn(Route),
    /// The answer broke off, and another one was begun for it.
    BegunAnew,
    /// The engine went on with so many threads.
    Threads(u32),
}

/// A step of a turn, and when it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Since the question.
    pub after: Duration,
    /// Tokens of the answer until then.
    pub tokens: u32,
    /// What it was.
    pub what: Happened,
}

impl Event {
    fn value(&self) -> Value {
        let to = |route: &Route| Value::from(route.to_string());
        let (kind, key, detail) = match &self.what {
            Happened::Waited(time) => ("wait", "wait_ms", ms(*time).into()),
            Happened::Rerouted(route) => ("reroute", "to", to(route)),
            Happened::HandedOn(route) => ("handoff", "to", to(route)),
            Happened::BegunAnew => ("anew", "to", Value::Null),
            Happened::Threads(threads) => ("threads", "threads", (*threads).into()),
        };
        let (at, tokens) = (ms(self.after), self.tokens);
        json!({ "t_ms": at, "kind": kind, "at_token": tokens, key: detail })
    }
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When the question was asked.
    pub at: Timestamp,
    /// The session.
    pub session: SessionId,
    /// The turn, as this run counts them.
    pub turn: u64,
    /// The profile's name.
    pub profile: String,
    /// What the session allows.
    pub mode: Mode,
    /// What the user said about it.
    pub pinned: bool,
    /// Who waits for it.
    pub priority: Priority,
    /// The strictest class of what would be sent.
    pub class: PrivacyClass,
    /// Whose word let it leave, where it may: the profile's, or the user's when asked.
    pub consent: Option<&'static str>,
    /// Where the session's last turn ran.
    pub previous: Option<Route>,
    /// The decision; `None` when no route was allowed.
    pub decision: Option<Decision>,
    /// How the device was then, as far as it was heard of.
    pub health: Option<Health>,
    /// What its prompt would cost on this device, where that was asked.
    pub probe: Option<Probe>,
    /// What was known of the endpoints.
    pub net: Vec<Net>,
    /// What became of its way, in order; the first so many.
    pub events: Vec<Event>,
    /// What came of it.
    pub actual: Actual,
    /// Whether it was as fast as the profile asks; `None` without a first token.
    pub slo_met: Option<bool>,
}

impl Record {
    /// Returns the line, without its end.
    pub fn line(&self) -> String {
        let Self { decision, actual, .. } = self;
        let class = PrivacyClass::NAMES.iter().find(|(_, class)| *class == self.class);
        json!({
            "v": 1,
            "ts_ms": self.at.0,
            "session": format!("{:032x}", self.session.0),
            "turn": self.turn,
            "id": format!("{:x}-{:08x}-{}", self.at.0, self.session.0 & 0xffff_ffff, self.turn),
            "profile": self.profile,
            "mode": self.mode.name(),
            "priority": self.priority.name(),
            "pinned": self.pinned,
            "privacy": class.map(|(name, _)| *name),
            "consent": self.consent,
            "previous": self.previous.as_ref().map(Route::to_string),
            "chosen": decision.as_ref().map(|decision| decision.route.to_string()),
            "model": decision.as_ref().map(|decision| decision.model.as_str()),
            "why": decision.as_ref().map(|decision| decision.why.name()),
            "reason": decision.as_ref().map(|decision| decision.reason.as_str()),
            "candidates": decision.as_ref().map(candidates),
            "switch": decision.as_ref().map(switch),
            "device": self.health.as_ref().map(device),
            "probe": self.probe.as_ref().map(probe),
            "net": self.net.iter().map(net).collect::<Vec<Value>>(),
            "events": self.events.iter().map(Event::value).collect::<Vec<Value>>(),
            "actual": came(actual),
            "slo_met": self.slo_met,
        })
        .to_string()
    }
}

fn candidates(decision: &Decision) -> Value {
    decision.considered.iter().map(candidate).collect()
}

fn candidate(candidate: &Candidate) -> Value {
    json!({
        "route": candidate.route.to_string(),
        "model": candidate.model,
        "rejected": candidate.rejected.map(crate::chat::Reject::name),
        "ttft_ms": candidate.predicted.map(|it| ms(it.ttft)),
        "ttft_risk_ms": candidate.predicted.map(|it| ms(it.ttft_risk)),
        "tbt_ms": candidate.predicted.map(|it| ms(it.tbt)),
        "total_ms": candidate.predicted.map(|it| ms(it.total)),
        "new_tokens": candidate.new_tokens,
        "upload_bytes": candidate.upload_bytes,
        "cost_micros": candidate.cost_micros,
    })
}

fn probe(probe: &Probe) -> Value {
    json!({
        "prompt_tokens": probe.prompt_tokens,
        "cached_tokens": probe.cached_tokens,
        "queued_tokens": probe.queued_tokens,
        "exact": probe.exact,
    })
}

fn net(net: &Net) -> Value {
    json!({
        "endpoint": net.endpoint,
        "breaker": net.breaker,
        "rests_ms": ms(net.rests),
        "has_key": net.has_key,
        "trouble": net.trouble,
    })
}

fn switch(decision: &Decision) -> Value {
    decision.price.as_ref().map_or(Value::Null, |price| {
        json!({
            "tokens_again": price.tokens_again,
            "bytes_out": price.bytes_out,
            "cost_micros": price.cost_micros,
            "gain_ms": ms(price.gain),
        })
    })
}

fn device(health: &Health) -> Value {
    let Health { sample, rates, level, threads, queued, .. } = health;
    json!({
        "state": DeviceLevel::name(*level),
        "cpu_wait": sample.wait_share(),
        "decode_ratio": rates.decode_ratio,
        "psi_cpu": sample.cpu_some_percent,
        "psi_memory": sample.memory_some_percent,
        "psi_io": sample.io_some_percent,
        "memory_available": sample.available_bytes,
        "swapped_in": sample.swapped_in_bytes,
        "throttled": sample.throttled,
        "on_battery": sample.on_battery,
        "threads": threads,
        "queued_turns": queued,
    })
}

fn came(actual: &Actual) -> Value {
    let Actual { usage, reason, .. } = actual;
    let gaps = usage.completion_tokens.saturating_sub(1);
    json!({
        "finish": reason.name(),
        "ttft_ms": actual.ttft.map(ms),
        "tbt_ms": usage.decode.checked_div(gaps).map(ms),
        "tbt_q95_ms": actual.tbt_q95.map(ms),
        "total_ms": ms(actual.total),
        "tokens_in": usage.prompt_tokens,
        "tokens_cached": usage.cached_tokens,
        "tokens_out": usage.completion_tokens,
        "bytes_up": actual.bytes_up,
        "bytes_down": actual.bytes_down,
        "cost_micros": actual.cost_micros,
        "served_model": actual.served_model,
    })
}

/// Milliseconds with one digit behind the point.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::chat::Fault;

    pub(in crate::audit) fn record(at: i64, session: u128, route: Route) -> Record {
        Record {
            at: Timestamp(at),
            session: SessionId(session),
            turn: 3,
            profile: "quick".into(),
            mode: Mode::PreferLocal,
            pinned: false,
            priority: Priority::Background,
            class: PrivacyClass::Open,
            consent: Some("profile"),
            previous: Some(Route::Local),
            decision: Some(Decision::new(route, "small", "auto: because")),
            health: Some(Health::default()),
            probe: Some(Probe { prompt_tokens: 10, queued_tokens: 4, ..Probe::default() }),
            net: vec![Net {
                endpoint: "lan".into(),
                breaker: "half_open",
                rests: Duration::ZERO,
                has_key: true,
                trouble: Some("gone"),
            }],
            events: Vec::new(),
            actual: Actual {
                reason: StopReason::EndOfTurn,
                usage: Usage {
                    prompt_tokens: 10,
                    completion_tokens: 11,
                    decode: Duration::from_millis(250),
                    ..Usage::default()
                },
                ttft: Some(Duration::from_micros(12_345)),
                total: Duration::from_secs(1),
                bytes_up: 7,
                bytes_down: 8,
                tbt_q95: Some(Duration::from_millis(40)),
                cost_micros: Some(12),
                served_model: None,
            },
            slo_met: Some(true),
        }
    }

    #[test]
    fn a_line_says_where_why_what_was_expected_and_what_came() {
        let line = record(5, 255, Route::Remote("lan".into())).line();
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["ts_ms"], 5);
        assert_eq!(value["session"], "000000000000000000000000000000ff");
        assert_eq!(value["chosen"], "remote:lan");
        assert_eq!(value["privacy"], "open");
        assert_eq!(value["actual"]["tbt_ms"], 25.0);
        assert_eq!(value["actual"]["ttft_ms"], 12.3);
        assert_eq!(value["actual"]["bytes_up"], 7);
        assert_eq!((&value["why"], &value["consent"]), (&"only".into(), &"profile".into()));
        assert_eq!(value["priority"], "background");
        assert_eq!(
            (&value["actual"]["tbt_q95_ms"], &value["actual"]["cost_micros"]),
            (&40.0.into(), &12.into())
        );
        assert_eq!(value["probe"]["queued_tokens"], 4);
        assert_eq!(
            (&value["net"][0]["breaker"], &value["net"][0]["trouble"]),
            (&"half_open".into(), &"gone".into())
        );
        assert_eq!(value["id"], "5-000000ff-3");
        assert_eq!(value["device"]["state"], "normal");
        assert!(value["device"]["cpu_wait"].is_null(), "unknown is null");
    }

    #[test]
    fn what_became_of_its_way_is_told_in_order() {
        let event = |after, what| Event { after: Duration::from_millis(after), tokens: 7, what };
        let told = Record {
            events: vec![
                event(10, Happened::Waited(Duration::from_secs(2))),
                event(2010, Happened::Rerouted(Route::Remote("wan".into()))),
                event(2500, Happened::HandedOn(Route::Local)),
                event(2600, Happened::BegunAnew),
                event(2700, Happened::Threads(1)),
            ],
            ..record(1, 1, Route::Local)
        };
        let value: Value = serde_json::from_str(&told.line()).expect("JSON");
        let kinds: Vec<_> = (0..5).map(|at| &value["events"][at]["kind"]).collect();
        assert_eq!(kinds, ["wait", "reroute", "handoff", "anew", "threads"]);
        assert_eq!(value["events"][4]["threads"], 1);
        assert_eq!(value["events"][0]["wait_ms"], 2000.0);
        assert_eq!(
            (&value["events"][2]["to"], &value["events"][2]["at_token"]),
            (&"local".into(), &7.into())
        );
    }

    #[test]
    fn a_turn_without_a_route_is_recorded_with_its_end_and_no_words() {
        let fault = Fault::new("mode remote-only: secret words of an endpoint");
        let refused = Record {
            decision: None,
            actual: Actual {
                reason: StopReason::Failed(fault),
                ..record(1, 1, Route::Local).actual
            },
            ..record(1, 1, Route::Local)
        };
        let line = refused.line();
        assert!(!line.contains("secret"), "{line}");
        let value: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["actual"]["finish"], "failed");
        assert!(value["chosen"].is_null());
    }
}
