//! How events and health travel; mirrors of the vocabulary, as in `request`.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Health;
use crate::chat::LoadState;
use crate::chat::ModelInfo;
use crate::chat::Probe;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;

#[derive(Serialize, Deserialize)]
#[serde(remote = "FaultKind")]
enum FaultKindDef {
    Failed,
    Usage,
    NoRoute,
    TooLong,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Fault")]
pub(super) struct FaultDef {
    #[serde(with = "FaultKindDef")]
    kind: FaultKind,
    message: String,
    hint: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StopReason")]
enum StopReasonDef {
    EndOfTurn,
    Stop,
    Length,
    ContextFull,
    Cancelled,
    Interrupted(#[serde(with = "FaultDef")] Fault),
    Failed(#[serde(with = "FaultDef")] Fault),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Usage")]
struct UsageDef {
    prompt_tokens: u32,
    cached_tokens: u32,
    completion_tokens: u32,
    prefill: Duration,
    decode: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TokenEvent")]
pub(super) enum TokenEventDef {
    Queued(u32),
    Prefill { done: u32, total: u32, cached: u32 },
    Delta(String),
    Finished(#[serde(with = "StopReasonDef")] StopReason, #[serde(with = "UsageDef")] Usage),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Probe")]
pub(super) struct ProbeDef {
    prompt_tokens: u32,
    cached_tokens: u32,
    queued_tokens: u32,
    exact: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ModelInfo")]
struct ModelInfoDef {
    name: String,
    description: String,
    pool_tokens: u32,
    train_tokens: u32,
    weight_bytes: u64,
    system: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadState")]
pub(super) enum LoadStateDef {
    Loading(u8),
    Ready(#[serde(with = "ModelInfoDef")] ModelInfo),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeviceLevel")]
enum DeviceLevelDef {
    Normal,
    Strained,
    Recovering,
    Overloaded,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeviceSample")]
struct DeviceSampleDef {
    run_wait: Option<Duration>,
    run_time: Option<Duration>,
    memory_some_percent: Option<f32>,
    memory_full_percent: Option<f32>,
    available_bytes: Option<u64>,
    total_bytes: Option<u64>,
    on_battery: Option<bool>,
    saves_power: Option<bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Health")]
pub(super) struct HealthDef {
    pid: u32,
    resident_bytes: u64,
    threads: u32,
    running: u32,
    queued: u32,
    pool_used: u32,
    pool_tokens: u32,
    clients: u32,
    #[serde(with = "DeviceLevelDef")]
    level: DeviceLevel,
    #[serde(with = "DeviceSampleDef")]
    sample: DeviceSample,
}
