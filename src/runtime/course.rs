//! The course of one turn: where it begins, who answers before the first token if that one does not,
//! and who goes on if it breaks off behind it.
//!
//! An answer is handed on once at the most, and only to where nothing stood against the turn from
//! the beginning. What the user stopped, what a filter ended and what is held to a form stays where
//! it is. Where nobody can go on, another route may begin it anew, as an answer of its own.

use super::Front;
use crate::backend::Backend;
use crate::backend::Broken;
use crate::backend::TokenSink;
use crate::chat::Candidate;
use crate::chat::Constraint;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Generation;
use crate::chat::Message;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::chat::TurnEvent;
use crate::chat::Usage;
use crate::privacy;
use crate::remote::Order;

/// What opens a model's reasoning in its text, and what closes it.
const THOUGHT: (&str, &str) = ("<think>", "</think>");

/// What a turn runs on.
#[derive(Debug)]
pub(super) struct Course<'a, B> {
    pub(super) front: &'a Front,
    /// What answers on this device.
    pub(super) engine: Option<&'a B>,
    /// No answer to its question has broken off yet.
    pub(super) is_first: bool,
}

impl<B: Backend> Course<'_, B> {
    /// Runs a decided turn to its end.
    pub(super) async fn run(
        &self,
        decision: Decision,
        generation: Generation,
        mut sink: TokenSink,
    ) {
        let others = self.open_to(&decision);
        if others.iter().all(|route| *route == decision.route) {
            return self.begin(decision, generation, sink).await;
        }
        let broken = sink.entrust();
        self.begin(decision, generation.clone(), sink).await;
        // It comes if the answer breaks off, and fails as soon as the turn ends in any other way.
        if let Ok(broken) = broken.await {
            self.go_on(others, generation, broken).await;
        }
    }

    async fn begin(&self, decision: Decision, generation: Generation, sink: TokenSink) {
        match decision.route {
            Route::Local => self.here(decision, generation, sink).await,
            Route::Remote(_) => self.away(decision, generation, sink).await,
        }
    }

    /// Returns the routes that nothing stands against, the endpoints in their order, then this device.
    fn open_to(&self, decision: &Decision) -> Vec<Route> {
        let endpoints = self.front.profile.endpoints.iter().cloned().map(Route::Remote);
        let here = self.engine.map(|_| Route::Local);
        endpoints.chain(here).filter(|route| allows(&decision.considered, route)).collect()
    }

    /// Returns whether a route goes on with text that another one began.
    fn continues(&self, route: &Route) -> bool {
        match route {
            Route::Local => true,
            Route::Remote(name) => self.front.fleet.get(name).is_some_and(|it| it.continues()),
        }
    }

    /// Goes on with an answer that broke off, at one of these routes.
    async fn go_on(&self, mut others: Vec<Route>, generation: Generation, broken: Broken) {
        let Broken { sink, route, text, usage, fault } = broken;
        others.retain(|other| Some(other) != route.as_ref());
        let limit = generation.limits.max_tokens;
        if limit.is_some_and(|most| usage.completion_tokens >= most) {
            return end(sink, fault);
        }
        let able = others.iter().filter(|route| self.continues(route)).cloned().collect();
        let lost = match continued(generation, &text, usage.completion_tokens) {
            Some(rest) => self.hand_on(able, rest, (sink, fault)).await,
            None => Some((sink, fault)),
        };
        let Some((sink, fault)) = lost else { return };
        let goes_anew = self.is_first && !others.is_empty() && !sink.is_cancelled();
        if goes_anew && sink.told(TurnEvent::Anew).await.is_break() {
            return;
        }
        end(sink, fault);
    }

    /// Asks these routes for the rest of an answer. Returns the turn if none of them gives any of it,
    /// with all that went wrong.
    async fn hand_on(
        &self,
        mut able: Vec<Route>,
        rest: Generation,
        (mut sink, fault): (TokenSink, Fault),
    ) -> Option<(TokenSink, Fault)> {
        let device = able.pop_if(|route| *route == Route::Local).is_some();
        let endpoints: Vec<String> = able.into_iter().filter_map(name).collect();
        let reason = format!("the answer goes on here; {fault}");
        let may_leave =
            |name: &String| privacy::may_leave(rest.class, &Route::Remote(name.clone())).is_ok();
        let mut faults = vec![fault];
        if let Some(first) = endpoints.first().filter(|name| may_leave(name)) {
            let model = self.front.fleet.get(first).and_then(|it| it.endpoint().model.clone());
            let route = Route::Remote(first.clone());
            let decision = Decision::new(route, model.unwrap_or_default(), reason.clone());
            let order = Order { decision, endpoints: &endpoints, device };
            match self.front.fleet.run(order, &rest, &mut sink).await {
                Ok(()) => return None,
                Err(fault) => faults.push(fault),
            }
        }
        if device {
            let decision = Decision::new(Route::Local, &self.front.model, reason);
            self.here(decision, rest, sink).await;
            return None;
        }
        Some((sink, joined(faults)))
    }

    /// Runs a turn on this device.
    async fn here(&self, decision: Decision, generation: Generation, mut sink: TokenSink) {
        let Some(engine) = self.engine else {
            let fault = Fault::new("there is no local model").kind(FaultKind::NoRoute);
            sink.finish(StopReason::Failed(fault), Usage::default());
            return;
        };
        if sink.routed(decision).await.is_continue() {
            engine.start(generation, sink);
        }
    }

    /// Runs a turn at the endpoints, in order; on this device if none answers and the mode allows it.
    async fn away(&self, decision: Decision, generation: Generation, mut sink: TokenSink) {
        // The router has looked at this already; what leaves is looked at once more where it leaves.
        if let Err(fault) = privacy::may_leave(generation.class, &decision.route) {
            sink.finish(StopReason::Failed(fault), Usage::default());
            return;
        }
        let falls_back = self.engine.is_some() && allows(&decision.considered, &Route::Local);
        let endpoints = self.order(&decision);
        let order = Order { decision, endpoints: &endpoints, device: falls_back };
        match self.front.fleet.run(order, &generation, &mut sink).await {
            Ok(()) => {}
            Err(fault) if falls_back => {
                let mode = self.front.profile.mode;
                let reason = format!("{mode}: no endpoint answers; {fault}");
                let decision = Decision::new(Route::Local, &self.front.model, reason);
                self.here(decision, generation, sink).await;
            }
            Err(fault) => sink.finish(StopReason::Failed(fault), Usage::default()),
        }
    }

    /// Returns the endpoints that a turn may be sent to: the chosen one, then the others of the
    /// profile's order that nothing stands against.
    fn order(&self, decision: &Decision) -> Vec<String> {
        let Route::Remote(first) = &decision.route else { return Vec::new() };
        let others = self.front.profile.endpoints.iter().filter(|name| {
            *name != first && allows(&decision.considered, &Route::Remote((*name).clone()))
        });
        std::iter::once(first.clone()).chain(others.cloned()).collect()
    }
}

