//! Carries out what the model wants: chooses the route, starts and stops turns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Front;
use super::clock::Clock;
use super::consent::Consent;
use super::course::Course;
use super::crash;
use super::memory;
use super::pace::Pace;
use super::router::Asked;
use super::router::Router;
use crate::backend::Backend;
use crate::backend::Cancel;
use crate::backend::TokenSink;
use crate::chat::Fault;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::Outlook;
use crate::chat::Place;
use crate::chat::Probe;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::config::Paths;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::models::Meter;
use crate::models::Speed;
use crate::remote;
use crate::route::Lesson;
use crate::route::Pin;
use crate::store::Store;

/// How long the engine may take to say what a prompt would cost. It counts at more than a megabyte
/// a second; one that is slower, or still loads, is decided by an estimate.
const PROBE_WITHIN: Duration = Duration::from_millis(50);

/// The same while somebody still writes, who waits for nothing.
const FORESEEN_WITHIN: Duration = Duration::from_secs(2);

/// What is said of where a turn runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// The user's word.
    pub(super) pin: Option<Pin>,
    /// Where an answer to the same question broke off.
    pub(super) broke_off: Option<Route>,
}

/// Starts and stops turns; a token per turn, under its session's, under the program's.
#[derive(Debug)]
pub(super) struct Driver<B = Engine> {
    /// What answers on this device.
    engine: Option<B>,
    /// Engines of models that the user chose for sessions, each with the front that asks it.
    others: HashMap<String, (Front, B)>,
    /// Those sessions.
    models: HashMap<SessionId, String>,
    /// Engines with too small a pool, until no turn runs any more.
    left: Vec<B>,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    router: Arc<Mutex<Router>>,
    clock: Clock,
    front: Front,
    root: Cancel,
    sessions: HashMap<SessionId, Cancel>,
    turns: HashMap<TurnId, Cancel>,
    /// Where the user lets sessions go.
    consents: HashMap<SessionId, Consent>,
    wishes: HashMap<TurnId, Wish>,
    /// Where what endpoints teach is kept; `None` keeps nothing.
    memory: Option<Store>,
    pace: Pace,
    /// How fast the turn that ended last went and where that is kept, until it is asked for.
    measured: Option<(Meter, Speed)>,
}

