//! Users: what they ask, where they let it go, and what they look at.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::World;
use super::chance::Chance;
use super::changes::At;
use super::changes::Changes;
use super::device::Device;
use super::network::CANARY;
use crate::backend::TurnQueue;
use crate::backend::turn_queue;
use crate::chat::Compute;
use crate::chat::Constraint;
use crate::chat::Decision;
use crate::chat::Health;
use crate::chat::Mode;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Why;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Profile;
use crate::config::Protocol;
use crate::engine::EngineConfig;
use crate::ipc::LoadSpec;
use crate::ipc::Spec;
use crate::net::Net;
use crate::remote::Fleet;
use crate::remote::Remote;
use crate::route::Egress;
use crate::route::Pin;
use crate::runtime::Front;
use crate::runtime::clock::Clock;
use crate::runtime::driver::Driver;
use crate::runtime::driver::Wish;

/// Turns of a user, and how many a script has under way at once.
const TURNS: u64 = 14;
const JOBS: usize = 3;

/// Between an answer and the next question.
const THINKS: Duration = Duration::from_secs(25);

/// The longest that a script's turn may wait on this device for its first token.
const STARVED: Duration = Duration::from_mins(10);

/// How long the device has to be left alone by others before a session that prefers it should come
/// back, and how many turns it may still take: it is not looked at while nothing runs there.
const WELL_FOR: Duration = Duration::from_mins(2);
const AWAY: u32 = 5;

/// What such a device evaluates well within the SLO.
const SHORT_TOKENS: u32 = 150;

/// What kind of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Lets conversations leave.
    Open,
    /// Does not.
    Private,
    /// Was asked and has not agreed.
    Unasked,
    /// A script of many questions, several at once.
    Script,
}

/// A user with a front of their own.
#[derive(Debug)]
pub(super) struct User {
    world: &'static World,
    who: Who,
    front: Front,
    driver: Driver<Device>,
    turns: TurnQueue,
    health: watch::Receiver<Health>,
    chance: Chance,
    clock: Clock,
    open: HashMap<TurnId, Track>,
    changes: Changes,
    device: Device,
    talks_long: bool,
    /// Turns in a row that ran elsewhere although the device was well.
    away: u32,
    asked: u64,
}

/// A turn as its user sees it.
#[derive(Debug)]
struct Track {
    session: SessionId,
    pin: Option<Pin>,
    cancel_at: Option<Duration>,
    routes: Vec<Route>,
    /// When it was last said where it runs.
    routed_at: Duration,
    /// When its first text came.
    text_at: Option<Duration>,
    /// Where its newest text came from, and how often that changed.
    text_from: Option<Route>,
    handed_over: u32,
}

impl User {
    /// Makes all users of a world.
    pub(super) fn all(world: &'static World, device: &Device, chance: &mut Chance) -> Vec<Self> {
        let egress = match chance.next() % 20 {
            0 => Egress::Offline,
            1 => Egress::KillSwitch,
            _ => Egress::Allowed,
        };
        let everybody = [Who::Open, Who::Private, Who::Unasked, Who::Script];
        // Alone on the device, nobody else has it looked at.
        let there = if chance.percent(25) { &everybody[..1] } else { &everybody };
        there.iter().map(|who| Self::new(world, device, (*who, egress), chance.fork())).collect()
    }

    fn new(
        world: &'static World,
        device: &Device,
        (who, egress): (Who, Egress),
        mut chance: Chance,
    ) -> Self {
        let front = front(Net::played(egress, world), who, egress, &mut chance);
        let (queue, turns) = turn_queue(64);
        let talks_long = chance.percent(50);
        let clock = Clock::start();
        let driver = Driver::new(&front, Some(device.clone()), queue, clock);
        Self {
            world,
            who,
            front,
            driver,
            turns,
            health: device.health(),
            chance,
            clock,
            open: HashMap::new(),
            changes: Changes::default(),
            device: device.clone(),
            talks_long,
            away: 0,
            asked: 0,
        }
    }

