//! What an engine says of itself.

use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;

/// How far an engine is with its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadState {
    /// The model loads; 0 to 100.
    Loading(u8),
    /// Turns are accepted.
    Ready(ModelInfo),
}

/// The model that an engine holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInfo {
    /// The name inside the model file, or the file's name.
    pub name: String,
    /// Quantisation as llama.cpp words it, like `llama ?B Q4_1`.
    pub description: String,
    /// Tokens in the engine's pool of KV cells.
    pub pool_tokens: u32,
    /// Tokens of context that the model was trained on.
    pub train_tokens: u32,
    /// Size of the tensors.
    pub weight_bytes: u64,
    /// Vector units and backends in use, as llama.cpp words it.
    pub system: String,
    /// What it computes on, for people: `CPU`, or a GPU with how many layers are on it.
    pub device: String,
    /// Layers on GPUs.
    pub gpu_layers: u32,
    /// Whether a GPU was to be used, and nothing is on one.
    pub fell_back: bool,
}

impl ModelInfo {
    /// Returns what is said where a GPU was to be used and none is.
    pub fn fall_back(&self) -> Option<&'static str> {
        self.fell_back.then_some("no GPU is used: answers come from the CPU")
    }
}

/// How fast the engine is; `None` is not measured yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Prompt tokens evaluated per second, lately.
    pub prefill_tps: Option<f64>,
    /// Tokens decoded per second in one answer, lately.
    pub decode_tps: Option<f64>,
    /// The same by what an undisturbed machine does with as many threads, answers and tokens of
    /// context; `None` while nothing decodes, and before that is known.
    pub decode_ratio: Option<f64>,
}

/// The engine's state, published while turns run and shortly after.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Process id of the engine.
    pub pid: u32,
    /// Resident memory of the engine.
    pub resident_bytes: u64,
    /// Threads that decode.
    pub threads: u32,
    /// Turns that are running.
    pub running: u32,
    /// Turns that wait for room.
    pub queued: u32,
    /// Cells of the pool in use.
    pub pool_used: u32,
    /// Cells of the pool in all.
    pub pool_tokens: u32,
    /// Clients connected.
    pub clients: u32,
    /// How fast it is.
    pub rates: Rates,
    /// The level that the samples amount to.
    pub level: DeviceLevel,
    /// The newest sample.
    pub sample: DeviceSample,
}