impl<B: Backend + Clone + 'static> Driver<B> {
    /// Makes a driver whose turns report to `queue`.
    pub(super) fn new(
        front: &Front,
        engine: Option<B>,
        queue: mpsc::Sender<(TurnId, TurnEvent)>,
        clock: Clock,
    ) -> Self {
        let mut driver = Self {
            engine,
            others: HashMap::new(),
            models: HashMap::new(),
            left: Vec::new(),
            queue,
            router: Arc::new(Mutex::new(Router::new(front))),
            clock,
            front: front.clone(),
            root: Cancel::new(),
            sessions: HashMap::new(),
            turns: HashMap::new(),
            consents: HashMap::new(),
            wishes: HashMap::new(),
            memory: None,
            pace: Pace::default(),
            measured: None,
        };
        if let Some(store) = front.memory.clone() {
            let lessons = memory::recalled(&store);
            driver.remember(store, &lessons);
        }
        driver
    }

    /// Keeps what endpoints teach in `store`, and takes in what it has taught earlier runs.
    pub(super) fn remember(&mut self, store: Store, lessons: &[Lesson]) {
        self.front.fleet.recall(lessons);
        self.memory = Some(store);
    }

    /// Takes in what is said of where a turn runs that begins later.
    pub(super) fn wish(&mut self, turn: TurnId, wish: Wish) {
        self.wishes.insert(turn, wish);
    }

    /// Takes note that the user lets a session's turns go to an endpoint.
    pub(super) fn allow(&mut self, session: SessionId, endpoint: String) {
        self.consents.entry(session).or_default().add(endpoint);
    }

    /// Takes note that a session's turns may go wherever the profile allows.
    pub(super) fn allow_all(&mut self, session: SessionId) {
        self.consents.insert(session, Consent::All);
    }

    /// Begins a turn: says where it runs and why, then starts it there.
    pub(super) fn generate(&mut self, turn: TurnId, generation: Generation) {
        let Wish { pin, broke_off } = self.wishes.remove(&turn).unwrap_or_default();
        let session = self.sessions.entry(generation.session);
        let cancel = session.or_insert_with(|| self.root.child_token()).child_token();
        self.turns.insert(turn, cancel.clone());
        let (front, engine) = self.answering(generation.session);
        let (front, engine, queue) = (front.clone(), engine.cloned(), self.queue.clone());
        self.pace.begin(turn, front.meter.clone().filter(|_| front.recorded));
        let (router, clock) = (Arc::clone(&self.router), self.clock);
        let consent = self.consents.get(&generation.session).cloned().unwrap_or_default();
        let at = clock.at();
        tokio::spawn(async move {
            let Some(mut sink) = TokenSink::open(turn, queue, cancel).await else { return };
            crash::provoke("turn", front.panic_at.as_deref());
            let is_first = broke_off.is_none();
            let mut asked = Asked { pin, consent, broke_off, at, ..Asked::default() };
            let choice = lock(&router).has_choice(&generation, &asked);
            if let Some(engine) = engine.as_ref().filter(|_| choice) {
                asked.probe = probe(engine, &generation, PROBE_WITHIN).await;
                asked.lacks_room = asked.probe.is_none() && lacks_room(&front).await;
            }
            let decision = lock(&router).begin(turn, &generation, asked);
            match decision {
                Ok(decision) => {
                    let course = Course { front: &front, engine: engine.as_ref(), is_first };
                    course.run(decision, generation, sink).await;
                }
                Err(fault) => sink.finish(StopReason::Failed(fault), Usage::default()),
            }
        });
    }

    /// Learns from a step of a turn; returns what the user should know of the record.
    pub(super) fn hear(&mut self, turn: TurnId, event: &TurnEvent) -> Option<Fault> {
        let mut router = lock(&self.router);
        router.hear(turn, event, self.clock.at());
        let unrecorded = router.unrecorded();
        drop(router);
        self.measured = self.pace.hear(turn, event).or(self.measured.take());
        if matches!(event, TurnEvent::Token(TokenEvent::Finished(..))) {
            self.turns.remove(&turn);
            self.keep();
            self.leave_idle();
        }
        unrecorded
    }

    /// Returns how fast the turn that ended last went, once, and where that is kept; it is for whoever
    /// has a moment to write it.
    pub(super) fn measured(&mut self) -> Option<(Meter, Speed)> {
        self.measured.take()
    }

    /// Keeps what was learned of endpoints. Nobody waits for it: it is a help, no promise.
    fn keep(&self) {
        let Some(store) = &self.memory else { return };
        for lesson in self.front.fleet.lessons() {
            store.learn(lesson);
        }
    }

    /// Evaluates ahead what is foreseen of the next prompt, on this device only.
    pub(super) fn prepare(&self, generation: Generation, foresight: Foresight) {
        if let (_, Some(engine)) = self.answering(generation.session) {
            engine.prepare(generation, foresight);
        }
    }

    /// Tells what a draft would cost: its tokens, and what every route promises for it. With a second
    /// generation, the conversation without it, that is counted too; without `counts` the engine is
    /// not asked, which would start it.
    pub(super) fn foresee(
        &self,
        (generation, blank): (Generation, Option<Generation>),
        pin: Option<Pin>,
        counts: bool,
    ) -> impl Future<Output = Outlook> + Send + use<B> {
        let engine = self.answering(generation.session).1.cloned().filter(|_| counts);
        let router = Arc::clone(&self.router);
        let consent = self.consents.get(&generation.session).cloned().unwrap_or_default();
        let at = self.clock.at();
        async move {
            let mut asked = Asked { pin, consent, at, ..Asked::default() };
            let mut blank_tokens = None;
            if let Some(engine) = &engine {
                asked.probe = probe(engine, &generation, FORESEEN_WITHIN).await;
                if let Some(blank) = blank {
                    let blank = probe(engine, &blank, FORESEEN_WITHIN).await;
                    blank_tokens = blank.map(|blank| blank.prompt_tokens);
                }
            }
            let exact = asked.probe.is_some_and(|probe| probe.exact);
            let estimated = || remote::estimate(&generation);
            let prompt_tokens = asked.probe.map_or_else(estimated, |probe| probe.prompt_tokens);
            let promised = lock(&router).promises(&generation, &asked);
            Outlook { prompt_tokens, blank_tokens, exact, routes: promised }
        }
    }

    /// Stops a turn; its `Finished` still comes.
    pub(super) fn cancel(&self, turn: TurnId) {
        if let Some(cancel) = self.turns.get(&turn) {
            cancel.cancel();
        }
    }

    /// Takes note of how the device does; the next decision follows from it.
    pub(super) fn observe(&mut self, health: &Health) {
        lock(&self.router).observe(health, self.clock.at());
    }

    /// Leaves the engines that are not wanted any more, once nothing runs there; what they hold of
    /// this front's sessions is of no use to anybody.
    fn leave_idle(&mut self) {
        if !self.turns.is_empty() {
            return;
        }
        for engine in self.left.drain(..) {
            self.sessions.keys().for_each(|session| engine.forget(*session));
        }
    }

    /// Stops a session's turns and drops its cached state.
    pub(super) fn forget(&mut self, session: SessionId) {
        if let Some(cancel) = self.sessions.remove(&session) {
            cancel.cancel();
        }
        self.consents.remove(&session);
        lock(&self.router).forget(session);
        self.models.remove(&session);
        let others = self.others.values().map(|(_, engine)| engine);
        others.chain(&self.engine).for_each(|engine| engine.forget(session));
    }

    /// Returns what answers a session on this device, and the front that asks it.
    fn answering(&self, session: SessionId) -> (&Front, Option<&B>) {
        match self.models.get(&session).and_then(|model| self.others.get(model)) {
            Some((front, engine)) => (front, Some(engine)),
            None => (&self.front, self.engine.as_ref()),
        }
    }

    /// Has a session's turns on this device answered by a model from now on; `false` where there is no
    /// engine for it yet.
    pub(super) fn assign(&mut self, session: SessionId, model: &str) -> bool {
        let own = self.front.model == model;
        if !own && !self.others.contains_key(model) {
            return false;
        }
        if own {
            self.models.remove(&session);
        } else {
            self.models.insert(session, model.to_owned());
        }
        let mut router = lock(&self.router);
        router.forget_device();
        router.answers(session, model.to_owned());
        true
    }

    /// Takes another model's engine in, with the front that asks it.
    pub(super) fn add(&mut self, model: String, front: Front, engine: B) {
        self.others.insert(model, (front, engine));
    }

    /// Tells what is known of the endpoints for a prompt of so many tokens.
    pub(super) fn places(&self, prompt_tokens: u32) -> Vec<Place> {
        self.front.places(prompt_tokens)
    }

    /// Stops everything.
    pub(super) fn cancel_all(&self) {
        self.root.cancel();
    }
}

