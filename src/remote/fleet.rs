//! The endpoints in their order: tried again, left alone for a while, replaced by the next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::chance::Chance;
use super::endpoint::Remote;
use super::endpoint::estimate;
use super::endpoint::nothing_allowed;
use super::past::Past;
use super::retry;
use super::retry::Next;
use super::tally::Tally;
use super::trouble::Kind;
use super::trouble::Trouble;
use crate::backend::Meter;
use crate::backend::TokenSink;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Generation;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::chat::Timestamp;
use crate::chat::TurnEvent;
use crate::chat::Usage;
use crate::config::Endpoint;
use crate::net::Address;
use crate::net::Net;
use crate::route::Gate;
use crate::route::Lesson;
use crate::route::Met;
use crate::route::Prior;
use crate::route::RemoteFacts;
use crate::route::Sample;
use crate::route::TokenPrice;
use crate::route::begins_within;

/// How long the question without content may take that comes before a trial.
const PROBE_WITHIN: Duration = Duration::from_secs(3);

/// The longest rest that an endpoint may ask for; whoever asks for more has no clock.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// How often a countdown is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A wait shorter than this is not told.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// Every endpoint of a front, with the breaker of each.
#[derive(Debug)]
pub struct Fleet {
    members: BTreeMap<String, Member>,
    begun: Instant,
    /// What the clock on the wall said then: from there on no time goes backwards.
    dated: Duration,
    chance: Chance,
}

#[derive(Debug)]
struct Member {
    remote: Arc<Remote>,
    past: Mutex<Past>,
}

/// A turn on its way to an endpoint.
#[derive(Debug)]
pub struct Order<'a> {
    /// What was decided; it names the first endpoint.
    pub decision: Decision,
    /// The endpoints that may be tried, first choice first.
    pub endpoints: &'a [String],
    /// Whether the device answers if none of them does.
    pub device: bool,
}

