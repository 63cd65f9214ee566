//! Which keys a file may have: every value read and checked, nothing resolved.
//!
//! Never: what a value means together with others; `resolve` says that.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::CacheType;
use crate::chat::FlashAttention;
use crate::chat::GpuLayers;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::config::ConfigError;
use crate::config::KvRam;
use crate::config::OnFull;
use crate::config::PoolTokens;
use crate::config::Threads;
use crate::config::endpoint::Endpoint;
use crate::config::endpoint::KeySource;
use crate::config::endpoint::Price;
use crate::config::endpoint::Protocol;
use crate::config::source::At;
use crate::config::source::Table;
use crate::config::value;

/// A seed that llama.cpp would take as "draw one".
const RANDOM_SEED: u32 = u32::MAX;

/// More threads than this abort llama.cpp (`GGML_MAX_N_THREADS`).
const MAX_THREADS: u32 = 512;

/// llama.cpp takes the number of layers as a signed one.
const MAX_LAYERS: u32 = i32::MAX.cast_unsigned();

/// More sequences than this abort llama.cpp (`LLAMA_MAX_SEQ`).
const MAX_TURNS: u32 = 256;

/// A whole file.
#[derive(Clone, Debug, Default)]
pub(super) struct RawFile {
    pub(super) default_profile: Option<At<String>>,
    pub(super) theme: Option<String>,
    pub(super) chat: RawChat,
    pub(super) engine: RawEngine,
    pub(super) profiles: BTreeMap<String, RawProfile>,
    pub(super) endpoints: BTreeMap<String, Endpoint>,
}

/// `[engine]`.
#[derive(Clone, Debug, Default)]
pub(super) struct RawEngine {
    pub(super) keep_alive: Option<Duration>,
    pub(super) pool_tokens: Option<PoolTokens>,
    pub(super) max_turns: Option<u32>,
    pub(super) prefill_ahead: Option<bool>,
    pub(super) kv_ram: Option<KvRam>,
    pub(super) kv_disk_gb: Option<u32>,
}

/// `[chat]`.
#[derive(Clone, Debug, Default)]
pub(super) struct RawChat {
    pub(super) language: Option<String>,
    pub(super) mouse: Option<bool>,
    pub(super) inline: Option<bool>,
    pub(super) sidebar: Option<bool>,
    pub(super) print_on_exit: Option<bool>,
}

/// `[profiles.NAME]`.
#[derive(Clone, Debug, Default)]
pub(super) struct RawProfile {
    pub(super) extends: Option<At<String>>,
    pub(super) mode: Option<Mode>,
    pub(super) model: Option<String>,
    pub(super) endpoints: Option<At<Vec<String>>>,
    pub(super) privacy: Option<PrivacyClass>,
    pub(super) system: Option<String>,
    pub(super) n_ctx: Option<u32>,
    pub(super) threads: Option<Threads>,
    pub(super) compute: RawCompute,
    pub(super) sampling: RawSampling,
    pub(super) slo: RawSlo,
    pub(super) on_full: Option<OnFull>,
    pub(super) max_tokens: Option<u32>,
    pub(super) stop: Option<Vec<String>>,
}

/// `compute = { … }`.
#[derive(Clone, Debug, Default)]
pub(super) struct RawCompute {
    pub(super) cache_k: Option<CacheType>,
    pub(super) cache_v: Option<At<CacheType>>,
    pub(super) flash_attention: Option<FlashAttention>,
    pub(super) gpu_layers: Option<GpuLayers>,
    pub(super) mmap: Option<bool>,
    pub(super) repack: Option<bool>,
}

/// `sampling = { … }`.
#[derive(Clone, Debug, Default)]
pub(super) struct RawSampling {
    pub(super) temp: Option<f32>,
    pub(super) top_k: Option<i32>,
    pub(super) top_p: Option<f32>,
    pub(super) min_p: Option<f32>,
    pub(super) repeat_penalty: Option<f32>,
    pub(super) seed: Option<u32>,
}

