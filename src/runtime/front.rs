//! What a front needs before it can ask anything: the profile, the model file, the engine's place.

use std::time::Duration;
use std::time::SystemTime;

use thiserror::Error;

use crate::chat::Constraint;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::Priority;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::config::ConfigError;
use crate::config::Env;
use crate::config::KvRam;
use crate::config::Paths;
use crate::config::PoolTokens;
use crate::config::Profile;
use crate::config::Settings;
use crate::config::Threads;
use crate::engine::Demand;
use crate::engine::EngineConfig;
use crate::ipc::LoadSpec;
use crate::models;
use crate::models::ModelFile;
use crate::route;
use crate::route::DeviceState;
use crate::route::Egress;
use crate::route::LocalFacts;
use crate::route::Policy;
use crate::route::Request;
use crate::route::RouteView;

/// How long an engine stays after a chat: long enough to come back to it.
pub const KEEP_ALIVE_CHAT: Duration = Duration::from_mins(5);

/// How long an engine stays after a script: until the loop's next call.
pub const KEEP_ALIVE_SCRIPT: Duration = Duration::from_mins(1);

/// Where a front finds its files, and how long its engine stays unless the user says.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The directories.
    pub paths: &'a Paths,
    /// The environment.
    pub env: &'a Env,
    /// How long the engine stays after this front.
    pub keep_alive: Duration,
}

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
    /// Whether the next prompt is evaluated while it is typed.
    pub prefill_ahead: bool,
    /// Whether anything may leave this device, whatever the profile says.
    pub egress: Egress,
    /// What every answer has to look like.
    pub constraint: Constraint,
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
        egress: Egress,
        place: Place<'_>,
    ) -> Result<Self, FrontError> {
        let Place { paths, env, keep_alive } = place;
        // A mode that is not there is said before any model is looked for.
        decide(&profile, &profile.model, &DeviceState::default(), egress)?;
        let file = models::locate(&profile.model, paths).map_err(Fault::from)?;
        let program = std::env::current_exe()
            .map_err(|error| Fault::new(format!("cannot find this program's own file: {error}")))?;
        let profile = Profile { n_ctx: context(&profile, &file), ..profile };
        let load = load(settings, &profile, &file);
        let keep_alive = settings.engine.keep_alive.unwrap_or(keep_alive);
        let demand = Demand { footprint: file.footprint(), n_ctx: profile.n_ctx };
        let mut engine = EngineConfig::new(program, env.for_engine(), load, paths, keep_alive)?;
        engine.demand = Some(demand);
        let panic_at = env.get("EDGEWISE_TEST_PANIC").and_then(|place| place.to_str());
        let constraint = Constraint::Free;
        let panic_at = panic_at.map(str::to_owned);
        let prefill_ahead = settings.engine.prefill_ahead;
        Ok(Self { profile, engine, model: file.name, prefill_ahead, egress, constraint, panic_at })
    }

    /// Decides where the next turn runs, by what is known of the device.
    ///
    /// # Errors
    /// The profile's mode asks for what is not there or not allowed (`NoRoute`).
    pub fn decide(&self, device: &DeviceState) -> Result<Decision, Fault> {
        decide(&self.profile, &self.model, device, self.egress)
    }

    /// Makes the generation of a script's question behind what came earlier in its session.
    pub fn question(
        &self,
        session: SessionId,
        earlier: Vec<Message>,
        text: String,
        ephemeral: bool,
    ) -> Generation {
        let system = self.profile.system.iter().map(|text| Message::text(Role::System, text));
        let asked = Message::text(Role::User, text);
        Generation {
            session,
            messages: system.chain(earlier).chain([asked]).collect(),
            sampling: self.profile.sampling.clone(),
            constraint: self.constraint.clone(),
            limits: self.limits(),
            priority: Priority::Background,
            ephemeral,
        }
    }

    /// Returns where answers end at the latest.
    pub fn limits(&self) -> Limits {
        self.profile.limits()
    }
}

fn decide(
    profile: &Profile,
    model: &str,
    device: &DeviceState,
    egress: Egress,
) -> Result<Decision, Fault> {
    let routes = [RouteView::local(model, LocalFacts::default())];
    let request = Request { mode: profile.mode, ..Request::default() };
    let policy = Policy { egress, ..Policy::default() };
    route::decide(&request, &routes, device, &policy)
}

/// Returns the profile's context, or the model's own if that is smaller.
fn context(profile: &Profile, file: &ModelFile) -> u32 {
    profile.n_ctx.min(file.header.context_length.max(1))
}

fn load(settings: &Settings, profile: &Profile, file: &ModelFile) -> LoadSpec {
    let pool = match settings.engine.pool_tokens {
        // One session of full length: those that are idle go to memory, shorter ones run together.
        PoolTokens::Auto => profile.n_ctx,
        PoolTokens::Fixed(tokens) => tokens.max(profile.n_ctx),
    };
    let changed = file.modified.duration_since(SystemTime::UNIX_EPOCH);
    LoadSpec {
        model: file.path.clone(),
        model_bytes: file.bytes,
        model_changed_ns: changed.map_or(0, |since| since.as_nanos()),
        pool_tokens: pool,
        max_turns: settings.engine.max_turns,
        kv_ram_gb: match settings.engine.kv_ram {
            KvRam::Auto => None,
            KvRam::Gigabytes(most) => Some(most),
        },
        threads: match profile.threads {
            Threads::Auto => None,
            Threads::Fixed(threads) => Some(threads),
        },
    }
}
