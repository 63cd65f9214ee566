//! What a front knows of its routes: asks `route` where a turn runs, and learns from what came.

mod running;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use super::Front;
use super::clock;
use super::consent::Consent;
use super::front::asked_anyway;
use crate::audit::Actual;
use crate::audit::Happened;
use crate::audit::Log;
use crate::audit::Net;
use crate::audit::Record;
use crate::chat::Candidate;
use crate::chat::Constraint;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::Message;
use crate::chat::Mode;
use crate::chat::Part;
use crate::chat::Prediction;
use crate::chat::PrivacyClass;
use crate::chat::Probe;
use crate::chat::Promise;
use crate::chat::Reject;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::chat::Why;
use crate::remote;
use crate::route;
use crate::route::ANSWER_TOKENS;
use crate::route::DeviceState;
use crate::route::Facts;
use crate::route::LocalFacts;
use crate::route::Pin;
use crate::route::Policy;
use crate::route::Request;
use crate::route::Risk;
use crate::route::RouteView;
use crate::route::Switched;
use crate::route::Switches;
use running::Running;

/// Answers of a session from which the length of the next one is guessed.
const ANSWERS: usize = 20;

/// A prompt of which no more is new says nothing of how fast prompts are evaluated.
const SHORT_TOKENS: u32 = 64;

/// What the user says of a turn, and what is known of it before it is decided.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// Where it has to run.
    pub(super) pin: Option<Pin>,
    /// What its prompt would cost here, where it was asked.
    pub(super) probe: Option<Probe>,
    /// Whether the model is not loaded here, and does not fit into the memory that is left.
    pub(super) lacks_room: bool,
    /// Where the user lets the session go.
    pub(super) consent: Consent,
    /// Where an answer to the same question broke off.
    pub(super) broke_off: Option<Route>,
    /// When it was asked.
    pub(super) at: Duration,
}

/// What a front knows of its routes. Times are those of the front's clock.
#[derive(Debug)]
pub(super) struct Router {
    front: Front,
    log: Log,
    health: Option<Health>,
    /// When it said so.
    observed: Duration,
    /// How fast the newest answer on this device came by an undisturbed machine's.
    ratio: Option<f64>,
    local_risk: Risk,
    sessions: HashMap<SessionId, Known>,
    /// The models that answer sessions here, where it is not the profile's.
    models: HashMap<SessionId, String>,
    turns: HashMap<TurnId, Running>,
    /// The first record that could not be written; it is told once.
    unrecorded: Option<Fault>,
}

/// What is known of a session.
#[derive(Debug, Default)]
struct Known {
    /// Where it was decided to run, and not for one turn only.
    home: Option<Route>,
    last: Option<Route>,
    switches: Switches,
    /// Tokens of its newest answers.
    answers: VecDeque<u32>,
}

impl Known {
    /// Returns where it is at home: on this device unless it has moved or the mode says otherwise.
    fn home(&self, mode: Mode) -> Option<Route> {
        let here = matches!(mode, Mode::PreferLocal | Mode::Auto).then_some(Route::Local);
        self.home.clone().or(here)
    }
}

impl Router {
    /// Makes a router that has seen nothing.
    pub(super) fn new(front: &Front) -> Self {
        Self {
            log: Log::new(&front.data),
            front: front.clone(),
            health: None,
            observed: Duration::ZERO,
            ratio: None,
            local_risk: Risk::default(),
            sessions: HashMap::new(),
            models: HashMap::new(),
            turns: HashMap::new(),
            unrecorded: None,
        }
    }

    /// Takes note of how the device does.
    pub(super) fn observe(&mut self, health: &Health, at: Duration) {
        self.observed = at;
        self.ratio = health.rates.decode_ratio.or(self.ratio);
        self.turns.values_mut().for_each(|running| running.has_threads(health.threads, at));
        self.health = Some(health.clone());
    }

    /// Returns whether there is more than one route to choose from, so that it is worth asking
    /// what the prompt would cost here: a turn that has none waits for nothing.
    pub(super) fn has_choice(&self, generation: &Generation, asked: &Asked) -> bool {
        let weighs = matches!(self.front.profile.mode, Mode::PreferLocal | Mode::Auto);
        let free = asked.pin.is_none() && generation.class != PrivacyClass::LocalOnly;
        let mut places = self.front.leaves_to().into_iter();
        weighs
            && free
            && self.front.engine.is_some()
            && places.any(|(endpoint, _)| asked.consent.covers(&endpoint))
    }