/// `slo = { … }`.
#[derive(Clone, Debug, Default)]
pub(super) struct RawSlo {
    pub(super) ttft: Option<Duration>,
    pub(super) tbt: Option<Duration>,
}

impl RawFile {
    pub(super) fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let mut file = Self {
            default_profile: table.take_at("default_profile", value::name)?,
            theme: table.take("theme", value::name)?,
            ..Self::default()
        };
        if let Some(engine) = table.table("engine")? {
            file.engine = RawEngine::read(engine)?;
        }
        if let Some(chat) = table.table("chat")? {
            file.chat = RawChat::read(chat)?;
        }
        if let Some(profiles) = table.table("profiles")? {
            for (name, profile) in profiles.into_named()? {
                file.profiles.insert(name.to_owned(), RawProfile::read(profile)?);
            }
        }
        if let Some(endpoints) = table.table("endpoints")? {
            for (name, endpoint) in endpoints.into_named()? {
                file.endpoints.insert(name.to_owned(), read_endpoint(name, endpoint)?);
            }
        }
        table.end()?;
        Ok(file)
    }
}

impl RawEngine {
    fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let pool = table.take("pool_tokens", value::auto_or(1..=u32::MAX))?;
        let ram = table.take("kv_ram_gb", value::auto_or(0..=u32::MAX))?;
        let engine = Self {
            keep_alive: table.take("keep_alive", value::span)?,
            pool_tokens: pool.map(|tokens| tokens.map_or(PoolTokens::Auto, PoolTokens::Fixed)),
            max_turns: table.take("max_turns", value::whole(1..=MAX_TURNS))?,
            prefill_ahead: table.take("prefill_ahead", value::flag)?,
            kv_ram: ram.map(|most| most.map_or(KvRam::Auto, KvRam::Gigabytes)),
            kv_disk_gb: table.take("kv_disk_gb", value::whole(0..=u32::MAX))?,
        };
        table.end()?;
        Ok(engine)
    }
}

impl RawChat {
    fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let chat = Self {
            language: table.take("language", value::language)?,
            mouse: table.take("mouse", value::flag)?,
            inline: table.take("inline", value::flag)?,
            sidebar: table.take("sidebar", value::flag)?,
            print_on_exit: table.take("print_on_exit", value::flag)?,
        };
        table.end()?;
        Ok(chat)
    }
}

impl RawProfile {
    fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let threads = table.take("threads", value::auto_or(1..=MAX_THREADS))?;
        let mut profile = Self {
            extends: table.take_at("extends", value::name)?,
            mode: table.take("mode", value::choice(&Mode::NAMES))?,
            model: table.take("model", value::name)?,
            endpoints: table.take_at("endpoint", value::names)?,
            privacy: table.take("privacy", value::choice(&PrivacyClass::NAMES))?,
            system: table.take("system", value::text)?,
            n_ctx: table.take("n_ctx", value::whole(1..=u32::MAX))?,
            threads: threads.map(|count| count.map_or(Threads::Auto, Threads::Fixed)),
            on_full: table.take("on_full", value::choice(&OnFull::NAMES))?,
            max_tokens: table.take("max_tokens", value::whole(1..=u32::MAX))?,
            stop: table.take("stop", value::list)?,
            ..Self::default()
        };
        if let Some(compute) = table.table("compute")? {
            profile.compute = RawCompute::read(compute)?;
        }
        if let Some(sampling) = table.table("sampling")? {
            profile.sampling = RawSampling::read(sampling)?;
        }
        if let Some(slo) = table.table("slo")? {
            profile.slo = RawSlo::read(slo)?;
        }
        table.end()?;
        Ok(profile)
    }
}