    /// Asks until everything is asked and answered.
    pub(super) async fn live(mut self) {
        let mut next = self.clock.at() + self.chance.wait(THINKS);
        let jobs = if self.who == Who::Script { JOBS } else { 1 };
        while self.asked < TURNS || !self.open.is_empty() {
            let asks = self.asked < TURNS && self.open.len() < jobs;
            let cancels = self.open.values().filter_map(|track| track.cancel_at).min();
            let wakes = asks.then_some(next).into_iter().chain(cancels).min();
            tokio::select! {
                biased;
                Some((turn, event)) = self.turns.recv() => {
                    self.driver.hear(turn, &event);
                    if self.hear(turn, &event) {
                        let thinks = if jobs > 1 { Duration::ZERO } else { self.chance.wait(THINKS) };
                        next = self.clock.at() + thinks;
                    }
                }
                Ok(()) = self.health.changed() => {
                    let health = self.health.borrow_and_update().clone();
                    self.driver.observe(&health);
                }
                () = crate::runtime::clock::until(self.clock, wakes), if wakes.is_some() => {
                    if cancels.is_some_and(|at| at <= self.clock.at()) {
                        self.cancel();
                    } else {
                        self.ask();
                        if jobs == 1 {
                            next = self.clock.at() + THINKS;
                        }
                    }
                }
            }
        }
    }

    fn ask(&mut self) {
        self.asked += 1;
        let turn = TurnId(self.asked);
        let lane = if self.who == Who::Script { self.asked % JOBS as u64 } else { 0 };
        let session = SessionId(u128::from(lane) + 10 * (self.who as u128 + 1));
        let pin = self.chance.percent(10).then(|| {
            let there = Pin::Remote(self.chance.percent(50).then(|| "b".to_owned()));
            if self.chance.percent(50) { Pin::Local } else { there }
        });
        if pin.is_some() {
            self.world.seen.count("pinned");
        }
        let secret = matches!(self.who, Who::Private | Who::Unasked);
        // A conversation that grows, small talk, or the long questions of a script.
        let grows = if self.talks_long { self.asked } else { 1 };
        let times = if self.who == Who::Script { 10 } else { grows };
        let words = self.chance.between(5, 60) as usize * usize::try_from(times).unwrap_or(1);
        let text = format!("{} {}", if secret { CANARY } else { "piano" }, "tell ".repeat(words));
        let mut generation = self.front.question(session, &[], &text, true);
        generation.priority =
            if self.who == Who::Script { Priority::Background } else { Priority::Interactive };
        if self.who != Who::Unasked {
            self.driver.allow_all(session);
        }
        self.note(pin.as_ref());
        let at = self.clock.at();
        let cancel_at =
            self.chance.percent(8).then(|| at + self.chance.wait(Duration::from_secs(2)));
        self.driver.wish(turn, Wish { pin: pin.clone(), broke_off: None });
        self.driver.generate(turn, generation);
        let track = Track {
            session,
            pin,
            cancel_at,
            routes: Vec::new(),
            routed_at: at,
            text_at: None,
            text_from: None,
            handed_over: 0,
        };
        self.open.insert(turn, track);
    }

    fn note(&self, pin: Option<&Pin>) {
        let mode = self.front.profile.mode;
        match self.who {
            Who::Private if mode != Mode::LocalOnly || matches!(pin, Some(Pin::Remote(_))) => {
                self.world.seen.count("local-only turn beside an endpoint");
            }
            Who::Unasked if mode != Mode::LocalOnly => {
                self.world.seen.count("turn that nobody agreed to send");
            }
            Who::Script => self.world.seen.count("background turn"),
            Who::Open | Who::Private | Who::Unasked => {}
        }
    }

    fn cancel(&mut self) {
        let now = self.clock.at();
        for (turn, track) in &mut self.open {
            if track.cancel_at.is_some_and(|at| at <= now) {
                track.cancel_at = None;
                self.driver.cancel(*turn);
            }
        }
    }

