//! The engine as the front last heard of it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::app::rate::Progress;
use crate::chat::Fault;
use crate::chat::Health;
use crate::chat::LoadState;
use crate::chat::ModelInfo;
use crate::chat::Rates;

/// Figures whose rates are kept: they come once a second.
const HISTORY: usize = 60;

/// What the engine is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineState {
    /// Loads its model; the progress counts percent.
    Loading(Progress),
    /// Accepts turns.
    Ready(ModelInfo),
    /// Is gone; the next question starts another.
    Lost(Fault),
    /// Is not wanted, or not yet: turns go to an endpoint first.
    Unused,
}

/// The engine's state and its newest figures.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineStatus {
    pub(super) state: EngineState,
    pub(super) health: Option<Health>,
    /// The rates of the newest figures, oldest first; at most [`HISTORY`].
    history: VecDeque<Rates>,
}

impl Default for EngineStatus {
    fn default() -> Self {
        let progress = Progress::new(0, 100, Duration::ZERO);
        Self { state: EngineState::Loading(progress), health: None, history: VecDeque::new() }
    }
}

impl EngineStatus {
    /// Begins: with an engine that loads, or with one that is not wanted yet.
    pub(super) fn new(remote_first: bool) -> Self {
        let state = if remote_first { EngineState::Unused } else { Self::default().state };
        Self { state, ..Self::default() }
    }

    /// Returns what the engine is doing.
    pub fn state(&self) -> &EngineState {
        &self.state
    }

    /// Returns its newest figures; `None` before the first ones and after it is gone.
    pub fn health(&self) -> Option<&Health> {
        self.health.as_ref()
    }

    /// Returns the rates that came with the newest figures, oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Rates> + DoubleEndedIterator {
        self.history.iter()
    }

    /// Takes figures in.
    pub(super) fn observe(&mut self, health: Health) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(health.rates);
        self.health = Some(health);
    }

    /// Begins anew with another model's engine.
    pub(super) fn exchange(&mut self, state: LoadState, at: Duration) {
        *self = Self::default();
        self.load(state, at);
    }

    /// Takes a load state in.
    pub(super) fn load(&mut self, state: LoadState, at: Duration) {
        self.state = match (state, &self.state) {
            (LoadState::Ready(info), _) => EngineState::Ready(info),
            (LoadState::Loading(percent), EngineState::Loading(progress)) => {
                EngineState::Loading(progress.advanced(u32::from(percent), at))
            }
            (
                LoadState::Loading(percent),
                EngineState::Ready(_) | EngineState::Lost(_) | EngineState::Unused,
            ) => EngineState::Loading(Progress::new(u32::from(percent), 100, at)),
        };
    }

    /// Takes the loss in; figures of a process that is gone say nothing.
    pub(super) fn lost(&mut self, fault: Fault) {
        *self = Self { state: EngineState::Lost(fault), ..Self::default() };
    }
}
