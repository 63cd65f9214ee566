//! Carries out what the model wants: chooses the route, starts and stops turns.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::Front;
use super::crash;
use crate::backend::Backend;
use crate::backend::Cancel;
use crate::backend::TokenSink;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::engine::Engine;
use crate::route::DeviceState;

/// Starts and stops turns; a token per turn, under its session's, under the program's.
#[derive(Debug)]
pub(super) struct Driver {
    engine: Engine,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    front: Front,
    device: DeviceState,
    root: Cancel,
    sessions: HashMap<SessionId, Cancel>,
    turns: HashMap<TurnId, Cancel>,
}

impl Driver {
    /// Makes a driver whose turns report to `queue`.
    pub(super) fn new(
        front: &Front,
        engine: Engine,
        queue: mpsc::Sender<(TurnId, TurnEvent)>,
    ) -> Self {
        Self {
            engine,
            queue,
            front: front.clone(),
            device: DeviceState::default(),
            root: Cancel::new(),
            sessions: HashMap::new(),
            turns: HashMap::new(),
        }
    }

    /// Begins a turn: says where it runs and why, then starts it there.
    pub(super) fn generate(&mut self, turn: TurnId, generation: Generation) {
        let session = self.sessions.entry(generation.session);
        let cancel = session.or_insert_with(|| self.root.child_token()).child_token();
        self.turns.insert(turn, cancel.clone());
        let (engine, queue) = (self.engine.clone(), self.queue.clone());
        let decision = self.front.decide(&self.device);
        let panic_at = self.front.panic_at.clone();
        tokio::spawn(async move {
            let Some(mut sink) = TokenSink::open(turn, queue, cancel).await else { return };
            crash::provoke("turn", panic_at.as_deref());
            match decision {
                Ok(decision) => {
                    if sink.routed(decision).await.is_continue() {
                        engine.start(generation, sink);
                    }
                }
                Err(fault) => sink.finish(StopReason::Failed(fault), Usage::default()),
            }
        });
    }

    /// Evaluates ahead what is sure of the next prompt, on this device only.
    pub(super) fn prepare(&self, generation: Generation) {
        self.engine.prepare(generation);
    }

    /// Asks how the engine does; what it says comes as an event.
    pub(super) fn look(&self) {
        self.engine.look();
    }

    /// Stops a turn; its `Finished` still comes.
    pub(super) fn cancel(&self, turn: TurnId) {
        if let Some(cancel) = self.turns.get(&turn) {
            cancel.cancel();
        }
    }

    /// Takes note of how the device does; the next decision follows from it.
    pub(super) fn observe(&mut self, health: &Health) {
        self.device = health.into();
    }

    /// Takes note that a turn has ended.
    pub(super) fn ended(&mut self, turn: TurnId) {
        self.turns.remove(&turn);
    }

    /// Stops a session's turns and drops its cached state.
    pub(super) fn forget(&mut self, session: SessionId) {
        if let Some(cancel) = self.sessions.remove(&session) {
            cancel.cancel();
        }
        self.engine.forget(session);
    }

    /// Stops everything.
    pub(super) fn cancel_all(&self) {
        self.root.cancel();
    }
}