    /// Takes a step in; returns whether the turn has ended.
    fn hear(&mut self, turn: TurnId, event: &TurnEvent) -> bool {
        let now = self.clock.at();
        let seen = &self.world.seen;
        let Some(track) = self.open.get_mut(&turn) else {
            seen.wrong(format!("something behind the end of {turn:?}: {event:?}"));
            return false;
        };
        match event {
            TurnEvent::Routed(decision) => {
                track.routed(decision.route.clone(), now).unwrap_or_else(|what| seen.wrong(what));
                if decision.reason.is_empty() {
                    seen.wrong("a route without a reason");
                }
                if track.routes.len() == 1 && track.pin.is_none() {
                    let stays = decision.route == Route::Local;
                    let mut here = decision.considered.iter().filter(|it| it.route == Route::Local);
                    let short = here.all(|it| it.new_tokens <= SHORT_TOKENS);
                    let well = short && self.device.is_well(WELL_FOR);
                    self.away = if stays { 0 } else { self.away + u32::from(well) };
                    let prefers = self.front.profile.mode == Mode::PreferLocal;
                    if prefers && self.who == Who::Open && self.away > AWAY {
                        seen.wrong(format!("it does not come back: {}", decision.reason));
                    }
                }
                if let Some(price) = decision.price.as_ref().filter(|_| track.routes.len() == 1) {
                    let leaves = decision.route != Route::Local;
                    let said = decision.reason.contains(" sent");
                    if leaves != (price.bytes_out > 0) || leaves != said {
                        seen.wrong(format!("{price:?}, and is said as: {}", decision.reason));
                    }
                }
                if track.routes.len() == 1 && track.pin.is_none() {
                    let session = track.session;
                    self.decided(session, decision, now);
                }
            }
            TurnEvent::Token(TokenEvent::Delta(text)) if !text.trim().is_empty() => {
                if track.routes.is_empty() {
                    seen.wrong("text before the route");
                }
                track.text_at.get_or_insert(now);
                track.says();
                self.starves(turn, now);
            }
            TurnEvent::Token(TokenEvent::Finished(reason, _)) => {
                self.starves(turn, now);
                if let Some(track) = self.open.remove(&turn) {
                    self.ended(&track, reason);
                }
                return true;
            }
            TurnEvent::Token(_) | TurnEvent::Waiting { .. } | TurnEvent::Anew => {}
        }
        false
    }

    /// Looks at a change of the session's route.
    fn decided(&mut self, session: SessionId, decision: &Decision, now: Duration) {
        let at = At { time: now, asked: self.asked, in_parallel: self.who == Who::Script };
        let seen = &self.world.seen;
        match self.changes.decided(session, decision, (&self.front.profile, at)) {
            Ok(true) => seen.count("moved without need"),
            Ok(false) if decision.why == Why::ThisTurn => seen.count("away for one turn"),
            Ok(false) => {}
            Err(what) => seen.wrong(format!("{:?} in {what}", self.who)),
        }
    }

    /// Looks whether a script's turn waited too long on this device.
    fn starves(&mut self, turn: TurnId, now: Duration) {
        let Some(track) = self.open.get(&turn) else { return };
        let waits = track.text_at.unwrap_or(now).saturating_sub(track.routed_at);
        let here = track.routes.last() == Some(&Route::Local);
        if self.who == Who::Script && here && waits > STARVED {
            self.world.seen.wrong(format!("a script's turn waited {waits:?}"));
        }
    }

    fn ended(&self, track: &Track, reason: &StopReason) {
        let seen = &self.world.seen;
        if let Some(fault) = reason.fault()
            && fault.message.is_empty()
        {
            seen.wrong(format!("an end without a name: {reason:?}"));
        }
        if track.handed_over > 1 {
            seen.wrong(format!("an answer changed hands {} times", track.handed_over));
        }
        let here = track.routes.last();
        let answered = track.text_at.is_some();
        let complete = matches!(reason, StopReason::EndOfTurn | StopReason::Length);
        if complete && !answered {
            seen.wrong("an answer without text");
        }
        match (reason, here) {
            (StopReason::Interrupted(_), _) => seen.count("interrupted"),
            (StopReason::EndOfTurn | StopReason::Length, Some(here)) if track.handed_over == 1 => {
                let came_home = *here == Route::Local;
                seen.count(if came_home {
                    "came home in mid-answer"
                } else {
                    "left in mid-answer"
                });
            }
            (StopReason::Failed(_), _) => seen.count("refused by name"),
            (StopReason::Cancelled, _) => seen.count("cancelled"),
            (_, Some(Route::Remote(_))) => seen.count("answered at an endpoint"),
            (_, Some(Route::Local)) if track.routes.len() > 1 => {
                seen.count("came home before the first token");
            }
            (_, Some(Route::Local)) => seen.count("answered on the device"),
            (_, None) => seen.wrong(format!("no route was told: {reason:?}")),
        }
    }
}

