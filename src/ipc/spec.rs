//! What an engine is started with: one frame on its standard input.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// How to load a model; two fronts with equal ones share an engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoadSpec {
    /// The model file, canonical.
    pub model: PathBuf,
    /// Its size when it was found.
    pub model_bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub model_changed_ns: u128,
    /// KV cells that the running turns share.
    pub pool_tokens: u32,
    /// Turns that may run at once.
    pub max_turns: u32,
    /// Gigabytes (10^9 bytes) of memory for what idle sessions have cached; `None`: as the memory
    /// allows.
    pub kv_ram_gb: Option<u32>,
    /// Threads that decode; `None`: physical cores within affinity and quota.
    pub threads: Option<u32>,
}

/// Everything that an engine process needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// What to load.
    pub load: LoadSpec,
    /// Where to listen.
    pub socket: PathBuf,
    /// The lock that settles who starts and who removes an engine.
    pub lock: PathBuf,
    /// Where its own output goes.
    pub log: PathBuf,
}