impl Driver {
    /// Asks how the engine of a session does; what it says comes as an event.
    pub(super) fn look(&self, session: SessionId) {
        if let (_, Some(engine)) = self.answering(session) {
            engine.look();
        }
    }

    /// Makes the engine of another model of this machine and has it load.
    ///
    /// # Errors
    /// The model is missing or bad, or no turn of this front is answered on this device.
    pub(super) fn open(
        &mut self,
        model: &str,
        paths: &Paths,
        events: mpsc::Sender<EngineEvent>,
    ) -> Result<(), Fault> {
        let front = self.front.with_model(model, paths)?;
        let config = front.engine.clone().ok_or_else(|| Fault::new("there is no engine"))?;
        let engine = Engine::new(config, events);
        engine.warm();
        self.add(model.to_owned(), front, engine);
        Ok(())
    }

    /// Has turns run from now on where there is room for a session of `n_ctx` tokens.
    pub(super) fn enlarge(&mut self, n_ctx: u32, events: mpsc::Sender<EngineEvent>) {
        self.front.profile.n_ctx = n_ctx;
        let Some(config) = &self.front.engine else { return };
        let larger = Engine::new(config.with_context(n_ctx), events);
        self.left.extend(self.engine.replace(larger));
        self.leave_idle();
    }
}

/// Asks what a prompt would cost here.
async fn probe(engine: &impl Backend, generation: &Generation, within: Duration) -> Option<Probe> {
    let probe = tokio::time::timeout(within, engine.probe(generation)).await;
    probe.ok().and_then(Result::ok)
}

/// Asks the system whether an engine that does not answer could be started at all.
async fn lacks_room(front: &Front) -> bool {
    let Some(config) = front.engine.clone() else { return false };
    tokio::task::spawn_blocking(move || config.lacks_room()).await.unwrap_or_default()
}

/// A panic elsewhere must not end the routing: everything in it is whole between two calls.
fn lock(router: &Mutex<Router>) -> MutexGuard<'_, Router> {
    router.lock().unwrap_or_else(PoisonError::into_inner)
}