/// Returns whether nothing stands against a route, chosen or not.
fn allows(considered: &[Candidate], route: &Route) -> bool {
    considered.iter().any(|candidate| candidate.rejected.is_none() && candidate.route == *route)
}

/// Ends a turn whose answer broke off.
fn end(mut sink: TokenSink, fault: Fault) {
    sink.finish(StopReason::Interrupted(fault), Usage::default());
}

/// Makes the question for the rest of an answer; `None` where it would begin within reasoning, which
/// is no text that another model goes on with, or is held to a form from its beginning.
fn continued(mut generation: Generation, said: &str, tokens: u32) -> Option<Generation> {
    if generation.constraint != Constraint::Free {
        return None;
    }
    let most = generation.limits.max_tokens.map(|most| most.saturating_sub(tokens));
    let begun = match generation.messages.pop_if(|last| last.role == Role::Assistant) {
        Some(begun) => begun.plain() + said,
        None => said.to_owned(),
    };
    let (opens, closes) = THOUGHT;
    let thinks = begun.trim_start().starts_with(opens) && !begun.contains(closes);
    if thinks {
        return None;
    }
    generation.limits.max_tokens = most;
    generation.messages.push(Message::text(Role::Assistant, begun));
    Some(generation)
}

fn name(route: Route) -> Option<String> {
    match route {
        Route::Local => None,
        Route::Remote(name) => Some(name),
    }
}

/// Joins why it broke off with why nobody went on; the kind and the hint are the first one's.
fn joined(faults: Vec<Fault>) -> Fault {
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    let message = messages.join("; ");
    let first = faults.into_iter().next();
    first.map_or_else(
        || Fault::new(message.clone()),
        |first| Fault { message: message.clone(), ..first },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::simulation::front_with_endpoints;

    fn question(earlier: Option<&str>) -> Generation {
        let front = front_with_endpoints();
        let mut generation = front.question(crate::chat::SessionId(1), &[], "Why?", true);
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
}
