//! NDJSON for programs: one event a line, `finish` always the last, on every route the same.
//!
//! `{"v":1,"type":"route","kind","endpoint":…|null,"model","reason"}`, then
//! `{"v":1,"type":"prefill","done","total","cached"}` in tokens, `{"v":1,"type":"delta","text"}`
//! and `{"v":1,"type":"finish","reason","error","session","usage","timings","route"}`. `error` is
//! null or `{"kind","message","hint":…|null}`, `kind` being `failed`, `usage`, `no_route`, `too_long`
//! or `schema`. `route` is null when no route was chosen. A rate is null where nothing was
//! measured, `ttft_ms` where there was no text.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::Usage;
use crate::runtime::Printed;

/// The NDJSON printer of one turn. The text is the model's own, with every character that could
/// drive or deceive a terminal as a `\u` escape.
#[derive(Clone, Debug, Default)]
pub struct Json {
    session: Option<SessionId>,
    route: Option<Decision>,
    finished: bool,
}

impl Json {
    /// Begins; `session` is the saved session that the turn belongs to, if it is saved.
    pub fn new(session: Option<SessionId>) -> Self {
        Self { session, ..Self::default() }
    }

    pub(super) fn event(&mut self, event: &TurnEvent, timings: Timings) -> Printed {
        match event {
            _ if self.finished => Printed::default(),
            TurnEvent::Routed(decision) => {
                self.route = Some(decision.clone());
                let mut event = json!({"v": 1, "type": "route"});
                extend(&mut event, route(decision));
                line(&event)
            }
            TurnEvent::Waiting { left, why } => line(&json!({
                "v": 1, "type": "waiting", "ms": millis(*left), "why": why,
            })),
            // Text that is held back until its character is whole is no event of its own.
            TurnEvent::Anew | TurnEvent::Token(TokenEvent::Queued(_)) => Printed::default(),
            TurnEvent::Token(TokenEvent::Delta(text)) if text.is_empty() => Printed::default(),
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                line(&json!({"v": 1, "type": "delta", "text": text}))
            }
            TurnEvent::Token(TokenEvent::Prefill { done, total, cached }) => line(
                &json!({"v": 1, "type": "prefill", "done": done, "total": total, "cached": cached}),
            ),
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                self.finish(reason, usage, timings)
            }
        }
    }

    pub(super) fn fail(&mut self, fault: &Fault, timings: Timings) -> Printed {
        if self.finished {
            return Printed::default();
        }
        self.finish(&StopReason::Failed(fault.clone()), &Usage::default(), timings)
    }

    fn finish(&mut self, reason: &StopReason, usage: &Usage, timings: Timings) -> Printed {
        self.finished = true;
        let (session, route) = (self.session, self.route.as_ref());
        let mut event = json!({"v": 1, "type": "finish"});
        extend(&mut event, Ending { reason, usage, timings, session, route }.value());
        line(&event)
    }
}

/// How a turn ended, and what it cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    pub(super) reason: &'a StopReason,
    pub(super) usage: &'a Usage,
    pub(super) timings: Timings,
    pub(super) session: Option<SessionId>,
    pub(super) route: Option<&'a Decision>,
}

impl Ending<'_> {
    /// Returns it as an object, to be put behind what kind of event it is.
    pub(super) fn value(&self) -> Value {
        let Self { reason, usage, timings, session, route: decision } = self;
        json!({
            "reason": reason.name(),
            "error": reason.fault().map(error_object),
            "session": session.map(|session| session.to_string()),
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "cached_tokens": usage.cached_tokens,
                "completion_tokens": usage.completion_tokens,
            },
            "timings": {
                "ttft_ms": timings.ttft.map(millis),
                "prefill_tps": usage.prefill_tps().map(hundredths),
                "decode_tps": usage.decode_tps().map(hundredths),
                "total_ms": millis(timings.total),
            },
            "route": decision.map(route),
        })
    }
}

/// Puts the keys of an object behind those of another.
pub(super) fn extend(event: &mut Value, more: Value) {
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
}

/// Writes one line of plain JSON.
///
/// JSON itself leaves DEL, the C1 controls and whatever reorders or hides text as they are; an
/// escape means the same to every reader. They stand in strings only, as all of them are beyond
/// JSON's own characters.
pub(super) fn line(event: &Value) -> Printed {
    let mut stdout = String::new();
    for c in event.to_string().chars() {
        if is_plain(c) {
            stdout.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(stdout, "\\u{unit:04x}").ok();
            }
        }
    }
    stdout.push('\n');
    Printed { stdout, stderr: String::new() }
}

