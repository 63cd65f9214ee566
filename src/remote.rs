//! Endpoints as backends: their protocols, their keys, and what is tried again.
//!
//! An answer begins at the first endpoint of an order that gives one: an attempt that brings no
//! token may be repeated once, or waited for if the endpoint asks for that, and then the next
//! endpoint is tried. From the first token on nothing is repeated: a stream that ends without its
//! protocol's own end leaves a partial answer that says so, and that another route may go on with.
//!
//! Never: `app`, `ui`; a prompt, a key or an address's path in a message.

mod again;
mod chance;
mod endpoint;
mod fleet;
mod key;
mod lines;
mod ndjson;
mod past;
mod retry;
mod sse;
mod tally;
mod trouble;
mod wire;

pub use endpoint::{Patience, Remote, estimate};
pub use fleet::{Fleet, Order};
pub use lines::DecodeError;

use std::sync::Arc;
use std::time::Duration;

use crate::backend::Backend;
use crate::backend::BoxFuture;
use crate::backend::TokenSink;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Probe;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Usage;

/// One endpoint of a fleet, as a backend of its own.
#[derive(Clone, Debug)]
pub struct RemoteBackend {
    fleet: Arc<Fleet>,
    name: String,
}

impl RemoteBackend {
    /// Makes the backend that answers at `name` alone.
    pub fn new(fleet: Arc<Fleet>, name: impl Into<String>) -> Self {
        Self { fleet, name: name.into() }
    }
}

impl Backend for RemoteBackend {
    fn start(&self, generation: Generation, mut sink: TokenSink) {
        let Self { fleet, name } = self.clone();
        tokio::spawn(async move {
            let decision = Decision::new(Route::Remote(name.clone()), "", "asked for");
            let endpoints = [name];
            let order = Order { decision, endpoints: &endpoints, device: false };
            if let Err(fault) = fleet.run(order, &generation, &mut sink).await {
                sink.finish(StopReason::Failed(fault), Usage::default());
            }
        });
    }

    fn probe(&self, generation: &Generation) -> BoxFuture<'_, Result<Probe, Fault>> {
        let prompt_tokens = estimate(generation);
        Box::pin(async move { Ok(Probe { prompt_tokens, ..Probe::default() }) })
    }

    fn prepare(&self, _: Generation, _: Foresight) {}

    fn forget(&self, _: SessionId) {}
}

/// How long `endpoints check` and `endpoints models` wait.
pub const CHECK_WITHIN: Duration = Duration::from_secs(15);

#[cfg(test)]
pub(crate) mod tests;
