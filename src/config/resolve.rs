//! Layers to settings: laid over each other, profiles extended, names checked.
//!
//! Never: I/O.

use std::collections::BTreeMap;

use crate::chat::FlashAttention;
use crate::config::AUTO_LANGUAGE;
use crate::config::AUTO_THEME;
use crate::config::ChatSettings;
use crate::config::ConfigError;
use crate::config::Endpoint;
use crate::config::EngineSettings;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Overrides;
use crate::config::Profile;
use crate::config::Settings;
use crate::config::hint::quoted;
use crate::config::nearest;
use crate::config::origin::Origins;
use crate::config::raw::RawCompute;
use crate::config::raw::RawEngine;
use crate::config::raw::RawFile;
use crate::config::raw::RawProfile;
use crate::config::source::At;

/// The built-in profile's name.
const DEFAULT: &str = "default";

impl Settings {
    /// Lays `layers` over each other, the weakest first, and checks what they name.
    ///
    /// A profile of one name in two layers is one profile, key by key; an endpoint of a stronger
    /// layer replaces its namesake whole. What `extends` names comes before the built-in values.
    ///
    /// # Errors
    /// A profile or an endpoint is named that does not exist, or profiles extend in a circle.
    pub fn from_layers(layers: &[Layer], env: &Env) -> Result<Self, ConfigError> {
        let mut origins = Origins::default();
        let mut merged = RawFile::default();
        for layer in layers {
            merged = layer.raw.clone().over(merged);
            origins.layers.push(layer.keys.clone());
        }
        merged.profiles.entry(DEFAULT.to_owned()).or_default();
        let profiles = resolve_profiles(&merged)?;
        origins.extends =
            merged.profiles.keys().map(|name| (name.clone(), chain(name, &merged))).collect();
        let (env_profile, over) = Overrides::from_env(env)?;
        let settings = Self {
            engine: engine(&merged.engine),
            theme: merged.theme.unwrap_or_else(|| AUTO_THEME.to_owned()),
            chat: ChatSettings {
                language: merged.chat.language.unwrap_or_else(|| AUTO_LANGUAGE.to_owned()),
                mouse: merged.chat.mouse.unwrap_or(true),
                inline: merged.chat.inline.unwrap_or(false),
                sidebar: merged.chat.sidebar.unwrap_or(true),
                print_on_exit: merged.chat.print_on_exit.unwrap_or(true),
            },
            default_profile: default_profile(merged.default_profile.as_ref(), &profiles)?,
            profiles,
            endpoints: merged.endpoints,
            no_remote: env.no_remote(),
            env: over,
            env_profile,
            origins,
            notices: Vec::new(),
        };
        Ok(settings)
    }
}

/// Returns what a profile extends, nearest first.
fn chain(name: &str, merged: &RawFile) -> Vec<String> {
    let next = |name: &String| Some(merged.profiles.get(name)?.extends.as_ref()?.value.clone());
    std::iter::successors(next(&name.to_owned()), next).collect()
}

fn engine(raw: &RawEngine) -> EngineSettings {
    let built_in = EngineSettings::default();
    EngineSettings {
        keep_alive: raw.keep_alive.or(built_in.keep_alive),
        pool_tokens: raw.pool_tokens.unwrap_or(built_in.pool_tokens),
        max_turns: raw.max_turns.unwrap_or(built_in.max_turns),
        prefill_ahead: raw.prefill_ahead.unwrap_or(built_in.prefill_ahead),
        kv_ram: raw.kv_ram.unwrap_or(built_in.kv_ram),
        kv_disk_gb: raw.kv_disk_gb.unwrap_or(built_in.kv_disk_gb),
    }
}

fn default_profile(
    named: Option<&At<String>>,
    profiles: &BTreeMap<String, Profile>,
) -> Result<String, ConfigError> {
    let Some(At { value, place }) = named else { return Ok(DEFAULT.to_owned()) };
    if profiles.contains_key(value) {
        return Ok(value.clone());
    }
    let near = nearest(value, profiles.keys().map(String::as_str));
    Err(ConfigError::at(place, format!("no profile {}", quoted(value))).did_you_mean(near))
}

fn resolve_profiles(merged: &RawFile) -> Result<BTreeMap<String, Profile>, ConfigError> {
    let resolved = merged.profiles.keys().map(|name| {
        let raw = extended(name, &merged.profiles)?;
        known_endpoints(&raw, &merged.endpoints)?;
        possible_cache(&raw.compute)?;
        Ok((name.clone(), raw.resolve(name)))
    });
    resolved.collect()
}

/// Lays a profile over all that it extends.
fn extended(
    name: &str,
    profiles: &BTreeMap<String, RawProfile>,
) -> Result<RawProfile, ConfigError> {
    let mut chain = vec![name];
    let mut whole = profiles.get(name).cloned().unwrap_or_default();
    let mut next = whole.extends.take();
    while let Some(At { value, place }) = next {
        let Some((parent, raw)) = profiles.get_key_value(&value) else {
            let near = nearest(&value, profiles.keys().map(String::as_str));
            let error = ConfigError::at(&place, format!("no profile {} to extend", quoted(&value)));
            return Err(error.did_you_mean(near));
        };
        if chain.contains(&parent.as_str()) {
            let circle = format!("{} -> {value}", chain.join(" -> "));
            return Err(ConfigError::at(&place, format!("profiles extend in a circle: {circle}")));
        }
        chain.push(parent);
        let mut parent = raw.clone();
        next = parent.extends.take();
        whole = whole.over(parent);
    }
    Ok(whole)
}

/// llama.cpp reads quantised values in its flash attention only.
fn possible_cache(raw: &RawCompute) -> Result<(), ConfigError> {
    let Some(At { value, place }) = &raw.cache_v else { return Ok(()) };
    if value.is_quantised() && raw.flash_attention == Some(FlashAttention::Off) {
        let error = ConfigError::at(place, "quantised values need flash attention");
        return Err(error.hint("take flash_attention = \"auto\", or cache_type_v = \"f16\""));
    }
    Ok(())
}

fn known_endpoints(
    raw: &RawProfile,
    endpoints: &BTreeMap<String, Endpoint>,
) -> Result<(), ConfigError> {
    let Some(At { value, place }) = &raw.endpoints else { return Ok(()) };
    let Some(unknown) = value.iter().find(|name| !endpoints.contains_key(*name)) else {
        return Ok(());
    };
    let error = ConfigError::at(place, format!("no endpoint {}", quoted(unknown)));
    Err(match nearest(unknown, endpoints.keys().map(String::as_str)) {
        Some(near) => error.did_you_mean(Some(near)),
        None => error.hint("describe it under [endpoints.NAME]"),
    })
}
