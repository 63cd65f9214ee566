//! What is said, in each direction.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::chat::Fault;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::LoadState;
use crate::chat::Probe;
use crate::chat::TokenEvent;
use crate::ipc::event;
use crate::ipc::request;

/// Counts up whenever a frame changes its shape; the handshake compares it.
pub const PROTOCOL: u32 = 6;

/// Why a connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visit {
    /// To have turns answered. The engine stays this long after the client has left.
    Work {
        /// How long.
        keep_alive: Duration,
    },
    /// To look, or to stop it: keeps no engine alive.
    Look,
}

/// What an engine tells about itself when it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The model file.
    pub model: PathBuf,
    /// How far the model is.
    #[serde(with = "event::LoadStateDef")]
    pub load: LoadState,
    /// The newest figures.
    #[serde(with = "event::HealthDef")]
    pub health: Health,
    /// How long it will stay without a client; `None` while it has one.
    pub leaves_in: Option<Duration>,
}

/// From a front to an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToEngine {
    /// The first frame of a connection.
    Hello {
        /// The front's [`PROTOCOL`].
        protocol: u32,
        /// The front's package version.
        version: String,
        /// Why it came.
        visit: Visit,
    },
    /// Asks for a [`ToFront::Status`].
    Status,
    /// Asks the engine to leave; open turns are interrupted.
    Stop,
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
        /// How much of it.
        #[serde(with = "request::ForesightDef")]
        foresight: Foresight,
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
    /// Answers `Status`.
    Status(Status),
    /// The engine leaves; nothing follows.
    Leaving,
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
