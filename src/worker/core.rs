//! All turns in one batch: what runs, what waits, one step at a time.
//!
//! Knows nothing of sockets: events go to an [`Outlet`].

mod admit;
mod ahead;
mod park;
mod source;
mod step;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use self::ahead::Ahead;
use super::cells;
use super::cells::Numbers;
use super::clock;
use super::ffi::Batch;
use super::ffi::Context;
use super::ffi::ContextParams;
use super::ffi::SEQUENCES_MAX;
use super::keep::Keep;
use super::model::LoadError;
use super::model::Memory;
use super::model::Model;
use super::model::Prompt;
use super::pace::Pace;
use super::prompts::Prompts;
use super::shelf::Shelf;
use super::slot::Rate;
use super::slot::Slot;
use super::turn::Turn;
use super::turn::TurnKey;
use super::turn::count;
use crate::chat::Compute;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Generation;
use crate::chat::ModelInfo;
use crate::chat::Probe;
use crate::chat::Rates;
use crate::chat::Sampling;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;
use crate::prompt::Unit;

/// Where the events of turns go.
pub trait Outlet: fmt::Debug {
    /// Returns whether the client takes more; its turns pause while it does not.
    fn ready(&self, client: u32) -> bool;
    /// Passes an event on; it is not lost even when the client is not ready.
    fn event(&mut self, key: TurnKey, event: TokenEvent);
}

/// Sizes of a batch and its pool.
#[derive(Clone, Copy, Debug)]
pub struct CoreParams {
    /// KV cells that the running turns share.
    pub pool_tokens: u32,
    /// The most tokens of one batch.
    pub batch_tokens: u32,
    /// Turns that may run at once.
    pub max_turns: u32,
    /// Threads that decode.
    pub threads: u32,
    /// How the cache is kept, and attention computed.
    pub compute: Compute,
}

/// Turns, their cells, and the context that evaluates them.
#[derive(Debug)]
pub struct Core<O> {
    // The context is dropped before the model that it was made of.
    context: Context,
    batch: Batch,
    model: Arc<Model>,
    prompts: Arc<Prompts>,
    memory: Memory,
    params: CoreParams,
    slots: Vec<Slot>,
    /// Idle sessions that are not in the pool.
    shelf: Shelf,
    numbers: Numbers,
    /// Turns that wait for a slot or for room, in order of arrival.
    waiting: Vec<Turn>,
    /// What is evaluated when nothing else is to be done; the newest order.
    ahead: Option<Ahead>,
    outlet: O,
    prefill_rate: Rate,
    /// What the next slice of a prompt is planned by: tokens per second of the last one.
    slice_rate: Option<f64>,
    /// What it is instead, if it does not follow the rate.
    slice_tokens: Option<usize>,
    /// How long a step without a slice takes, on average.
    decode_time: Option<Duration>,
    pace: Pace,
    /// Others want this machine: scripts wait while somebody looks on.
    strained: bool,
    turns_begun: u64,
    turns_ended: u64,
}

impl<O: Outlet> Core<O> {
    /// Makes a pool for `model`. `abort` stops a running step between two graph nodes.
    ///
    /// # Errors
    /// `LoadError::Context` when the memory does not suffice.
    pub fn new(
        model: Arc<Model>,
        params: CoreParams,
        abort: Arc<AtomicBool>,
        outlet: O,
    ) -> Result<Self, LoadError> {
        let memory = model.memory();
        // Pieces on their way between pool and shelf have a sequence of their own.
        let aside = u32::from(memory == Memory::Cells);
        let turns = params.max_turns.min(SEQUENCES_MAX - aside);
        let sizes = ContextParams {
            pool_tokens: params.pool_tokens,
            batch_tokens: params.batch_tokens,
            sequences: turns + aside,
            // One row of logits per sequence.
            outputs: turns + aside,
            threads: params.threads,
            compute: params.compute,
        };
        let context = Context::new(model.weights(), sizes, abort)
            .map_err(|error| LoadError::Context(error.to_string()))?;
        Ok(Self {
            // llama.cpp shrinks its batch to the context that it is asked for, and aborts on more.
            params: CoreParams {
                pool_tokens: context.pool_tokens(),
                batch_tokens: params.batch_tokens.min(params.pool_tokens),
                ..params
            },
            context,
            batch: Batch::new(params.batch_tokens),
            prompts: Arc::new(Prompts::new(Arc::clone(&model))),
            model,
            memory,
            slots: (0..turns).map(|_| Slot::default()).collect(),
            shelf: Shelf::default(),
            numbers: Numbers::default(),
            waiting: Vec::new(),
            ahead: None,
            outlet,
            prefill_rate: Rate::default(),
            slice_rate: None,
            slice_tokens: None,
            decode_time: None,
            pace: Pace::default(),
            strained: false,
            turns_begun: 0,
            turns_ended: 0,
        })
    }