impl RawCompute {
    fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let layers = table.take("gpu_layers", value::auto_or(0..=MAX_LAYERS))?;
        let compute = Self {
            cache_k: table.take("cache_type_k", value::choice(&CacheType::NAMES))?,
            cache_v: table.take_at("cache_type_v", value::choice(&CacheType::NAMES))?,
            flash_attention: table
                .take("flash_attention", value::choice(&FlashAttention::NAMES))?,
            gpu_layers: layers.map(|count| count.map_or(GpuLayers::All, GpuLayers::First)),
            mmap: table.take("mmap", value::flag)?,
            repack: table.take("repack", value::flag)?,
        };
        table.end()?;
        Ok(compute)
    }
}

impl RawSampling {
    pub(super) fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let sampling = Self {
            temp: table.take("temp", value::positive_or_zero)?,
            top_k: table.take("top_k", value::whole(0..=i32::MAX))?,
            top_p: table.take("top_p", value::share)?,
            min_p: table.take("min_p", value::share)?,
            repeat_penalty: table.take("repeat_penalty", value::positive)?,
            seed: table.take("seed", value::whole(0..=RANDOM_SEED - 1))?,
        };
        table.end()?;
        Ok(sampling)
    }
}

impl RawSlo {
    fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let slo = Self {
            ttft: table.take("ttft_ms", value::millis)?,
            tbt: table.take("tbt_ms", value::millis)?,
        };
        table.end()?;
        Ok(slo)
    }
}

/// Reads `[endpoints.NAME]`. It is complete in one file: an address from one layer never meets
/// a key from another.
fn read_endpoint(name: &str, mut table: Table<'_>) -> Result<Endpoint, ConfigError> {
    let place = table.place().clone();
    let protocol = table.take("protocol", value::choice(&Protocol::NAMES))?;
    let base_url = table.take("base_url", value::url)?;
    let model = table.take("model", value::name)?;
    let key = read_key(&mut table)?;
    let n_ctx = table.take("n_ctx", value::whole(1..=u32::MAX))?;
    let price_in = table.take("price_in", value::positive_or_zero)?;
    let price_out = table.take("price_out", value::positive_or_zero)?;
    let ca_file = table.take("ca_file", value::name)?;
    let proxy = table.take("proxy", value::url)?;
    let headers = table.take("headers", value::headers)?;
    let allow_http = table.take("allow_http", value::flag)?;
    table.end()?;
    let missing =
        |what: &str| ConfigError::at(&place, format!("[endpoints.{name}] has no `{what}`"));
    let protocol = protocol.ok_or_else(|| missing("protocol"))?;
    let base_url = base_url.ok_or_else(|| missing("base_url"))?;
    let price = (price_in.is_some() || price_out.is_some()).then(|| Price {
        input: price_in.unwrap_or_default(),
        output: price_out.unwrap_or_default(),
    });
    Ok(Endpoint {
        name: name.to_owned(),
        protocol,
        base_url,
        model,
        key,
        n_ctx,
        price,
        ca_file,
        proxy,
        headers: headers.unwrap_or_default(),
        allow_http: allow_http.unwrap_or(false),
    })
}

fn read_key(table: &mut Table<'_>) -> Result<KeySource, ConfigError> {
    let env = table.take_at("key_env", value::name)?;
    let command = table.take_at("key_command", value::list)?;
    let keyring = table.take_at("keyring", value::flag)?;
    if let Some(At { place, .. }) = command.as_ref().filter(|command| command.value.is_empty()) {
        return Err(ConfigError::at(place, "`key_command` names no program")
            .hint("key_command = [\"program\", \"argument\"]"));
    }
    let mut sources = [
        env.map(|at| At { value: KeySource::Env(at.value), place: at.place }),
        command.map(|at| At { value: KeySource::Command(at.value), place: at.place }),
        keyring.filter(|at| at.value).map(|at| At { value: KeySource::Keyring, place: at.place }),
    ]
    .into_iter()
    .flatten();
    let first = sources.next().map_or(KeySource::None, |at| at.value);
    match sources.next() {
        None => Ok(first),
        Some(second) => {
            Err(ConfigError::at(&second.place, "a second source for one endpoint's key")
                .hint("keep one of `key_env`, `key_command` and `keyring`"))
        }
    }
}
