//! What an engine is started with: one frame on its standard input.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::chat::CacheType;
use crate::chat::Compute;
use crate::chat::FlashAttention;
use crate::chat::GpuLayers;

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
    /// How the model is laid out and evaluated.
    #[serde(with = "ComputeDef")]
    pub compute: Compute,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Compute")]
struct ComputeDef {
    #[serde(with = "CacheTypeDef")]
    cache_k: CacheType,
    #[serde(with = "CacheTypeDef")]
    cache_v: CacheType,
    #[serde(with = "FlashAttentionDef")]
    flash_attention: FlashAttention,
    #[serde(with = "GpuLayersDef")]
    gpu_layers: GpuLayers,
    mmap: bool,
    repack: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CacheType")]
enum CacheTypeDef {
    F32,
    F16,
    Bf16,
    Q8_0,
    Q5_1,
    Q5_0,
    Q4_1,
    Q4_0,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "GpuLayers")]
enum GpuLayersDef {
    All,
    First(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "FlashAttention")]
enum FlashAttentionDef {
    Auto,
    On,
    Off,
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
