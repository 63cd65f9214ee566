//! A device that answers: as fast as its processors are free, batch by batch as the worker plans
//! them, and with the levels that the engine makes of its samples.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::time::Instant;

use super::World;
use super::chance::Chance;
use super::network::Stretch;
use crate::backend::Backend;
use crate::backend::BoxFuture;
use crate::backend::TokenSink;
use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Fault;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::Priority;
use crate::chat::Probe;
use crate::chat::Rates;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;
use crate::remote;
use crate::route::DeviceMachine;
use crate::worker::plan::View;
use crate::worker::plan::plan;

/// Tokens that a stream gets at once: a world is made of fewer steps then.
const AT_ONCE: u32 = 8;

/// Tokens of a batch, and of prompts in one.
const BATCH: usize = 512;
const SLICE: usize = 128;

/// Tokens a second with nothing beside it, with one busy neighbour and with two, threads stepped
/// down: prompts, and one answer (measured with the model that the tests use, two cores).
const PREFILL_TPS: [f64; 3] = [270.0, 147.0, 82.0];
const DECODE_TPS: [f64; 3] = [104.0, 67.5, 39.6];

/// The share of the wanted processor time that is spent waiting then.
const WAITS: [f64; 3] = [0.007, 0.37, 0.5];

/// The memory of the machine, and how much of it is to be had: usually, and in a squeeze.
const MEMORY: u64 = 8 << 30;
const FREE: [u64; 2] = [4 << 30, 200 << 20];

/// What a batch takes that has nothing in it, although somebody waits.
const IDLE_STEP: Duration = Duration::from_secs(1);

/// How long an engine stands still that somebody stopped.
const STANDS_FOR: Duration = Duration::from_secs(30);

/// Between two samples while something runs, and how long it is looked at after that.
const SAMPLED_EVERY: Duration = Duration::from_secs(1);
const SAMPLED_AFTER: Duration = Duration::from_secs(10);

/// The device of a world, which every user has a handle to.
#[derive(Clone, Debug)]
pub(super) struct Device(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: &'static World,
    /// How fast the machine is beside the one that was measured.
    speed: f64,
    /// When one neighbour is busy, and when another one is.
    busy: [Vec<Stretch>; 2],
    /// When others take nearly all of its memory.
    squeezed: Vec<Stretch>,
    state: Mutex<State>,
    work: Notify,
    health: watch::Sender<Health>,
}

#[derive(Debug, Default)]
struct State {
    turns: Vec<Turn>,
    /// Tokens of each session that are cached.
    cached: HashMap<SessionId, u32>,
    measured: bool,
    ran: Option<Instant>,
}

#[derive(Debug)]
struct Turn {
    sink: TokenSink,
    session: SessionId,
    priority: Priority,
    missing: usize,
    left: u32,
    usage: Usage,
    begun: Instant,
    first: Option<Instant>,
}

impl Device {
    /// Begins to work.
    pub(super) fn start(world: &'static World, chance: &mut Chance) -> Self {
        let busy = [(45, 120), (45, 400)].map(|(length, apart)| {
            Stretch::some(chance, Duration::from_secs(length), Duration::from_secs(apart))
        });
        let speed = chance.one(&[1.0, 1.0, 0.2, 4.0]);
        let squeezed = if chance.percent(30) {
            Stretch::some(chance, Duration::from_secs(40), Duration::from_mins(8))
        } else {
            Vec::new()
        };
        let device = Self(Arc::new(Shared {
            world,
            speed,
            busy,
            squeezed,
            state: Mutex::default(),
            work: Notify::new(),
            health: watch::Sender::new(Health::default()),
        }));
        tokio::spawn(device.clone().work(chance.fork()));
        tokio::spawn(device.clone().sample());
        device
    }

    /// Returns how it does, as often as it is looked at.
    pub(super) fn health(&self) -> watch::Receiver<Health> {
        self.0.health.subscribe()
    }

