//! The course of one turn: where it begins, who answers before the first token if that one does not,
//! and who goes on if it breaks off behind it.
//!
//! An answer is handed on once at the most, and only to where nothing stood against the turn from
//! the beginning. What the user stopped, what a filter ended and what is held to a form stays where
//! it is. Where nobody can go on, another route may begin it anew, as an answer of its own.

use std::time::Duration;

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
use crate::chat::Priority;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::chat::TurnEvent;
use crate::chat::Usage;
use crate::privacy;
use crate::remote::Order;
use crate::route::stalls_after;

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
        let silence = self.silence(&decision, &generation, &others);
        let (broken, heard) = sink.entrust(silence);
        // An endpoint's silence is noticed where its stream is read.
        let looks = silence.filter(|_| decision.route == Route::Local);
        self.begin(decision, generation.clone(), sink).await;
        if let Some(silence) = looks {
            heard.stop_if_silent(silence).await;
        }
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

    /// Returns how long an answer that has begun may stand still; `None` where nobody else would go on
    /// with it, or where it waits for others on purpose.
    fn silence(
        &self,
        decision: &Decision,
        generation: &Generation,
        others: &[Route],
    ) -> Option<Duration> {
        let elsewhere = |route: &&Route| **route != decision.route && self.continues(route);
        let waits = decision.route == Route::Local && generation.priority < Priority::Interactive;
        let free = generation.constraint == Constraint::Free;
        let moves = free && !waits && others.iter().any(|route| elsewhere(&route));
        // What the user finds good enough is no silence, whatever was predicted.
        let predicted = decision.predicted().map_or(Duration::ZERO, |predicted| predicted.tbt);
        moves.then(|| stalls_after(predicted.max(self.front.profile.slo.tbt)))
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
mod tests;