impl Fleet {
    /// Makes the fleet; reads nothing, opens nothing. `home` is what `~` stands for.
    pub fn new<'a>(
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
        net: Net,
        home: Option<&std::path::Path>,
    ) -> Self {
        let remote = |endpoint: &Endpoint| {
            Remote::new(endpoint.clone(), net, home.map(std::path::Path::to_owned))
        };
        Self::of(endpoints.into_iter().map(remote))
    }

    /// Makes the fleet of these endpoints.
    pub fn of(remotes: impl IntoIterator<Item = Remote>) -> Self {
        let member = |remote: Remote| {
            let name = remote.endpoint().name.clone();
            (name, Member { remote: Arc::new(remote), past: Mutex::default() })
        };
        Self {
            members: remotes.into_iter().map(member).collect(),
            begun: Instant::now(),
            dated: Duration::ZERO,
            chance: Chance::default(),
        }
    }

    /// Says what time it is, so that what is learned means the same in another run.
    #[must_use]
    pub fn dated(mut self, now: Timestamp) -> Self {
        self.dated = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        self
    }

    /// Draws every wait from `seed`.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn seeded(mut self, seed: u64) -> Self {
        self.chance = Chance::seeded(seed);
        self
    }

    /// Takes in what earlier runs learned. Of an endpoint that is another server by now, or that
    /// this run has already learned of, nothing is taken.
    pub fn recall(&self, lessons: &[Lesson]) {
        let now = self.now();
        for lesson in lessons {
            let Some(member) = self.members.get(&lesson.endpoint) else { continue };
            let mut past = member.past();
            if lesson.server == server(&member.remote) && past.is_blank() {
                *past = Past::recalled(lesson, now, LONGEST_REST);
            }
        }
    }

    /// Returns what was learned since it was last asked, endpoint by endpoint.
    pub fn lessons(&self) -> Vec<Lesson> {
        let news = self.members.values().filter_map(|member| {
            let remote = &member.remote;
            let lesson = member.past().news()?;
            let endpoint = remote.endpoint().name.clone();
            Some(Lesson { endpoint, server: server(remote), ..lesson })
        });
        news.collect()
    }

    /// Returns the time since the Unix epoch.
    fn now(&self) -> Duration {
        self.dated + self.begun.elapsed()
    }

    /// Returns the endpoint called `name`.
    pub fn get(&self, name: &str) -> Option<&Arc<Remote>> {
        self.members.get(name).map(|member| &member.remote)
    }

    /// Returns what is known of an endpoint for a prompt of this many tokens. `refused` is what the
    /// user says about the session.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a price is at least 0 and far below 2^63"
    )]
    pub fn facts(&self, name: &str, prompt_tokens: u32, refused: bool) -> Option<RemoteFacts> {
        let member = self.members.get(name)?;
        let endpoint = member.remote.endpoint();
        let near = Address::parse(&endpoint.base_url).is_ok_and(|at| at.origin().is_loopback());
        let prior = if near { Prior::NEAR } else { Prior::FAR };
        let now = self.now();
        let past = member.past();
        let micros = |price: f32| (f64::from(price) * 1e6) as u64;
        let price = endpoint.price.unwrap_or_default();
        Some(RemoteFacts {
            forecast: past.ring.forecast(prompt_tokens, now, prior),
            risk: past.risk.factor(),
            gate: past.breaker.gate(now),
            rests: past.rests_until.saturating_sub(now),
            has_key: member.remote.has_key(),
            trouble: past.trouble,
            refused,
            n_ctx: endpoint.n_ctx,
            more_than_text: false,
            price: TokenPrice {
                prompt_micros: micros(price.input),
                answer_micros: micros(price.output),
            },
        })
    }

    /// Returns what an answer cost at an endpoint by the user's prices, in millionths of their currency.
    pub fn cost(&self, name: &str, usage: &Usage) -> u64 {
        let price = self.facts(name, usage.prompt_tokens, false).map(|facts| facts.price);
        price.unwrap_or_default().of(usage.prompt_tokens, usage.completion_tokens)
    }

    /// Returns whether turns have run at an endpoint, so that what is foreseen of it is measured.
    pub fn is_measured(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|member| member.past().ring.samples().len() > 0)
    }

    /// Answers a turn at the first endpoint that does; ends it by its `Finished`.
    ///
    /// The endpoints are told of as they are tried, by `Routed`, before the first token.
    ///
    /// # Errors
    /// None answered: nothing was emitted but where it was tried, and the turn is still open.
    ///
    /// # Cancel safety
    /// Not to be dropped: cancel by the sink's token, which closes the connection at once.
    pub async fn run(
        &self,
        order: Order<'_>,
        generation: &Generation,
        sink: &mut TokenSink,
    ) -> Result<(), Fault> {
        let Order { decision, endpoints, device } = order;
        let mut faults: Vec<Fault> = Vec::new();
        for (index, name) in endpoints.iter().enumerate() {
            let alone = index + 1 == endpoints.len() && !device;
            let Some(member) = self.members.get(name) else {
                faults.push(nothing_allowed(name));
                continue;
            };
            let decision = next_decision(&decision, &member.remote, faults.last());
            if sink.routed(decision.clone()).await.is_break() {
                return Ok(());
            }
            let only = endpoints.len() == 1 && !device;
            let trial = match self.admit(member, only, &sink.meter()).await {
                Ok(trial) => trial,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            let visit = Visit { fleet: self, member, decision: &decision, alone, trial };
            match visit.run(generation, sink).await {
                Ok(()) => return Ok(()),
                Err(fault) => faults.push(fault),
            }
        }
        Err(all_of(faults))
    }

    /// Asks the breaker; a trial begins with a question without content. Whoever has only this
    /// endpoint has asked for it. Returns whether the turn is the trial.
    async fn admit(&self, member: &Member, only: bool, meter: &Meter) -> Result<bool, Fault> {
        let name = &member.remote.endpoint().name;
        let now = self.now();
        let trial = {
            let mut past = member.past();
            let gate = past.breaker.gate(now);
            let rests = past.rests_until.saturating_sub(now);
            let rest = match gate {
                Gate::Open { until } => until.saturating_sub(now).max(rests),
                Gate::Closed | Gate::Trial | Gate::Trying => rests,
            };
            if !only && !rest.is_zero() {
                let seconds = rest.as_secs().max(1);
                let message = format!("{name}: left alone for {seconds} s after it failed");
                return Err(Fault::new(message));
            }
            if !only && gate == Gate::Trying {
                let message = format!("{name}: another turn finds out whether it is back");
                return Err(Fault::new(message));
            }
            past.breaker.try_out(now)
        };
        if !trial {
            return Ok(false);
        }
        let answered = member.remote.answers(PROBE_WITHIN, meter).await;
        let now = self.now();
        let mut past = member.past();
        past.touched();
        match answered {
            // The first of the two answers that close it; the turn itself is the second.
            Ok(()) => {
                past.breaker.answered(None, now, self.chance.draw());
                Ok(past.breaker.try_out(now))
            }
            Err(fault) => {
                past.breaker.failed(now, self.chance.draw());
                Err(fault)
            }
        }
    }
}

impl Member {
    fn past(&self) -> std::sync::MutexGuard<'_, Past> {
        // It is whole between any two of its steps.
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn at one endpoint.
struct Visit<'a> {
    fleet: &'a Fleet,
    member: &'a Member,
    decision: &'a Decision,
    /// Nobody else can answer.
    alone: bool,
    /// It finds out whether the endpoint is back.
    trial: bool,
}

