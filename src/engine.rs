//! The local backend, front side: finds, starts and speaks to the engine process.
//!
//! One task, the supervisor, owns the connection and every open turn; [`Engine`] only passes
//! orders to it. Blocking work (the lock, the start, the wait for a dead child) has threads of its
//! own, so that ending the program never waits for it.
//!
//! Never: llama.cpp.

mod connect;
mod link;
mod open;
mod place;
mod restart;
mod room;
mod spawn;
mod supervisor;
mod visit;

pub use place::EngineConfig;
pub use room::Demand;
pub use visit::{Forgotten, Seen, SeenState, Unheard, forget, look, stop};

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use crate::backend::Backend;
use crate::backend::BoxFuture;
use crate::backend::TokenSink;
use crate::chat::Fault;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::LoadState;
use crate::chat::Probe;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Usage;

/// Orders that wait for the supervisor; it takes them at once unless it is passing events on.
const ORDERS: usize = 256;

/// What the front is told beside the events of turns.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineEvent {
    /// How far the model is.
    Load(LoadState),
    /// The engine's state.
    Health(Health),
    /// There is no engine: it ended, or could not be had. The next turn tries again.
    Lost(Fault),
}

#[derive(Debug)]
enum Order {
    Warm,
    Start(Box<Generation>, TokenSink),
    Cancel(u64),
    /// Ends a cancelled turn that the engine has not ended.
    GiveUp(u64),
    Probe(Box<Generation>, oneshot::Sender<Result<Probe, Fault>>),
    Prepare(Box<Generation>, Foresight),
    Forget(SessionId),
    /// Asks for the engine's figures, if there is one.
    Look,
}

/// The engine on this device as a backend.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Shared>);

/// What it takes to start the supervisor, again after a panic in it.
#[derive(Debug)]
struct Shared {
    config: EngineConfig,
    events: mpsc::Sender<EngineEvent>,
    tasks: Handle,
    orders: Mutex<mpsc::Sender<Order>>,
}

impl Engine {
    /// Makes the backend; nothing is started before [`Engine::warm`] or the first turn.
    ///
    /// Must be called within a tokio runtime. `events` may be slow: only the newest matter, and
    /// what does not fit is dropped.
    pub fn new(config: EngineConfig, events: mpsc::Sender<EngineEvent>) -> Self {
        let tasks = Handle::current();
        let orders = Mutex::new(supervise(&tasks, config.clone(), events.clone()));
        Self(Arc::new(Shared { config, events, tasks, orders }))
    }

    /// Finds or starts the engine ahead of the first turn.
    pub fn warm(&self) {
        self.order(Order::Warm);
    }

    /// Asks the engine for its figures, which come as [`EngineEvent::Health`]; starts none.
    pub fn look(&self) {
        self.order(Order::Look);
    }

    /// Returns the way to the supervisor; to a new one where the last one has panicked.
    fn orders(&self) -> mpsc::Sender<Order> {
        let Shared { config, events, tasks, orders } = &*self.0;
        let mut orders = orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.is_closed() {
            *orders = supervise(tasks, config.clone(), events.clone());
        }
        orders.clone()
    }

    fn order(&self, order: Order) {
        let (order, fault) = match self.orders().try_send(order) {
            Ok(()) => return,
            Err(TrySendError::Full(order)) => {
                let fault = Fault::new("the engine has too much to do");
                (order, fault.hint("ask again in a moment"))
            }
            // It panicked this very moment.
            Err(TrySendError::Closed(order)) => {
                let fault = Fault::new("the engine's connection was lost by a defect of edgewise");
                (order, fault.hint("ask again"))
            }
        };
        // Only a turn has somebody waiting for an answer.
        if let Order::Start(_, mut sink) = order {
            sink.finish(StopReason::Failed(fault), Usage::default());
        }
    }
}

/// Starts a supervisor, which lives as long as the way to it.
fn supervise(
    tasks: &Handle,
    config: EngineConfig,
    events: mpsc::Sender<EngineEvent>,
) -> mpsc::Sender<Order> {
    let (orders, inbox) = mpsc::channel(ORDERS);
    tasks.spawn(supervisor::run(config, inbox, orders.downgrade(), events));
    orders
}

impl Backend for Engine {
    fn start(&self, generation: Generation, sink: TokenSink) {
        self.order(Order::Start(Box::new(generation), sink));
    }

    fn probe(&self, generation: &Generation) -> BoxFuture<'_, Result<Probe, Fault>> {
        let (answer, probe) = oneshot::channel();
        let order = Order::Probe(Box::new(generation.clone()), answer);
        Box::pin(async move {
            let gone = || Fault::new("the engine does not answer");
            self.orders().send(order).await.map_err(|_| gone())?;
            probe.await.map_err(|_| gone())?
        })
    }

    fn prepare(&self, generation: Generation, foresight: Foresight) {
        self.order(Order::Prepare(Box::new(generation), foresight));
    }

    fn forget(&self, session: SessionId) {
        self.order(Order::Forget(session));
    }
}

#[cfg(test)]
mod tests;
