//! Everything that the configuration says, resolved and checked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::ConfigError;
use crate::config::Endpoint;
use crate::config::Overrides;
use crate::config::Profile;
use crate::config::hint::quoted;
use crate::config::nearest;
use crate::config::origin::Origins;

/// Room for turns in the engine's pool of KV cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PoolTokens {
    /// As much as the profile's context and the memory allow.
    #[default]
    Auto,
    /// This many tokens, at least 1.
    Fixed(u32),
}

/// Room for idle sessions in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KvRam {
    /// As much as the memory allows.
    #[default]
    Auto,
    /// Gigabytes (10^9 bytes) at most; 0 keeps none.
    Gigabytes(u32),
}

/// The engine's settings, fixed when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// How long it stays after its last client; `None` leaves it to the front: 5 min after a
    /// chat, 60 s after a script.
    pub keep_alive: Option<Duration>,
    /// Room for all running turns.
    pub pool_tokens: PoolTokens,
    /// Turns that run at once, 1 to 256; more wait.
    pub max_turns: u32,
    /// Whether the draft is evaluated while it is typed.
    pub prefill_ahead: bool,
    /// Room in memory for what idle sessions have cached.
    pub kv_ram: KvRam,
    /// Gigabytes (10^9 bytes) of cached state on disk at most.
    pub kv_disk_gb: u32,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            keep_alive: None,
            pool_tokens: PoolTokens::default(),
            max_turns: 16,
            prefill_ahead: true,
            kv_ram: KvRam::default(),
            kv_disk_gb: 4,
        }
    }
}

/// The theme that is light or dark as the terminal is.
pub const AUTO_THEME: &str = "auto";

/// The language that the environment asks for.
pub const AUTO_LANGUAGE: &str = "auto";

/// How the chat behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ChatSettings {
    /// The language of its words, as a tag; [`AUTO_LANGUAGE`] leaves it to the environment.
    pub language: String,
    /// Whether the chat takes the mouse.
    pub mouse: bool,
    /// Whether it stays on the normal screen.
    pub inline: bool,
    /// Whether the open sessions stand beside the conversation where the screen is wide.
    pub sidebar: bool,
    /// Whether the conversation is printed when it is left.
    pub print_on_exit: bool,
}

/// Everything that the configuration says, resolved and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The engine's settings.
    pub engine: EngineSettings,
    /// The theme's name; [`AUTO_THEME`] leaves it to the terminal's ground.
    pub theme: String,
    /// How the chat behaves.
    pub chat: ChatSettings,
    /// The profile that is used when none is named; it is in `profiles`.
    pub default_profile: String,
    /// Every profile by name; `default` is always there.
    pub profiles: BTreeMap<String, Profile>,
    /// Every endpoint by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Whether `EDGEWISE_NO_REMOTE` forbids every network connection.
    pub no_remote: bool,
    /// What the environment says about every profile.
    pub(super) env: Overrides,
    /// The profile that the environment names.
    pub(super) env_profile: Option<String>,
    /// Where everything comes from.
    pub(super) origins: Origins,
    /// Lines that the user should see once, on stderr or in the status line.
    pub notices: Vec<String>,
}

impl Settings {
    /// Returns the profile that is used when no flag names one: the environment's, else the file's.
    pub fn default_name(&self) -> &str {
        self.env_profile.as_deref().unwrap_or(&self.default_profile)
    }

    /// Returns the named profile, or the default one.
    ///
    /// # Errors
    /// There is no such profile; the hint gives the nearest, or all of them.
    pub fn profile(&self, name: Option<&str>) -> Result<Profile, ConfigError> {
        let name = name.unwrap_or_else(|| self.default_name());
        if let Some(profile) = self.profiles.get(name) {
            return Ok(profile.clone());
        }
        Err(unknown("profile", name, self.profiles.keys()))
    }

    /// Returns the named endpoint.
    ///
    /// # Errors
    /// There is no such endpoint; the hint gives the nearest, or all of them.
    pub fn endpoint(&self, name: &str) -> Result<&Endpoint, ConfigError> {
        self.endpoints.get(name).ok_or_else(|| unknown("endpoint", name, self.endpoints.keys()))
    }

    /// Returns the named profile, or the default one, with what the environment says laid over
    /// it, and the flags over that.
    ///
    /// # Errors
    /// There is no such profile, or no endpoint that `--endpoint` names.
    pub fn select(&self, name: Option<&str>, flags: &Overrides) -> Result<Profile, ConfigError> {
        if let Some(endpoint) = flags.endpoint.as_ref().or(self.env.endpoint.as_ref())
            && !self.endpoints.contains_key(endpoint)
        {
            return Err(unknown("endpoint", endpoint, self.endpoints.keys()));
        }
        Ok(self.profile(name)?.with(&self.env).with(flags))
    }
}

/// Makes the error for a name that is not among `known`.
fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String> + Clone,
) -> ConfigError {
    let error = ConfigError::new(format!("no {what} {}", quoted(name)));
    if let Some(near) = nearest(name, known.clone().map(String::as_str)) {
        return error.did_you_mean(Some(near));
    }
    let all: Vec<&str> = known.map(String::as_str).collect();
    match all.as_slice() {
        [] => error.hint(format!("describe it under [{what}s.NAME]")),
        [one] => error.hint(format!("there is {one}")),
        all => error.hint(format!("there are {}", all.join(", "))),
    }
}
