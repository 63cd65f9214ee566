//! A turn on its way: what was decided of it, and what has become of it so far.

use std::time::Duration;

use super::Consent;
use crate::audit::Event;
use crate::audit::Happened;
use crate::audit::Net;
use crate::chat::Decision;
use crate::chat::Health;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Probe;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::chat::Why;

/// Steps of a turn that are recorded.
const EVENTS: usize = 16;

/// Times between tokens of which the worst of twenty is known.
const GAPS: usize = 4096;

/// A turn that has been asked.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) session: SessionId,
    pub(super) class: PrivacyClass,
    pub(super) asked: Duration,
    pub(super) at: Timestamp,
    pub(super) pinned: bool,
    pub(super) previous: Option<Route>,
    pub(super) decision: Option<Decision>,
    pub(super) priority: Priority,
    pub(super) consent: Consent,
    pub(super) probe: Option<Probe>,
    pub(super) net: Vec<Net>,
    pub(super) health: Option<Health>,
    pub(super) first: Option<Duration>,
    /// When its last token came, and the times between them; the first so many.
    pub(super) last: Duration,
    pub(super) gaps: Vec<Duration>,
    /// Threads that the engine had, as it said last.
    pub(super) threads: Option<u32>,
    /// It does not run where it was decided: what was promised is no measure of it.
    pub(super) moved: bool,
    pub(super) served_model: Option<String>,
    /// Tokens of the answer.
    pub(super) tokens: u32,
    /// How long it was still to wait when that was told last.
    pub(super) waits: Duration,
    pub(super) events: Vec<Event>,
}

impl Running {
    /// Takes note of a step, of the first so many.
    pub(super) fn happened(&mut self, what: Happened, at: Duration) {
        if self.events.len() < EVENTS {
            let after = at.saturating_sub(self.asked);
            self.events.push(Event { after, tokens: self.tokens, what });
        }
    }

    /// Takes note of a token, and of how long it took.
    pub(super) fn token(&mut self, at: Duration) {
        if self.tokens > 0 && self.gaps.len() < GAPS {
            self.gaps.push(at.saturating_sub(self.last));
        }
        (self.tokens, self.last) = (self.tokens.saturating_add(1), at);
    }

    /// Returns the time between tokens that nineteen of twenty had at most.
    pub(super) fn worst_gap(&self) -> Option<Duration> {
        let mut sorted = self.gaps.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() * 19 / 20).copied()
    }

    /// Returns whether two routes had a part in the answer.
    pub(super) fn is_spliced(&self) -> bool {
        self.events.iter().any(|event| matches!(event.what, Happened::HandedOn(_)))
    }

    /// Takes note of the engine's threads, if they are others now.
    pub(super) fn has_threads(&mut self, threads: u32, at: Duration) {
        let here = self.decision.as_ref().is_some_and(|it| it.route == Route::Local);
        if here && self.threads.is_some_and(|before| before != threads) {
            self.happened(Happened::Threads(threads), at);
        }
        self.threads = Some(threads);
    }

    /// Takes note of a wait, once: it is told every second.
    pub(super) fn waits(&mut self, left: Duration, at: Duration) {
        if left > self.waits {
            self.happened(Happened::Waited(left), at);
        }
        self.waits = left;
    }

    /// Takes note of where it is tried now. Why is said without the fault of the one before, which
    /// may hold words of an endpoint.
    pub(super) fn routed(&mut self, now: &Decision, at: Duration) {
        let Some(decision) = &mut self.decision else { return };
        if now.route == decision.route {
            let served = (now.model != decision.model).then(|| now.model.clone());
            self.served_model = served.or(self.served_model.take());
            return;
        }
        self.moved = true;
        self.served_model = None;
        let to = now.route.clone();
        let what = if self.first.is_some() { Happened::HandedOn } else { Happened::Rerouted };
        decision.why = if self.first.is_some() { Why::HandedOn } else { Why::Rerouted };
        let reason = match now.route {
            _ if self.first.is_some() => "the answer broke off and goes on here",
            Route::Local => "no endpoint answers",
            Route::Remote(_) => "the next in order",
        };
        decision.route = now.route.clone();
        decision.model.clone_from(&now.model);
        reason.clone_into(&mut decision.reason);
        decision.price = None;
        self.happened(what(to), at);
    }
}