    /// Returns whether it is fast, and nobody else has used its processors or memory for `time`.
    pub(super) fn is_well(&self, time: Duration) -> bool {
        let at = self.0.world.begun.elapsed();
        let begin = at.saturating_sub(time);
        let mut others = self.0.busy.iter().flatten().chain(&self.0.squeezed);
        self.0.speed >= 1.0 && !others.any(|it| it.meets(begin, at))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crowd(&self) -> usize {
        let at = self.0.world.begun.elapsed();
        self.0.busy.iter().filter(|busy| Stretch::covers(busy, at)).count()
    }

    async fn work(self, mut chance: Chance) {
        loop {
            let views: Vec<View> = self.state().turns.iter().enumerate().map(view).collect();
            if views.is_empty() {
                self.0.work.notified().await;
                continue;
            }
            let shares = plan(&views, SLICE, BATCH);
            let crowd = self.crowd();
            let streams = views.iter().any(|view| view.streams);
            let prompts: usize = shares
                .iter()
                .filter(|share| !views[share.slot].streams)
                .map(|share| share.take)
                .sum();
            let decoding = if streams { f64::from(AT_ONCE) / DECODE_TPS[crowd] } else { 0.0 };
            let seconds = decoding + prompts as f64 / PREFILL_TPS[crowd];
            let time = Duration::from_secs_f64(seconds / self.0.speed);
            if chance.next().is_multiple_of(1500) {
                self.stand_still(streams).await;
                continue;
            }
            // A planner that leaves somebody out for ever is noticed by whoever waits.
            tokio::time::sleep(if shares.is_empty() { IDLE_STEP } else { time }).await;
            let dies = !shares.is_empty() && chance.next().is_multiple_of(5000);
            let mut turns = {
                let mut state = self.state();
                state.ran = Some(Instant::now());
                std::mem::take(&mut state.turns)
            };
            for share in &shares {
                turns[share.slot].advance(share.take).await;
            }
            if dies {
                turns.iter_mut().for_each(Turn::die);
            }
            self.put_back(turns);
        }
    }

    /// Does nothing for a while; the front ends what it does not want any more.
    async fn stand_still(&self, streams: bool) {
        if streams {
            self.0.world.seen.count("stood still in mid-answer");
        }
        let until = Instant::now() + STANDS_FOR;
        while Instant::now() < until {
            tokio::time::sleep(IDLE_STEP).await;
            let turns = std::mem::take(&mut self.state().turns);
            self.put_back(turns);
        }
    }

    fn put_back(&self, turns: Vec<Turn>) {
        let mut state = self.state();
        let (over, mut open): (Vec<Turn>, Vec<Turn>) =
            turns.into_iter().partition(|turn| turn.sink.is_cancelled() || turn.left == 0);
        for mut turn in over {
            let reason = if turn.left == 0 { StopReason::EndOfTurn } else { StopReason::Cancelled };
            let held = turn.usage.prompt_tokens + turn.usage.completion_tokens;
            state.cached.insert(turn.session, held);
            state.measured = true;
            turn.sink.finish(reason, turn.usage);
        }
        // Those that came meanwhile wait behind them.
        open.append(&mut state.turns);
        state.turns = open;
    }

    /// Tells how it does while it works and shortly after, as the engine does.
    async fn sample(self) {
        let mut machine = DeviceMachine::default();
        loop {
            tokio::time::sleep(SAMPLED_EVERY).await;
            let crowd = self.crowd();
            let (runs, looked_at, measured) = {
                let state = self.state();
                let ran = state.ran.is_some_and(|ran| ran.elapsed() < SAMPLED_AFTER);
                (!state.turns.is_empty(), ran || !state.turns.is_empty(), state.measured)
            };
            if !looked_at {
                continue;
            }
            let time = |share: f64| Some(SAMPLED_EVERY.mul_f64(share)).filter(|_| runs);
            let squeezed = Stretch::covers(&self.0.squeezed, self.0.world.begun.elapsed());
            let sample = DeviceSample {
                total_bytes: Some(MEMORY),
                available_bytes: Some(FREE[usize::from(squeezed)]),
                run_wait: time(WAITS[crowd]),
                run_time: time(1.0 - WAITS[crowd]),
                ..DeviceSample::default()
            };
            let ratio = runs.then(|| DECODE_TPS[crowd] / DECODE_TPS[0]);
            let level = machine.observe(&sample, ratio, self.0.world.begun.elapsed());
            if squeezed {
                self.0.world.seen.count("memory squeeze");
                if level != DeviceLevel::Overloaded {
                    self.0.world.seen.wrong(format!("a squeeze is no overload but {level:?}"));
                }
            }
            let rate = |rates: [f64; 3]| measured.then(|| rates[crowd] * self.0.speed);
            let rates = Rates {
                prefill_tps: rate(PREFILL_TPS),
                decode_tps: rate(DECODE_TPS),
                decode_ratio: ratio,
            };
            self.0.health.send_replace(Health { rates, level, sample, ..Health::default() });
        }
    }
}

fn view((slot, turn): (usize, &Turn)) -> View {
    let streams = turn.missing == 0;
    View { slot, missing: turn.missing.max(1), streams, priority: turn.priority }
}

impl Turn {
    /// Evaluates `tokens` of the prompt, or draws the next ones.
    async fn advance(&mut self, tokens: usize) {
        if self.missing > 0 {
            self.missing = self.missing.saturating_sub(tokens);
            return;
        }
        let first = *self.first.get_or_insert_with(Instant::now);
        let drawn = self.left.min(AT_ONCE);
        self.left -= drawn;
        self.usage.completion_tokens += drawn;
        self.usage.prefill = first.duration_since(self.begun);
        self.usage.decode = first.elapsed();
        // Whoever does not listen any more has cancelled, which is noticed at the batch's end.
        let _gone = self.sink.emit(TokenEvent::Delta("one two three four ".to_owned())).await;
    }