    /// Takes a turn in whose prompt [`Prompts::make`] has made; it ends by exactly one `Finished`,
    /// even when it cannot begin.
    pub fn submit(&mut self, key: TurnKey, generation: Generation, prompt: Prompt) {
        if self.running().chain(&self.waiting).any(|turn| turn.key == key) {
            return;
        }
        match self.check(&generation, prompt) {
            Ok(_) if generation.limits.max_tokens == Some(0) => {
                self.refuse(key, StopReason::Length);
            }
            Ok(prompt) => match Turn::new(key, generation, prompt, &self.model) {
                Ok(mut turn) => {
                    self.turns_begun += 1;
                    turn.arrived = self.turns_begun;
                    self.waiting.push(turn);
                }
                Err(fault) => self.refuse(key, StopReason::Failed(fault)),
            },
            Err(fault) => self.refuse(key, StopReason::Failed(fault)),
        }
    }

    /// Stops a turn wherever it is.
    pub fn cancel(&mut self, key: TurnKey) {
        if let Some(place) = self.waiting.iter().position(|turn| turn.key == key) {
            let turn = self.waiting.remove(place);
            self.drop_one_shot(&turn);
            self.outlet.event(key, TokenEvent::Finished(StopReason::Cancelled, turn.usage()));
        }
        let running = |slot: &Slot| slot.turn.as_ref().is_some_and(|turn| turn.key == key);
        if let Some(slot) = self.slots.iter().position(running) {
            self.finish(slot, StopReason::Cancelled);
        }
    }

    /// Stops all turns of a client that is gone and drops what it asked not to keep.
    pub fn drop_client(&mut self, client: u32) {
        self.waiting.retain(|turn| turn.key.client != client);
        self.ahead = self.ahead.take().filter(|ahead| ahead.client != client);
        for slot in 0..self.slots.len() {
            if self.slots[slot].turn.as_ref().is_some_and(|turn| turn.key.client == client) {
                self.finish(slot, StopReason::Cancelled);
            }
            if self.slots[slot].keep.ends_with(client) {
                self.leave(slot);
            }
        }
        self.shelf.drop_client(client);
        self.prompts.drop_client(client);
    }

    /// Drops what is cached of a session: at once, or when its turn that runs has ended.
    pub fn forget(&mut self, session: SessionId) {
        self.ahead = self.ahead.take().filter(|ahead| ahead.session != session);
        for turn in &mut self.waiting {
            turn.forgotten |= turn.session == session;
        }
        for slot in 0..self.slots.len() {
            if let Some(turn) = &mut self.slots[slot].turn {
                turn.forgotten |= turn.session == session;
            } else if self.slots[slot].session == Some(session) {
                self.clear(slot);
            }
        }
        self.shelf.forget(session);
        self.prompts.forget(session);
    }

    /// Sets how many bytes idle sessions may take outside the pool; what is too much goes at once.
    pub fn set_shelf_bytes(&mut self, most: u64) {
        self.shelf.limit(most);
    }

    /// Returns how many bytes idle sessions take outside the pool.
    pub fn shelf_bytes(&self) -> u64 {
        self.shelf.bytes()
    }

    /// Tells what a generation would cost; counted, not estimated.
    ///
    /// # Errors
    /// The prompt cannot be rendered or does not fit.
    pub fn probe(&self, generation: &Generation, prompt: Prompt) -> Result<Probe, Fault> {
        let prompt = self.check(generation, prompt)?;
        let cached = self.find(generation.session, &prompt).len();
        let missing = self.slots.iter().enumerate().filter_map(|(at, slot)| slot.view(at));
        let queued = missing.map(|view| view.missing).sum::<usize>()
            + self.waiting.iter().map(|turn| turn.target.len()).sum::<usize>();
        Ok(Probe {
            prompt_tokens: count(prompt.len()),
            cached_tokens: count(cached),
            queued_tokens: count(queued),
            exact: true,
        })
    }

    /// Returns how many turns run and how many wait.
    pub fn turns(&self) -> (usize, usize) {
        (self.running().count(), self.waiting.len())
    }

    /// Returns the cells that are in use.
    pub fn used_tokens(&self) -> usize {
        cells::distinct(&self.slots.iter().map(|slot| &slot.cached).collect::<Vec<_>>())
    }

    /// Returns the model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Returns what makes prompts for it.
    pub fn prompts(&self) -> &Arc<Prompts> {
        &self.prompts
    }

    /// Sets how many threads evaluate, from the next step on.
    pub fn set_threads(&mut self, threads: u32) {
        self.params.threads = threads;
        self.context.set_threads(threads);
    }

