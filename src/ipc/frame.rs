//! What is said, in each direction.

use serde::Deserialize;
use serde::Serialize;

use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::LoadState;
use crate::chat::Probe;
use crate::chat::TokenEvent;
use crate::ipc::event;
use crate::ipc::request;

/// Counts up whenever a frame changes its shape; the handshake compares it.
pub const PROTOCOL: u32 = 1;

/// From a front to an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToEngine {
    /// The first frame of a connection.
    Hello {
        /// The front's [`PROTOCOL`].
        protocol: u32,
        /// The front's package version.
        version: String,
    },
    /// Begins a turn; `turn` is the front's own number.
    Start {
        /// Names the turn in what follows.
        turn: u64,
        /// What to generate.
        #[serde(with = "request::GenerationDef")]
        generation: Generation,
    },
    /// Stops a turn; it still ends by its `Finished`.
    Cancel {
        /// The turn to stop.
        turn: u64,
    },
    /// Asks what a generation would cost.
    Probe {
        /// Pairs the question with its answer.
        id: u64,
        /// What would be generated.
        #[serde(with = "request::GenerationDef")]
        generation: Generation,
    },
    /// Evaluates ahead; a newer one replaces it.
    Prepare {
        /// What is likely to be generated.
        #[serde(with = "request::GenerationDef")]
        generation: Generation,
    },
    /// Drops every trace of a session.
    Forget {
        /// The session's 128 bits.
        session: u128,
    },
}

/// From an engine to a front.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToFront {
    /// Answers `Hello`, also while the model still loads.
    Hello {
        /// The engine's [`PROTOCOL`].
        protocol: u32,
        /// The engine's package version.
        version: String,
        /// The engine's process.
        pid: u32,
    },
    /// How far the model is.
    Load(#[serde(with = "event::LoadStateDef")] LoadState),
    /// The model cannot be had; the engine leaves after this.
    LoadFailed(#[serde(with = "event::FaultDef")] Fault),
    /// A step of a turn.
    Turn {
        /// The front's own number of the turn.
        turn: u64,
        /// What happened.
        #[serde(with = "event::TokenEventDef")]
        event: TokenEvent,
    },
    /// Answers `Probe`.
    Probed {
        /// The question's id.
        id: u64,
        /// The answer.
        #[serde(with = "event::ProbeDef")]
        probe: Probe,
    },
    /// A `Probe` that cannot be answered.
    ProbeFailed {
        /// The question's id.
        id: u64,
        /// Why not.
        #[serde(with = "event::FaultDef")]
        fault: Fault,
    },
    /// The engine's state.
    Health(#[serde(with = "event::HealthDef")] Health),
}
