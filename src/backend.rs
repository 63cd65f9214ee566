//! The port between the chat and whatever generates tokens.
//!
//! Owns the `Backend` trait and the `TokenSink` that holds a turn to exactly one `Finished`.
//! Never: an implementation.

mod meter;
mod sink;

pub use meter::Meter;
pub use sink::{Broken, Cancel, Heard, TokenSink, TurnQueue, turn_queue};

use std::fmt;
use std::pin::Pin;

use crate::chat::Fault;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Probe;
use crate::chat::SessionId;

/// A future that owns what it needs for `'a` and may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that answers: the engine on this device, or an endpoint.
pub trait Backend: Send + Sync + fmt::Debug {
    /// Begins `generation` and returns at once; ends by exactly one `Finished`.
    fn start(&self, generation: Generation, sink: TokenSink);

    /// Tells what `generation` would cost: exact for the engine, estimated for endpoints.
    ///
    /// # Errors
    /// The backend cannot be reached or refuses the prompt; the fault says what to do.
    fn probe(&self, generation: &Generation) -> BoxFuture<'_, Result<Probe, Fault>>;

    /// Evaluates ahead at low priority; a newer call replaces it; a no-op for endpoints.
    fn prepare(&self, generation: Generation, foresight: Foresight);

    /// Drops every trace of a session's cached state.
    fn forget(&self, session: SessionId);
}