    /// Ends with the engine.
    fn die(&mut self) {
        let fault = Fault::new("the engine ended by signal 6");
        let reason = match self.first {
            Some(_) => StopReason::Interrupted(fault),
            None => StopReason::Failed(fault),
        };
        self.sink.finish(reason, self.usage);
        self.left = 0;
    }
}

impl Backend for Device {
    fn start(&self, generation: Generation, sink: TokenSink) {
        let prompt = remote::estimate(&generation);
        let mut state = self.state();
        let cached = state.cached.get(&generation.session).copied().unwrap_or_default();
        let cached = cached.min(prompt.saturating_sub(1));
        let most = generation.limits.max_tokens.unwrap_or(u32::MAX);
        let usage = Usage { prompt_tokens: prompt, cached_tokens: cached, ..Usage::default() };
        state.turns.push(Turn {
            sink,
            session: generation.session,
            priority: generation.priority,
            missing: (prompt - cached) as usize,
            left: most.min(40 + prompt % 90),
            usage,
            begun: Instant::now(),
            first: None,
        });
        drop(state);
        self.0.work.notify_one();
    }

    fn probe(&self, generation: &Generation) -> BoxFuture<'_, Result<Probe, Fault>> {
        let prompt_tokens = remote::estimate(generation);
        let state = self.state();
        let cached = state.cached.get(&generation.session).copied().unwrap_or_default();
        let queued: usize = state.turns.iter().map(|turn| turn.missing).sum();
        let probe = Probe {
            prompt_tokens,
            cached_tokens: cached.min(prompt_tokens.saturating_sub(1)),
            queued_tokens: u32::try_from(queued).unwrap_or(u32::MAX),
            exact: true,
        };
        Box::pin(async move { Ok(probe) })
    }

    fn prepare(&self, _: Generation, _: Foresight) {}

    fn forget(&self, session: SessionId) {
        self.state().cached.remove(&session);
    }
}