impl Visit<'_> {
    async fn run(&self, generation: &Generation, sink: &mut TokenSink) -> Result<(), Fault> {
        let cancel = sink.cancel();
        let mut tally = Tally::default();
        let mut tries = 0;
        loop {
            tries += 1;
            let asked = (self.decision, self.within(generation));
            let attempt = self.member.remote.attempt(generation, asked, sink, &mut tally);
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                ended = attempt => Some(ended),
            };
            let trouble = match ended {
                None => {
                    self.member.past().undecided(self.trial);
                    sink.finish(StopReason::Cancelled, tally.usage());
                    return Ok(());
                }
                Some(Ok(reason)) => {
                    self.note(&reason, &tally);
                    let reason = tally.reason(reason, generation.limits.max_tokens);
                    sink.finish(reason, tally.usage());
                    return Ok(());
                }
                Some(Err(trouble)) => trouble,
            };
            match self.after(&trouble, tries) {
                Next::Over => return Err(Self::told(trouble)),
                Next::Again(wait) => {
                    if !self.wait(wait, &trouble.fault, sink).await {
                        sink.finish(StopReason::Cancelled, tally.usage());
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Returns how long the first token may take; `None` where there is nobody else to ask.
    fn within(&self, generation: &Generation) -> Option<Duration> {
        let worst = self.decision.predicted().map_or(Duration::ZERO, |it| it.ttft_risk);
        (!self.alone).then(|| begins_within(worst, estimate(generation)))
    }

    /// Takes note of how an answer ended.
    fn note(&self, reason: &StopReason, tally: &Tally) {
        let (now, draw) = (self.fleet.now(), self.fleet.chance.draw());
        let mut past = self.member.past();
        match reason {
            StopReason::Interrupted(_) | StopReason::Failed(_) => {
                past.trouble = Some("interrupted");
                past.failed(now, self.trial, draw);
            }
            StopReason::Cancelled => past.undecided(self.trial),
            StopReason::EndOfTurn
            | StopReason::Stop
            | StopReason::Length
            | StopReason::ContextFull => {
                let usage = tally.usage();
                let gaps = usage.completion_tokens.saturating_sub(1);
                let sample = Sample {
                    at: now,
                    prompt_tokens: usage.prompt_tokens,
                    ttft: usage.prefill,
                    tbt: (gaps > 0).then(|| usage.decode / gaps),
                };
                let promised = self.decision.predicted().map(|predicted| predicted.ttft);
                past.answered(Met { sample, promised }, self.trial, draw);
            }
        }
    }

    /// Takes note of an attempt that brought nothing, and decides what follows.
    fn after(&self, trouble: &Trouble, tries: u32) -> Next {
        let chance = &self.fleet.chance;
        let now = self.fleet.now();
        let next = retry::next(trouble.kind, tries, self.alone, chance.draw());
        let mut past = self.member.past();
        past.trouble = Some(trouble.kind.name());
        match trouble.kind {
            Kind::Limited(Some(wait)) => past.rests(now + wait.min(LONGEST_REST), self.trial),
            // The request is at fault, or the settings are: that says nothing of the endpoint.
            Kind::Final => past.undecided(self.trial),
            Kind::Gone | Kind::Transient | Kind::Limited(None) => {
                past.failed(now, self.trial, chance.draw());
            }
        }
        next
    }

    /// Adds how long the endpoint wants to be left alone.
    fn told(trouble: Trouble) -> Fault {
        match trouble.kind {
            Kind::Limited(Some(wait)) if trouble.fault.hint.is_none() => {
                let seconds = wait.as_secs().max(1);
                trouble.fault.hint(format!("it asks to be asked again in {seconds} s"))
            }
            _ => trouble.fault,
        }
    }

    /// Waits, and tells so every second; returns whether it is to go on.
    async fn wait(&self, wait: Duration, fault: &Fault, sink: &TokenSink) -> bool {
        let cancel = sink.cancel();
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            if wait >= TOLD_FROM {
                let event = TurnEvent::Waiting { left, why: fault.message.clone() };
                if sink.told(event).await.is_break() {
                    return false;
                }
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return false,
                () = tokio::time::sleep(left.min(TELL_EVERY)) => {}
            }
        }
    }
}

/// Says where the turn is tried now, and why there if it is not the first choice.
fn next_decision(first: &Decision, remote: &Remote, before: Option<&Fault>) -> Decision {
    let endpoint = remote.endpoint();
    let route = Route::Remote(endpoint.name.clone());
    let model = endpoint.model.clone().unwrap_or_default();
    match before {
        Some(fault) => Decision::new(route, model, format!("the next in order; {fault}")),
        None => Decision { route, model, ..first.clone() },
    }
}

/// Joins what became of every endpoint; the kind and the hint are the last one's.
fn all_of(mut faults: Vec<Fault>) -> Fault {
    let messages: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    let Some(last) = faults.pop() else {
        return Fault::new("no endpoint is named")
            .kind(FaultKind::NoRoute)
            .hint("name one with --endpoint, or in the profile");
    };
    Fault { message: messages.join("; "), ..last }
}

/// Says which server an endpoint is: what is learned of it holds for this address and model.
fn server(remote: &Remote) -> String {
    let endpoint = remote.endpoint();
    let model = endpoint.model.as_deref().unwrap_or_default();
    format!("{} {model}", endpoint.base_url)
}