impl Track {
    /// Takes note of where text comes from. Who was asked to go on and gave none of it had no part
    /// in the answer.
    fn says(&mut self) {
        let here = self.routes.last();
        if self.text_from.as_ref() != here {
            self.handed_over += u32::from(self.text_from.is_some());
            self.text_from = here.cloned();
        }
    }

    /// Takes note of where it runs; says what is wrong with that.
    fn routed(&mut self, route: Route, now: Duration) -> Result<(), String> {
        if self.routes.last() == Some(&route) {
            return Ok(());
        }
        self.routed_at = now;
        let allowed = match (&self.pin, &route) {
            (None, _)
            | (Some(Pin::Local), Route::Local)
            | (Some(Pin::Remote(None)), Route::Remote(_)) => true,
            (Some(Pin::Remote(Some(pinned))), Route::Remote(endpoint)) => pinned == endpoint,
            (Some(_), _) => false,
        };
        self.routes.push(route);
        if allowed { Ok(()) } else { Err(format!("a pin was overridden: {self:?}")) }
    }
}

/// Makes the front of somebody who lets conversations leave, to where nobody is.
pub(super) fn quiet_front() -> Front {
    front(Net::new(Egress::Allowed), Who::Open, Egress::Allowed, &mut Chance::new(0))
}

fn front(net: Net, who: Who, egress: Egress, chance: &mut Chance) -> Front {
    let privacy = if who == Who::Private { PrivacyClass::LocalOnly } else { PrivacyClass::Open };
    let modes: &[Mode] = match who {
        Who::Private => &[Mode::PreferLocal, Mode::Auto, Mode::PreferRemote, Mode::LocalOnly],
        Who::Script => &[Mode::PreferLocal, Mode::Auto],
        Who::Open | Who::Unasked => {
            &[Mode::PreferLocal, Mode::Auto, Mode::Auto, Mode::PreferRemote, Mode::RemoteOnly]
        }
    };
    let mut profile = Profile::built_in("simulated");
    profile.mode = chance.one(modes);
    profile.privacy = privacy;
    profile.endpoints = vec!["a".to_owned(), "b".to_owned()];
    profile.max_tokens = Some(120);
    // Nobody agreed to hear of it: these hosts must hear nothing at all.
    let silent = egress != Egress::Allowed || matches!(who, Who::Private | Who::Unasked);
    let kind = if silent { "silent" } else { "open" };
    let endpoint = |name: &str| Endpoint {
        name: name.to_owned(),
        protocol: Protocol::OpenAi,
        base_url: format!("http://{name}-{kind}-{}.example/v1", who as u8),
        model: Some("big".to_owned()),
        key: KeySource::None,
        n_ctx: None,
        price: None,
        ca_file: None,
        proxy: None,
        headers: Vec::new(),
        allow_http: true,
    };
    let remotes = ["a", "b"].map(|name| Remote::new(endpoint(name), net, None));
    Front {
        fleet: Arc::new(Fleet::of(remotes).seeded(chance.next())),
        engine: Some(engine()),
        model: "small".to_owned(),
        prefill_ahead: false,
        // Decisions are recorded nowhere: that nothing can be written ends no turn.
        data: PathBuf::from("/dev/null"),
        recorded: true,
        meter: None,
        memory: None,
        egress,
        constraint: Constraint::Free,
        panic_at: None,
        profile,
    }
}

/// An engine that is never started: the device stands for it.
fn engine() -> EngineConfig {
    let nowhere = PathBuf::from("/dev/null");
    let load = LoadSpec {
        model: nowhere.clone(),
        model_bytes: 0,
        model_changed_ns: 0,
        pool_tokens: 4096,
        max_turns: 16,
        kv_ram_gb: None,
        threads: None,
        compute: Compute::default(),
    };
    let spec = Spec { load, socket: nowhere.clone(), lock: nowhere.clone(), log: nowhere.clone() };
    let (environment, keep_alive) = (Vec::new(), Duration::ZERO);
    EngineConfig {
        program: nowhere,
        environment,
        spec,
        keep_alive,
        demand: None,
        require_gpu: false,
        missing: None,
    }
}
