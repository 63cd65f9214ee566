//! Resolved settings as keys and values again, each with where it comes from.
//!
//! Never: a key's value; where a key is found is all that is shown of it.

use std::time::Duration;

use crate::chat::CacheType;
use crate::chat::FlashAttention;
use crate::chat::GpuLayers;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::KvRam;
use crate::config::Origin;
use crate::config::Overrides;
use crate::config::PoolTokens;
use crate::config::Profile;
use crate::config::Protocol;
use crate::config::Settings;
use crate::config::Threads;
use crate::config::profile::OnFull;

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The table that it stands in; empty for the outermost.
    pub table: String,
    /// The key, with the names of inner tables before it.
    pub key: &'static str,
    /// The value as TOML; `None` where nothing is set.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

type Pair = (&'static str, Option<String>);

impl Settings {
    /// Returns every setting, tables in the order of a file.
    pub fn shown(&self) -> Vec<Shown> {
        let mut all = self.shown_general();
        for name in self.profiles.keys() {
            all.extend(self.shown_profile(name, &Overrides::default()));
        }
        for (name, endpoint) in &self.endpoints {
            all.extend(endpoint_pairs(endpoint).into_iter().map(|(key, value)| Shown {
                table: table("endpoints", name),
                key,
                value,
                origin: self.origins.of_endpoint(name, key),
            }));
        }
        all
    }

    /// Returns the settings of a profile with the environment's and the flags' laid over them;
    /// nothing for a profile that does not exist.
    pub fn shown_profile(&self, name: &str, flags: &Overrides) -> Vec<Shown> {
        let Some(profile) = self.profiles.get(name) else { return Vec::new() };
        let profile = profile.clone().with(&self.env).with(flags);
        let pairs = profile_pairs(&profile).into_iter();
        let shown = pairs.map(|(key, value)| {
            let flag = flags.origins().into_iter().find(|(given, ..)| *given == key);
            let env = self.env.origins().into_iter().find(|(given, ..)| *given == key);
            let origin = match (flag, env) {
                (Some((_, flag, _)), _) => Origin::Flag(flag),
                (None, Some((.., variable))) => Origin::Env(variable),
                (None, None) => self.origins.of_profile(name, key),
            };
            Shown { table: table("profiles", name), key, value, origin }
        });
        shown.collect()
    }

    fn shown_general(&self) -> Vec<Shown> {
        let engine = &self.engine;
        let pool = match engine.pool_tokens {
            PoolTokens::Auto => text("auto"),
            PoolTokens::Fixed(tokens) => tokens.to_string(),
        };
        let ram = match engine.kv_ram {
            KvRam::Auto => text("auto"),
            KvRam::Gigabytes(most) => most.to_string(),
        };
        let outer = [
            ("default_profile", Some(text(self.default_name()))),
            ("theme", Some(text(&self.theme))),
        ];
        let inner = [
            ("keep_alive", engine.keep_alive.map(span)),
            ("pool_tokens", Some(pool)),
            ("max_turns", Some(engine.max_turns.to_string())),
            ("prefill_ahead", Some(engine.prefill_ahead.to_string())),
            ("kv_ram_gb", Some(ram)),
            ("kv_disk_gb", Some(engine.kv_disk_gb.to_string())),
        ];
        let chat = [
            ("language", text(&self.chat.language)),
            ("mouse", self.chat.mouse.to_string()),
            ("inline", self.chat.inline.to_string()),
            ("sidebar", self.chat.sidebar.to_string()),
            ("print_on_exit", self.chat.print_on_exit.to_string()),
        ];
        let chat = chat.into_iter().map(|(key, value)| Shown {
            table: "chat".to_owned(),
            key,
            value: Some(value),
            origin: self.origins.of(&format!("chat.{key}")),
        });
        let outer = outer.into_iter().map(|(key, value)| Shown {
            table: String::new(),
            key,
            value,
            origin: match (key, self.env_profile.is_some()) {
                ("default_profile", true) => Origin::Env("EDGEWISE_PROFILE"),
                _ => self.origins.of(key),
            },
        });
        let inner = inner.into_iter().map(|(key, value)| Shown {
            table: "engine".to_owned(),
            key,
            value,
            origin: self.origins.of(&format!("engine.{key}")),
        });
        outer.chain(chat).chain(inner).collect()
    }
}

fn profile_pairs(profile: &Profile) -> Vec<Pair> {
    let threads = match profile.threads {
        Threads::Auto => text("auto"),
        Threads::Fixed(threads) => threads.to_string(),
    };
    let layers = match profile.compute.gpu_layers {
        GpuLayers::All => text("auto"),
        GpuLayers::First(count) => count.to_string(),
    };
    let (compute, sampling) = (&profile.compute, &profile.sampling);
    vec![
        ("mode", Some(text(profile.mode.name()))),
        ("model", Some(text(&profile.model))),
        ("endpoint", some_list(&profile.endpoints)),
        ("privacy", word(&crate::chat::PrivacyClass::NAMES, profile.privacy)),
        ("system", profile.system.as_deref().map(text)),
        ("n_ctx", Some(profile.n_ctx.to_string())),
        ("threads", Some(threads)),
        ("compute.cache_type_k", word(&CacheType::NAMES, compute.cache_k)),
        ("compute.cache_type_v", word(&CacheType::NAMES, compute.cache_v)),
        ("compute.flash_attention", word(&FlashAttention::NAMES, compute.flash_attention)),
        ("compute.gpu_layers", Some(layers)),
        ("compute.mmap", Some(compute.mmap.to_string())),
        ("compute.repack", Some(compute.repack.to_string())),
        ("sampling.temp", Some(fraction(sampling.temp))),
        ("sampling.top_k", Some(sampling.top_k.to_string())),
        ("sampling.top_p", Some(fraction(sampling.top_p))),
        ("sampling.min_p", Some(fraction(sampling.min_p))),
        ("sampling.repeat_penalty", Some(fraction(sampling.repeat_penalty))),
        ("sampling.seed", sampling.seed.map(|seed| seed.to_string())),
        ("slo.ttft_ms", Some(profile.slo.ttft.as_millis().to_string())),
        ("slo.tbt_ms", Some(profile.slo.tbt.as_millis().to_string())),
        ("on_full", word(&OnFull::NAMES, profile.on_full)),
        ("max_tokens", profile.max_tokens.map(|tokens| tokens.to_string())),
        ("stop", some_list(&profile.stop)),
    ]
}

fn endpoint_pairs(endpoint: &Endpoint) -> Vec<Pair> {
    let key = match &endpoint.key {
        KeySource::None => None,
        KeySource::Env(name) => Some(("key_env", Some(text(name)))),
        // An argument may be what opens the safe.
        KeySource::Command(words) => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            let hidden = if words.len() > 1 { ", \"…\"" } else { "" };
            Some(("key_command", Some(format!("[{}{hidden}]", text(program)))))
        }
        KeySource::Keyring => Some(("keyring", Some("true".to_owned()))),
    };
    let mut pairs = vec![
        ("protocol", word(&Protocol::NAMES, endpoint.protocol)),
        ("base_url", Some(text(&endpoint.base_url))),
        ("model", endpoint.model.as_deref().map(text)),
    ];
    pairs.extend(key);
    let price = endpoint.price;
    pairs.extend([
        ("n_ctx", endpoint.n_ctx.map(|tokens| tokens.to_string())),
        ("price_in", price.map(|price| price.input.to_string())),
        ("price_out", price.map(|price| price.output.to_string())),
        ("ca_file", endpoint.ca_file.as_deref().map(text)),
        ("proxy", endpoint.proxy.as_deref().map(text)),
        // A value may be a secret, whatever it is called.
        ("headers", some_list(&endpoint.headers.iter().map(hidden_value).collect::<Vec<_>>())),
        ("allow_http", endpoint.allow_http.then(|| "true".to_owned())),
    ]);
    pairs
}

fn hidden_value((name, _): &(String, String)) -> String {
    format!("{name}: …")
}

/// Names a table of the user's; a name that is more than a bare key is quoted.
fn table(kind: &str, name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.chars().all(bare) { format!("{kind}.{name}") } else { format!("{kind}.{}", text(name)) }
}

fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn some_list(items: &[String]) -> Option<String> {
    let items: Vec<String> = items.iter().map(|item| text(item)).collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
}

fn word<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> Option<String> {
    names.iter().find(|(_, known)| *known == value).map(|(name, _)| text(name))
}

fn fraction(number: f32) -> String {
    format!("{number:?}")
}

/// Words a duration as `duration::parse` reads it.
fn span(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let whole = units.iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit));
    text(&match whole {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    })
}
