//! What a front needs before it can ask anything: the profile, the model file, the engine's place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use thiserror::Error;

use super::clock;
use super::consent::Consent;
use crate::app;
use crate::chat::Candidate;
use crate::chat::Compute;
use crate::chat::Constraint;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Limits;
use crate::chat::Mode;
use crate::chat::Node;
use crate::chat::Place as Known;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Route;
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
use crate::models::Meter;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::net::Address;
use crate::net::Net;
use crate::prompt;
use crate::remote::Fleet;
use crate::route;
use crate::route::DeviceState;
use crate::route::Egress;
use crate::route::Facts;
use crate::route::LocalFacts;
use crate::route::Policy;
use crate::route::Request;
use crate::route::RouteView;
use crate::store::Store;

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
    /// Whether a front without its model is one all the same, whose turns say what is missing.
    pub bare: bool,
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
    /// The engine's settings and place; `None` when every turn goes to an endpoint.
    pub engine: Option<EngineConfig>,
    /// The endpoints of the user's configuration.
    pub fleet: Arc<Fleet>,
    /// The model's name as the user knows it.
    pub model: String,
    /// Whether the next prompt is evaluated while it is typed.
    pub prefill_ahead: bool,
    /// The user's data directory.
    pub data: PathBuf,
    /// Whether where turns ran is written down; a call that is to leave no trace writes nothing.
    pub recorded: bool,
    /// Where the rates of this device's model in use are kept; none where it has none.
    pub meter: Option<Meter>,
    /// Where a script keeps what endpoints teach; a chat has a store of its own.
    pub memory: Option<Store>,
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
        let Place { paths, env, keep_alive, bare } = place;
        let panic_at = env.get("EDGEWISE_TEST_PANIC").and_then(|place| place.to_str());
        let net = Net::new(egress);
        let home = env.home();
        let fleet = Fleet::new(settings.endpoints.values(), net, home.as_deref());
        let mut front = Self {
            engine: None,
            fleet: Arc::new(fleet.dated(clock::now())),
            model: profile.model.clone(),
            prefill_ahead: settings.engine.prefill_ahead,
            data: paths.data.clone(),
            recorded: true,
            meter: None,
            memory: None,
            egress,
            constraint: Constraint::Free,
            panic_at: panic_at.map(str::to_owned),
            profile,
        };
        // A mode that is not allowed is said before any model is looked for.
        front.serves()?;
        let mode = front.profile.mode;
        let engine = |load| -> Result<EngineConfig, FrontError> {
            let program = std::env::current_exe().map_err(|error| {
                Fault::new(format!("cannot find this program's own file: {error}"))
            })?;
            let keep_alive = settings.engine.keep_alive.unwrap_or(keep_alive);
            Ok(EngineConfig::new(program, env.for_engine(), load, paths, keep_alive)?)
        };
        let file = match models::locate(&front.profile.model, paths) {
            _ if mode == Mode::RemoteOnly => None,
            // What is preferred needs no model here.
            Err(_) if mode == Mode::PreferRemote && !front.profile.endpoints.is_empty() => None,
            Err(ModelError::Missing { .. }) if bare => {
                let nowhere = paths.models_dir().join(&front.profile.model);
                let load = load(settings, &front.profile, (nowhere, 0, 0));
                let hint = "/model lists those here · edgewise models pull gets one";
                let missing = Some(Fault::new("no model is set up").hint(hint));
                front.engine = Some(EngineConfig { missing, ..engine(load)? });
                return Ok(front);
            }
            located => Some(located.map_err(Fault::from)?),
        };
        let Some(file) = file else {
            front.model = front.first_endpoint();
            return Ok(front);
        };
        front.profile.n_ctx = context(&front.profile, &file);
        let load =
            load(settings, &front.profile, (file.path.clone(), file.bytes, changed_ns(&file)));
        let Compute { cache_k, cache_v, .. } = front.profile.compute;
        let footprint = file.footprint().with_cache(cache_k, cache_v);
        let demand = Demand { footprint, n_ctx: front.profile.n_ctx };
        front.engine = Some(EngineConfig { demand: Some(demand), ..engine(load)? });
        front.meter = Some(Meter::of(paths, &file));
        front.model = file.name;
        Ok(front)
    }

    /// Returns the same front with another model of this machine.
    ///
    /// # Errors
    /// The model is missing or bad, or no turn of this front is answered on this device.
    pub(super) fn with_model(&self, name: &str, paths: &Paths) -> Result<Self, Fault> {
        let none = || Fault::new("no model of this device is used here").hint("change the mode");
        let config = self.engine.as_ref().ok_or_else(none)?;
        let file = models::locate(name, paths)?;
        let mut front = self.clone();
        front.profile.n_ctx = context(&self.profile, &file);
        let n_ctx = front.profile.n_ctx;
        let was = &config.spec.load;
        let load = LoadSpec {
            // A pool that the user has fixed stays as large.
            pool_tokens: if was.pool_tokens > self.profile.n_ctx { was.pool_tokens } else { n_ctx },
            model_bytes: file.bytes,
            model_changed_ns: changed_ns(&file),
            model: file.path.clone(),
            ..was.clone()
        };
        let mut config = config.with_load(load);
        let Compute { cache_k, cache_v, .. } = front.profile.compute;
        let footprint = file.footprint().with_cache(cache_k, cache_v);
        config.demand = Some(Demand { footprint, n_ctx });
        front.engine = Some(config);
        front.meter = Some(Meter::of(paths, &file));
        front.model = file.name;
        Ok(front)
    }

    /// Returns whether a turn is likely to be answered on this device, so that its model is loaded
    /// before the question is there.
    pub fn warms(&self) -> bool {
        !matches!(self.profile.mode, Mode::RemoteOnly | Mode::PreferRemote)
    }

    /// Returns the endpoints that turns may go to, each with its origin; none when nothing leaves.
    pub fn leaves_to(&self) -> Vec<(String, String)> {
        let profile = &self.profile;
        let stays = profile.privacy == PrivacyClass::LocalOnly
            || profile.mode == Mode::LocalOnly
            || self.egress != Egress::Allowed;
        let place = |name: &String| {
            let endpoint = self.fleet.get(name)?.endpoint();
            let address = Address::parse(&endpoint.base_url).ok()?;
            Some((name.clone(), address.origin().to_string()))
        };
        if stays { Vec::new() } else { profile.endpoints.iter().filter_map(place).collect() }
    }

    /// Returns the model of the first endpoint, or the endpoint's name.
    fn first_endpoint(&self) -> String {
        let name = self.profile.endpoints.first().cloned().unwrap_or_default();
        let model = self.fleet.get(&name).and_then(|remote| remote.endpoint().model.clone());
        model.unwrap_or(name)
    }

    /// Returns the routes of a turn in the user's order: this device, if it can answer, then the
    /// profile's endpoints.
    pub(super) fn routes(
        &self,
        local: Option<LocalFacts>,
        prompt_tokens: u32,
        consent: &Consent,
    ) -> Vec<RouteView> {
        let here = local.map(|facts| RouteView::local(&self.model, facts));
        let remotes = self.profile.endpoints.iter().filter_map(|name| {
            let facts = self.fleet.facts(name, prompt_tokens, !consent.covers(name))?;
            let model = self.fleet.get(name)?.endpoint().model.clone().unwrap_or_default();
            Some(RouteView::remote(name, model, facts))
        });
        here.into_iter().chain(remotes).collect()
    }

    /// Tells what is known of the profile's endpoints for a prompt of so many tokens.
    pub(super) fn places(&self, prompt_tokens: u32) -> Vec<Known> {
        let facts = self.routes(None, prompt_tokens, &Consent::All);
        // The user's own word counts more than what the mode prefers.
        let mode = self.profile.mode;
        let mode = if mode == Mode::LocalOnly { mode } else { Mode::Auto };
        let request =
            Request { mode, class: PrivacyClass::Open, prompt_tokens, ..Request::default() };
        let policy = Policy { egress: self.egress, ..Policy::default() };
        let looked_at = route::look(&request, &facts, &policy);
        let place = |it: Candidate| {
            let Route::Remote(endpoint) = it.route else { return None };
            let measured = it.predicted.filter(|_| self.fleet.is_measured(&endpoint));
            Some(Known { endpoint, model: it.model, measured, rejected: it.rejected })
        };
        looked_at.into_iter().filter_map(place).collect()
    }

    /// Refuses a mode that no route could serve, whatever the device and the turn are.
    fn serves(&self) -> Result<Decision, Fault> {
        let Profile { mode, privacy, .. } = self.profile;
        let request = Request { mode, class: privacy, ..Request::default() };
        // Whether there is a model here is looked at next.
        let local = (mode != Mode::RemoteOnly).then(LocalFacts::default);
        let mut routes = self.routes(local, 0, &Consent::All);
        asked_anyway(&mut routes);
        let policy = Policy { egress: self.egress, ..Policy::default() };
        route::decide(&request, &routes, &DeviceState::default(), &policy)
    }

    /// Makes the generation of a script's question behind what came earlier in its session, of the
    /// profile's privacy class.
    pub fn question(
        &self,
        session: SessionId,
        earlier: &[&Node],
        text: &str,
        ephemeral: bool,
    ) -> Generation {
        let system = self.profile.system.as_deref();
        Generation {
            session,
            messages: prompt::messages(system, earlier, Some(text)),
            class: self.profile.privacy,
            sampling: self.profile.sampling.clone(),
            constraint: self.constraint.clone(),
            limits: self.limits(),
            priority: Priority::Background,
            ephemeral,
        }
    }

    /// Returns what a larger context takes; `None` where no model on this device is known.
    pub fn growth(&self) -> Option<app::Growth> {
        let footprint = &self.engine.as_ref()?.demand.as_ref()?.footprint;
        let (token_bytes, train_tokens) = (footprint.kv_token_bytes, footprint.train_tokens);
        Some(app::Growth { token_bytes, train_tokens })
    }

    /// Returns where answers end at the latest.
    pub fn limits(&self) -> Limits {
        self.profile.limits()
    }
}

/// Where there is no other way an endpoint is asked whatever is known of its key: its own word says best
/// what is missing.
pub(super) fn asked_anyway(routes: &mut [RouteView]) {
    for view in routes {
        if let Facts::Remote(facts) = &mut view.facts {
            facts.has_key = true;
        }
    }
}

/// Returns the profile's context, or the model's own if that is smaller.
fn context(profile: &Profile, file: &ModelFile) -> u32 {
    profile.n_ctx.min(file.header.context_length.max(1))
}

fn changed_ns(file: &ModelFile) -> u128 {
    file.modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

/// Says what an engine loads: the file with its size and when it was written.
fn load(
    settings: &Settings,
    profile: &Profile,
    (model, model_bytes, model_changed_ns): (PathBuf, u64, u128),
) -> LoadSpec {
    let pool = match settings.engine.pool_tokens {
        // One session of full length: those that are idle go to memory, shorter ones run together.
        PoolTokens::Auto => profile.n_ctx,
        PoolTokens::Fixed(tokens) => tokens.max(profile.n_ctx),
    };
    LoadSpec {
        model,
        model_bytes,
        model_changed_ns,
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
        compute: profile.compute,
    }
}