    /// Decides where a turn runs, and follows it from here on.
    ///
    /// # Errors
    /// No route is allowed (`NoRoute`).
    pub(super) fn begin(
        &mut self,
        turn: TurnId,
        generation: &Generation,
        asked: Asked,
    ) -> Result<Decision, Fault> {
        let (decision, net) = self.decide(generation, &asked);
        self.follow((turn, generation), asked, decision.as_ref().ok(), net);
        decision
    }

    /// Tells what each route that a turn could take promises, as [`Router::begin`] would weigh it;
    /// nothing is decided. A route that only waits for the user's word is among them.
    pub(super) fn promises(&mut self, generation: &Generation, asked: &Asked) -> Vec<Promise> {
        let short = self.short(asked);
        let Ok(decision) = self.decide(generation, asked).0 else { return Vec::new() };
        let open =
            |it: &Candidate| matches!(it.rejected, None | Some(Reject::Consent | Reject::Pin));
        let promise = |Candidate { route, predicted, .. }| match &route {
            Route::Local if predicted.is_none() => {
                Promise { route, predicted: short, measured: false }
            }
            Route::Local => Promise { route, predicted, measured: true },
            Route::Remote(name) => {
                let measured = self.front.fleet.is_measured(name);
                Promise { route, predicted, measured }
            }
        };
        decision.considered.into_iter().filter(open).map(promise).collect()
    }

    /// Estimates a turn with a short prompt on this device from the speed of its answers alone, where no
    /// longer prompt has told how fast prompts are: a token of a prompt takes a token's time at most.
    fn short(&self, asked: &Asked) -> Option<Prediction> {
        let probe = asked.probe?;
        let new = probe.prompt_tokens.saturating_sub(probe.cached_tokens).max(1);
        let rate = self.health.as_ref()?.rates.decode_tps.filter(|rate| *rate > 0.0)?;
        let tbt = Duration::try_from_secs_f64(1.0 / rate).ok()?;
        let ttft = tbt.checked_mul(new.saturating_add(1))?;
        let total = ttft.checked_add(tbt.checked_mul(ANSWER_TOKENS)?)?;
        (new <= SHORT_TOKENS).then_some(Prediction { ttft, ttft_risk: ttft, tbt, total })
    }

    /// Decides, and tells what was known of the endpoints then.
    fn decide(
        &mut self,
        generation: &Generation,
        asked: &Asked,
    ) -> (Result<Decision, Fault>, Vec<Net>) {
        let choice = self.has_choice(generation, asked);
        let Asked { pin, probe, lacks_room, consent, broke_off, at } = asked;
        let (probe, at) = (*probe, *at);
        let profile = &self.front.profile;
        let known = self.sessions.entry(generation.session).or_default();
        let estimated = remote::estimate(generation);
        let limit = generation.limits.max_tokens.unwrap_or(u32::MAX);
        let grammar = matches!(generation.constraint, Constraint::Grammar(_));
        let request = Request {
            mode: profile.mode,
            pin: pin.clone(),
            class: generation.class,
            current: known.home(profile.mode),
            last: known.last.clone(),
            upload_bytes: bytes(&generation.messages),
            prompt_tokens: probe.map_or(estimated, |probe| probe.prompt_tokens),
            answer_tokens: likely_answer(&known.answers).min(limit),
            // A schema is every protocol's to know, a grammar none's.
            more_than_text: grammar || generation.messages.iter().any(has_more_than_text),
            broke_off: broke_off.clone(),
        };
        let policy = Policy {
            egress: self.front.egress,
            ttft: profile.slo.ttft,
            tbt: profile.slo.tbt,
            hold: known.switches.hold(at),
            ..Policy::default()
        };
        let device = self.health.as_ref().map(DeviceState::from).unwrap_or_default();
        let device = device.aged(at.saturating_sub(self.observed), self.ratio);
        let mut local = LocalFacts {
            probe,
            rates: device.rates,
            risk: self.local_risk.factor(),
            ..LocalFacts::default()
        };
        // An estimate refuses nothing where there is no other route: the engine counts itself.
        if choice {
            (local.n_ctx, local.lacks_room) = (generation.limits.n_ctx, *lacks_room);
        }
        // Without a model every turn here fails with why; where there is another way it is taken.
        let engine = self.front.engine.as_ref();
        let able = engine.filter(|engine| !choice || engine.missing.is_none());
        let local = able.is_some().then_some(local);
        let mut routes = self.front.routes(local, request.prompt_tokens, consent);
        let net = routes.iter().filter_map(net).collect();
        if !choice {
            asked_anyway(&mut routes);
        }
        if let Some(model) = self.models.get(&generation.session) {
            let here = routes.iter_mut().filter(|view| view.route == Route::Local);
            here.for_each(|view| view.model.clone_from(model));
        }
        (route::decide(&request, &routes, &device, &policy), net)
    }