/// Tells whether a character may stand in the output as it is.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' // soft hyphen, Arabic mark, Mongolian separator
            | '\u{200b}'..='\u{200f}' // zero widths, direction marks
            | '\u{2028}'..='\u{202e}' // line separators, direction overrides
            | '\u{2060}'..='\u{206f}' // joiners, invisible operators, isolates
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' // byte order mark, annotations
            | '\u{e0000}'..='\u{e0fff}') // tags, variation selectors
}

fn route(decision: &Decision) -> Value {
    let (kind, endpoint) = match &decision.route {
        Route::Local => ("local", None),
        Route::Remote(endpoint) => ("remote", Some(endpoint)),
    };
    let Decision { model, reason, .. } = decision;
    json!({"kind": kind, "endpoint": endpoint, "model": model, "reason": reason})
}

/// Returns a fault as the `error` of an object: `{"kind","message","hint"}`.
pub fn error_object(fault: &Fault) -> Value {
    let kind = match fault.kind {
        FaultKind::Failed => "failed",
        FaultKind::Usage => "usage",
        FaultKind::NoRoute => "no_route",
        FaultKind::TooLong => "too_long",
        FaultKind::Schema => "schema",
    };
    json!({"kind": kind, "message": fault.message, "hint": fault.hint})
}

fn millis(time: Duration) -> f64 {
    hundredths(time.as_secs_f64() * 1000.0)
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(route: Route) -> TurnEvent {
        TurnEvent::Routed(Decision::new(route, "m", "local-only profile"))
    }

    fn timings() -> Timings {
        Timings { ttft: Some(Duration::from_micros(12_345)), total: Duration::from_millis(900) }
    }

    fn run(json: &mut Json, events: &[TurnEvent]) -> String {
        events.iter().map(|event| json.event(event, timings()).stdout).collect()
    }

    #[test]
    fn a_turn_is_printed_as_documented() {
        let usage = Usage {
            prompt_tokens: 30,
            cached_tokens: 10,
            completion_tokens: 4,
            prefill: Duration::from_millis(300),
            decode: Duration::from_millis(100),
            ..Usage::default()
        };
        let events = [
            routed(Route::Local),
            TurnEvent::Token(TokenEvent::Queued(2)),
            TurnEvent::Token(TokenEvent::Prefill { done: 30, total: 30, cached: 10 }),
            TurnEvent::Token(TokenEvent::Delta("a \u{1b}[31m\"\n\u{9b}é".to_owned())),
            TurnEvent::Token(TokenEvent::Delta(String::new())),
            TurnEvent::Token(TokenEvent::Finished(StopReason::Length, usage)),
        ];
        insta::assert_snapshot!(run(&mut Json::new(None), &events));
    }

    #[test]
    fn a_remote_route_and_a_saved_session_are_named() {
        let fault = Fault::new("the engine stopped").hint("ask again");
        let end = TokenEvent::Finished(StopReason::Interrupted(fault), Usage::default());
        let events = [routed(Route::Remote("lan".to_owned())), TurnEvent::Token(end)];
        insta::assert_snapshot!(run(&mut Json::new(Some(SessionId(7))), &events));
    }

    #[test]
    fn a_failure_before_any_event_is_a_finish_and_the_last() {
        let mut json = Json::new(None);
        let fault = Fault::new("no model `x`").kind(FaultKind::Usage);
        let timings = Timings::default();
        insta::assert_snapshot!(json.fail(&fault, timings).stdout);
        assert_eq!(json.fail(&fault, timings), Printed::default());
        assert_eq!(json.event(&routed(Route::Local), timings), Printed::default());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_one_line_that_reads_back(text in "[\\PC\\x00-\\x1f\\x7f-\\x9f\u{2028}\u{202e}\u{e0041}]{1,40}") {
            let event = TurnEvent::Token(TokenEvent::Delta(text.clone()));
            let printed = Json::new(None).event(&event, Timings::default()).stdout;
            proptest::prop_assert_eq!(printed.matches(char::is_control).count(), 1, "the newline");
            proptest::prop_assert!(printed.chars().all(|c| c == '\n' || is_plain(c)), "unsafe");
            let read: Value = serde_json::from_str(&printed).expect("JSON");
            proptest::prop_assert_eq!(read["text"].as_str(), Some(text.as_str()));
        }
    }
}
