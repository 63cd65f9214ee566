//! What a front needs before it can ask anything: the profile, the model file, the engine's place.

use std::time::SystemTime;

use thiserror::Error;

use crate::chat::Fault;
use crate::chat::Limits;
use crate::config::ConfigError;
use crate::config::Env;
use crate::config::Paths;
use crate::config::PoolTokens;
use crate::config::Profile;
use crate::config::Settings;
use crate::config::Threads;
use crate::engine::EngineConfig;
use crate::ipc::LoadSpec;
use crate::models;
use crate::models::ModelFile;

/// Sessions of full length that the pool holds when the user does not say: the one in front and
/// one that streams behind it.
const POOL_SESSIONS: u32 = 2;

/// Why a front cannot begin.
#[derive(Debug, Error)]
pub enum FrontError {
    /// The configuration or the runtime directory is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no model, or no route.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A profile with all that follows from it.
#[derive(Clone, Debug)]
pub struct Front {
    /// The settings in force, flags included.
    pub profile: Profile,
    /// The engine's settings and place.
    pub engine: EngineConfig,
    /// The model's name as the user knows it.
    pub model: String,
    /// Whether nothing may leave this device, whatever the profile says.
    pub offline: bool,
    /// A panic to provoke, in a debug build (see `crash`).
    pub panic_at: Option<String>,
}

impl Front {
    /// Finds the model and chooses the engine. Nothing is started.
    ///
    /// # Errors
    /// The profile's mode is not there yet, the model is missing or bad, or the runtime directory
    /// cannot be had.
    pub fn new(
        settings: &Settings,
        profile: Profile,
        paths: &Paths,
        env: &Env,
    ) -> Result<Self, FrontError> {
        let offline = settings.no_remote;
        super::driver::check(&profile, offline)?;
        let file = models::locate(&profile.model, paths).map_err(Fault::from)?;
        let program = std::env::current_exe()
            .map_err(|error| Fault::new(format!("cannot find this program's own file: {error}")))?;
        let profile = Profile { n_ctx: context(&profile, &file), ..profile };
        let load = load(settings, &profile, &file);
        let engine = EngineConfig::new(program, env.for_engine(), load, paths)?;
        let panic_at = env.get("EDGEWISE_TEST_PANIC").and_then(|place| place.to_str());
        let panic_at = panic_at.map(str::to_owned);
        Ok(Self { profile, engine, model: file.name, offline, panic_at })
    }

    /// Returns where answers end at the latest.
    pub fn limits(&self) -> Limits {
        Limits {
            max_tokens: self.profile.max_tokens,
            stop: self.profile.stop.clone(),
            n_ctx: self.profile.n_ctx,
        }
    }
}

/// Returns the profile's context, or the model's own if that is smaller.
fn context(profile: &Profile, file: &ModelFile) -> u32 {
    let trained = u32::MAX;
    let _ = file;
    profile.n_ctx.min(trained.max(1))
}

fn load(settings: &Settings, profile: &Profile, file: &ModelFile) -> LoadSpec {
    let pool = match settings.engine.pool_tokens {
        PoolTokens::Auto => profile.n_ctx.saturating_mul(POOL_SESSIONS),
        PoolTokens::Fixed(tokens) => tokens.max(profile.n_ctx),
    };
    let changed = file.modified.duration_since(SystemTime::UNIX_EPOCH);
    LoadSpec {
        model: file.path.clone(),
        model_bytes: file.bytes,
        model_changed_ns: changed.map_or(0, |since| since.as_nanos()),
        pool_tokens: pool,
        max_turns: settings.engine.max_turns,
        threads: match profile.threads {
            Threads::Auto => None,
            Threads::Fixed(threads) => Some(threads),
        },
    }
}
