//! How events and health travel; mirrors of the vocabulary, as in `request`.

use std::time::Duration;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Health;
use crate::chat::Heat;
use crate::chat::LoadState;
use crate::chat::ModelInfo;
use crate::chat::Probe;
use crate::chat::Rates;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Traffic;
use crate::chat::Usage;

#[derive(Serialize, Deserialize)]
#[serde(remote = "FaultKind")]
enum FaultKindDef {
    Failed,
    Usage,
    NoRoute,
    TooLong,
    Schema,
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
    /// An engine has no network.
    #[serde(skip)]
    traffic: Traffic,
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
    device: String,
    gpu_layers: u32,
    fell_back: bool,
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
#[serde(remote = "Heat")]
enum HeatDef {
    Cool,
    Hot,
    Critical,
}

mod heat {
    use super::Deserialize;
    use super::Deserializer;
    use super::Heat;
    use super::HeatDef;
    use super::Serialize;
    use super::Serializer;

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "HeatDef")] Heat);

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        clippy::ref_option,
        reason = "serde asks for this shape"
    )]
    pub(super) fn serialize<S: Serializer>(heat: &Option<Heat>, to: S) -> Result<S::Ok, S::Error> {
        heat.map(One).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Heat>, D::Error> {
        Ok(Option::<One>::deserialize(from)?.map(|One(heat)| heat))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Rates")]
struct RatesDef {
    prefill_tps: Option<f64>,
    decode_tps: Option<f64>,
    decode_ratio: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeviceSample")]
struct DeviceSampleDef {
    run_wait: Option<Duration>,
    run_time: Option<Duration>,
    memory_some_percent: Option<f32>,
    memory_full_percent: Option<f32>,
    cpu_some_percent: Option<f32>,
    io_some_percent: Option<f32>,
    swapped_in_bytes: Option<u64>,
    available_bytes: Option<u64>,
    total_bytes: Option<u64>,
    group_bytes: Option<u64>,
    cores: Option<f64>,
    celsius: Option<f32>,
    #[serde(with = "heat")]
    heat: Option<Heat>,
    throttled: Option<u64>,
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
    #[serde(with = "RatesDef")]
    rates: Rates,
    #[serde(with = "DeviceLevelDef")]
    level: DeviceLevel,
    #[serde(with = "DeviceSampleDef")]
    sample: DeviceSample,
}