    /// Takes note that a turn was decided.
    fn follow(
        &mut self,
        (turn, generation): (TurnId, &Generation),
        asked: Asked,
        decision: Option<&Decision>,
        net: Vec<Net>,
    ) {
        let (session, at, pinned) = (generation.session, asked.at, asked.pin.is_some());
        let known = self.sessions.entry(session).or_default();
        let previous = known.last.clone();
        if let Some(decision) = decision {
            // What the user said of one turn, or what one turn needs, is not where it is at home.
            let moves = !pinned && decision.why != Why::ThisTurn;
            let home = known.home(self.front.profile.mode);
            let leaves = home.is_some_and(|home| home != decision.route);
            let unforced = moves && leaves && decision.price.is_some();
            known.switches.turn(if unforced { Switched::Unforced } else { Switched::No }, at);
            if moves {
                known.home = Some(decision.route.clone());
            }
            if !pinned {
                known.last = Some(decision.route.clone());
            }
        }
        let running = Running {
            session,
            class: generation.class,
            asked: at,
            at: clock::now(),
            pinned,
            previous,
            decision: decision.cloned(),
            priority: generation.priority,
            consent: asked.consent,
            probe: asked.probe,
            net,
            threads: self.health.as_ref().map(|health| health.threads),
            health: self.health.clone(),
            first: None,
            last: Duration::ZERO,
            gaps: Vec::new(),
            moved: false,
            served_model: None,
            tokens: 0,
            waits: Duration::ZERO,
            events: Vec::new(),
        };
        self.turns.insert(turn, running);
    }

