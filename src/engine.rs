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
mod spawn;
mod supervisor;
mod visit;

pub use place::EngineConfig;
pub use visit::{Seen, SeenState, look, stop};

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::backend::Backend;
use crate::backend::BoxFuture;
use crate::backend::TokenSink;
use crate::chat::Fault;
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
    Prepare(Box<Generation>),
    Forget(SessionId),
}

/// The engine on this device as a backend.
#[derive(Clone, Debug)]
pub struct Engine {
    orders: mpsc::Sender<Order>,
}

impl Engine {
    /// Makes the backend; nothing is started before [`Engine::warm`] or the first turn.
    ///
    /// Must be called within a tokio runtime. `events` may be slow: only the newest matter, and
    /// what does not fit is dropped.
    pub fn new(config: EngineConfig, events: mpsc::Sender<EngineEvent>) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS);
        let weak = orders.downgrade();
        tokio::spawn(supervisor::run(config, inbox, weak, events));
        Self { orders }
    }

    /// Finds or starts the engine ahead of the first turn.
    pub fn warm(&self) {
        self.order(Order::Warm);
    }

    fn order(&self, order: Order) {
        // Only a turn has somebody waiting for an answer.
        if let Err(
            mpsc::error::TrySendError::Full(order) | mpsc::error::TrySendError::Closed(order),
        ) = self.orders.try_send(order)
            && let Order::Start(_, mut sink) = order
        {
            let fault = Fault::new("the engine has too much to do").hint("ask again in a moment");
            sink.finish(StopReason::Failed(fault), Usage::default());
        }
    }
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
            self.orders.send(order).await.map_err(|_| gone())?;
            probe.await.map_err(|_| gone())?
        })
    }

    fn prepare(&self, generation: Generation) {
        self.order(Order::Prepare(Box::new(generation)));
    }

    fn forget(&self, session: SessionId) {
        self.order(Order::Forget(session));
    }
}
