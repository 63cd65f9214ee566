//! What the environment and the flags lay over a profile.
//!
//! Never: reading the environment; `env` has a snapshot of it.

use crate::chat::Mode;
use crate::config::ConfigError;
use crate::config::Env;
use crate::config::hint::quoted;
use crate::config::nearest;

/// What the environment's variables or the command line's flags say about the profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// `--mode`.
    pub mode: Option<Mode>,
    /// `--model`.
    pub model: Option<String>,
    /// `--endpoint`.
    pub endpoint: Option<String>,
    /// `--system`; empty means no system prompt.
    pub system: Option<String>,
    /// `--max-tokens`.
    pub max_tokens: Option<u32>,
    /// `--temp`.
    pub temp: Option<f32>,
    /// `--seed`.
    pub seed: Option<u32>,
    /// `--stop`; none leaves the profile's.
    pub stop: Vec<String>,
}

/// A key of a profile, and the flag and the variable that say something about it.
type Said = (&'static str, &'static str, &'static str);

impl Overrides {
    /// Reads `EDGEWISE_MODE`, `EDGEWISE_MODEL` and `EDGEWISE_ENDPOINT`, and the profile's name in
    /// `EDGEWISE_PROFILE`.
    ///
    /// # Errors
    /// A variable is no UTF-8, or names no mode.
    pub(super) fn from_env(env: &Env) -> Result<(Option<String>, Self), ConfigError> {
        let text = |name: &str| match env.get(name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value.to_owned())),
            Some(None) => Err(ConfigError::new(format!("{name} is not UTF-8"))),
        };
        let overrides = Self {
            mode: text("EDGEWISE_MODE")?.map(|word| mode(&word)).transpose()?,
            model: text("EDGEWISE_MODEL")?,
            endpoint: text("EDGEWISE_ENDPOINT")?,
            ..Self::default()
        };
        Ok((text("EDGEWISE_PROFILE")?, overrides))
    }

    /// Returns the keys about which something is said.
    pub(super) fn origins(&self) -> Vec<Said> {
        let none = "";
        let said = [
            (self.mode.is_some(), ("mode", "--mode", "EDGEWISE_MODE")),
            (self.model.is_some(), ("model", "--model", "EDGEWISE_MODEL")),
            (self.endpoint.is_some(), ("endpoint", "--endpoint", "EDGEWISE_ENDPOINT")),
            (self.system.is_some(), ("system", "--system", none)),
            (self.max_tokens.is_some(), ("max_tokens", "--max-tokens", none)),
            (self.temp.is_some(), ("sampling.temp", "--temp", none)),
            (self.seed.is_some(), ("sampling.seed", "--seed", none)),
            (!self.stop.is_empty(), ("stop", "--stop", none)),
        ];
        said.into_iter().filter(|(given, _)| *given).map(|(_, said)| said).collect()
    }
}

fn mode(word: &str) -> Result<Mode, ConfigError> {
    if let Some((_, mode)) = Mode::NAMES.iter().find(|(name, _)| *name == word) {
        return Ok(*mode);
    }
    let error = ConfigError::new(format!("EDGEWISE_MODE is no mode: {}", quoted(word)));
    Err(error.did_you_mean(nearest(word, Mode::NAMES.map(|(name, _)| name))))
}