    /// Learns from what a turn does, and records how it ended.
    pub(super) fn hear(&mut self, turn: TurnId, event: &TurnEvent, at: Duration) {
        let Some(running) = self.turns.get_mut(&turn) else { return };
        match event {
            TurnEvent::Routed(decision) => {
                running.routed(decision, at);
                if let Some(known) = self.sessions.get_mut(&running.session)
                    && !running.pinned
                {
                    known.last = Some(decision.route.clone());
                }
            }
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                running.token(at);
                if running.first.is_none() && !text.trim().is_empty() {
                    running.first = Some(at);
                    learn(&mut self.local_risk, running, at);
                }
            }
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                if let Some(running) = self.turns.remove(&turn) {
                    self.end(turn, running, (reason, *usage), at);
                }
            }
            TurnEvent::Waiting { left, .. } => running.waits(*left, at),
            TurnEvent::Anew => running.happened(Happened::BegunAnew, at),
            TurnEvent::Token(TokenEvent::Queued(_) | TokenEvent::Prefill { .. }) => {}
        }
    }

    fn end(
        &mut self,
        turn: TurnId,
        running: Running,
        (reason, usage): (&StopReason, Usage),
        at: Duration,
    ) {
        if *reason == StopReason::EndOfTurn {
            let known = self.sessions.entry(running.session).or_default();
            if known.answers.len() == ANSWERS {
                known.answers.pop_front();
            }
            known.answers.push_back(usage.completion_tokens);
        }
        let record = self.record(turn, running, (reason, usage), at);
        if !self.front.recorded {
            return;
        }
        if let Err(error) = self.log.append(&record)
            && self.unrecorded.is_none()
        {
            self.unrecorded = Some(Fault::new(error.to_string()));
        }
    }

    fn record(
        &self,
        turn: TurnId,
        running: Running,
        (reason, usage): (&StopReason, Usage),
        at: Duration,
    ) -> Record {
        let profile = &self.front.profile;
        let ttft = running.first.map(|first| first.saturating_sub(running.asked));
        let slo_met = ttft.map(|ttft| {
            let tbt = usage.decode.checked_div(usage.completion_tokens.saturating_sub(1));
            ttft <= profile.slo.ttft && tbt.is_none_or(|tbt| tbt <= profile.slo.tbt)
        });
        let leaves = running.decision.as_ref().map(|decision| &decision.route);
        let endpoint = match leaves {
            Some(Route::Remote(name)) => Some(name.as_str()),
            Some(Route::Local) | None => None,
        };
        let cost = endpoint.map_or(0, |name| self.front.fleet.cost(name, &usage));
        let actual = Actual {
            reason: reason.clone(),
            usage,
            ttft,
            total: at.saturating_sub(running.asked),
            bytes_up: usage.traffic.up,
            bytes_down: usage.traffic.down,
            tbt_q95: running.worst_gap(),
            cost_micros: (!running.is_spliced()).then_some(cost),
            served_model: running.served_model,
        };
        Record {
            at: running.at,
            session: running.session,
            turn: turn.0,
            profile: profile.name.clone(),
            mode: profile.mode,
            pinned: running.pinned,
            priority: running.priority,
            class: running.class,
            consent: endpoint.and_then(|name| running.consent.word(name)),
            previous: running.previous,
            decision: running.decision,
            health: running.health,
            probe: running.probe,
            net: running.net,
            events: running.events,
            actual,
            slo_met,
        }
    }

    /// Returns why decisions are not recorded, once.
    pub(super) fn unrecorded(&mut self) -> Option<Fault> {
        self.unrecorded.take()
    }

    /// Takes note that a session is answered by another model of this device than the profile's.
    pub(super) fn answers(&mut self, session: SessionId, model: String) {
        self.models.insert(session, model);
    }

    /// Forgets how the device did: another model is asked now.
    pub(super) fn forget_device(&mut self) {
        (self.health, self.ratio, self.local_risk) = (None, None, Risk::default());
    }

    /// Forgets a session.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.models.remove(&session);
        self.sessions.remove(&session);
    }
}

/// Compares what was promised with what came; an endpoint's turns are compared where they run.
fn learn(local: &mut Risk, running: &Running, at: Duration) {
    let Some(decision) = running.decision.as_ref().filter(|_| !running.moved) else { return };
    let Some(predicted) = decision.predicted() else { return };
    if decision.route == Route::Local {
        local.push(predicted.ttft, at.saturating_sub(running.asked));
    }
}

/// Returns what is known of a route that is an endpoint.
fn net(view: &RouteView) -> Option<Net> {
    let (Route::Remote(endpoint), Facts::Remote(facts)) = (&view.route, &view.facts) else {
        return None;
    };
    let (breaker, rests) = (facts.gate.name(), facts.rests);
    let (has_key, trouble) = (facts.has_key, facts.trouble);
    Some(Net { endpoint: endpoint.clone(), breaker, rests, has_key, trouble })
}

/// Returns the tokens that seven of ten answers of the session had at most.
fn likely_answer(answers: &VecDeque<u32>) -> u32 {
    let mut sorted: Vec<u32> = answers.iter().copied().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() * 7 / 10).copied().unwrap_or(ANSWER_TOKENS)
}

/// Counts the bytes of text that would be sent.
fn bytes(messages: &[Message]) -> u64 {
    let parts = messages.iter().flat_map(|message| &message.parts);
    let sizes = parts.map(|part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        Part::ToolResult { content, .. } => content.len(),
        Part::Media(hash) => hash.0.len(),
    });
    sizes.map(|size| size as u64).sum()
}

fn has_more_than_text(message: &Message) -> bool {
    message.parts.iter().any(|part| !matches!(part, Part::Text(_) | Part::Reasoning(_)))
}

#[cfg(test)]
mod tests;