    /// Takes so many tokens of prompts in one step, instead of as many as the measured rate allows:
    /// then the same turns make the same batches, and round alike, on every machine.
    pub fn set_slice_tokens(&mut self, tokens: usize) {
        self.slice_tokens = Some(tokens);
    }

    /// Says whether others want this machine: scripts then wait for whoever looks on.
    pub fn set_strained(&mut self, strained: bool) {
        self.strained = strained;
    }

    /// Ends a window of measuring in which the threads waited for `wait_share` of the time that
    /// they wanted, and returns how fast turns are.
    pub fn rates(&mut self, wait_share: Option<f64>) -> Rates {
        self.pace.close(wait_share);
        Rates {
            prefill_tps: self.prefill_rate.get(),
            decode_tps: self.pace.decode_tps(),
            decode_ratio: self.pace.ratio(),
        }
    }

    /// Returns the sizes in force.
    pub fn params(&self) -> CoreParams {
        self.params
    }

    /// Returns what a front shows of the model.
    pub fn info(&self) -> ModelInfo {
        self.model.info(self.params.pool_tokens)
    }

    /// Returns where the events go.
    pub fn outlet(&mut self) -> &mut O {
        &mut self.outlet
    }

    fn running(&self) -> impl Iterator<Item = &Turn> {
        self.slots.iter().filter_map(|slot| slot.turn.as_ref())
    }

    /// Checks that a request can be answered at all: its numbers, and that one more token fits.
    fn check(&self, generation: &Generation, prompt: Prompt) -> Result<Vec<Unit>, Fault> {
        let prompt = prompt?;
        let Sampling { temp, top_p, min_p, repeat_penalty, .. } = generation.sampling;
        let finite = [temp, top_p, min_p, repeat_penalty].iter().all(|number| number.is_finite());
        if !finite || temp < 0.0 || repeat_penalty <= 0.0 {
            return Err(Fault::new("the sampling settings are no usable numbers"));
        }
        let context = generation.limits.n_ctx.min(self.params.pool_tokens);
        if prompt.is_empty() {
            return Err(Fault::new("the model's chat template made an empty prompt of this"));
        }
        if prompt.len() < context as usize {
            return Ok(prompt);
        }
        let message =
            format!("the conversation has {} tokens, the context holds {context}", prompt.len());
        Err(Fault::new(message)
            .kind(FaultKind::TooLong)
            .hint("shorten it, begin a new session, or raise n_ctx in the profile"))
    }

    fn refuse(&mut self, key: TurnKey, reason: StopReason) {
        self.outlet.event(key, TokenEvent::Finished(reason, Usage::default()));
    }

    /// Ends a slot's turn; its cells stay for the session's next one.
    fn finish(&mut self, index: usize, reason: StopReason) {
        let Some(mut turn) = self.slots[index].turn.take() else { return };
        let tail = turn.flush(&reason);
        if !tail.is_empty() {
            self.outlet.event(turn.key, TokenEvent::Delta(tail));
        }
        self.outlet.event(turn.key, TokenEvent::Finished(reason, turn.usage()));
        self.turns_ended += 1;
        let slot = &mut self.slots[index];
        slot.session = Some(turn.session);
        slot.keep = turn.keep;
        slot.preamble = turn.preamble;
        slot.used = self.turns_ended;
        self.drop_one_shot(&turn);
        if turn.forgotten {
            self.clear(index);
            self.shelf.forget(turn.session);
        }
    }

    /// Drops what the shelf has of a turn that nothing follows: it was put back once.
    fn drop_one_shot(&mut self, turn: &Turn) {
        if matches!(turn.keep, Keep::OneShot(_)) {
            self.shelf.forget(turn.session);
        }
    }

    /// Drops what a client that is gone asked not to keep. Of a script's only turn the preamble
    /// stays: nobody said it, and the next call begins with it.
    fn leave(&mut self, slot: usize) {
        let Slot { keep, preamble, cached, .. } = &self.slots[slot];
        let stays =
            if matches!(keep, Keep::OneShot(_)) { (*preamble).min(cached.len()) } else { 0 };
        self.cut_to(slot, stays);
        self.slots[slot].session = None;
        self.slots[slot].keep = Keep::default();
    }

    /// Empties a slot's cells.
    fn clear(&mut self, slot: usize) {
        self.context.cut(sequence(slot), 0);
        let slot = &mut self.slots[slot];
        slot.cached.truncate(0);
        slot.session = None;
        slot.keep = Keep::default();
    }
}

/// Returns the sequence of a slot.
fn sequence(slot: usize) -> i32 {
    i32::try_from(slot).expect("there are few slots")
}

/// Reads the clock; here so that `step` and `admit` share one.
fn now() -> std::time::Instant {
    clock::now()
}
