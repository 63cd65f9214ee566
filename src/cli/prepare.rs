//! From flags and files to a front that can ask.

use std::path::PathBuf;
use std::time::Duration;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::SessionInfo;
use crate::cli::args::Cli;
use crate::config::Env;
use crate::config::Paths;
use crate::config::Settings;
use crate::route::Egress;
use crate::runtime::Front;
use crate::runtime::FrontError;
use crate::runtime::Place;

/// The settings of this call and the front that follows from them.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) settings: Settings,
    pub(super) front: Front,
}

/// Reads the configuration, lays the flags over it and finds the model.
///
/// # Errors
/// Anything in the configuration or the flags is wrong, the model is missing or bad, or no route
/// is allowed.
pub(super) fn prepare(cli: &Cli, env: &Env, keep_alive: Duration) -> Result<Prepared, Fault> {
    prepare_for(cli, env, keep_alive, None)
}

/// Does what [`prepare`] does; where there is no model, turns say so.
///
/// # Errors
/// As for [`prepare`], but for the missing model.
pub(super) fn prepare_bare(cli: &Cli, env: &Env, keep_alive: Duration) -> Result<Prepared, Fault> {
    prepare_with(cli, env, (keep_alive, true), None)
}

/// Does what [`prepare`] does for a turn in a saved session: its profile counts where no flag names
/// another one, its mode counts over the profile's, and of the privacy classes the stricter.
///
/// # Errors
/// As for [`prepare`].
pub(super) fn prepare_for(
    cli: &Cli,
    env: &Env,
    keep_alive: Duration,
    session: Option<&SessionInfo>,
) -> Result<Prepared, Fault> {
    prepare_with(cli, env, (keep_alive, false), session)
}

fn prepare_with(
    cli: &Cli,
    env: &Env,
    (keep_alive, bare): (Duration, bool),
    session: Option<&SessionInfo>,
) -> Result<Prepared, Fault> {
    let paths = Paths::resolve(env)?;
    // A directory that was removed has no project file either.
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let settings = Settings::load(&paths, env, &here)?;
    let profile = {
        let own = session.map(|session| session.profile.as_str());
        let named = cli.common.profile.as_deref().or(own);
        let mut profile = settings.select(named, &cli.common.overrides())?;
        if let Some(session) = session {
            profile.privacy = profile.privacy.strictest(session.privacy);
            profile.mode = cli.common.mode.unwrap_or(session.mode);
        }
        profile
    };
    let egress = egress(cli, settings.no_remote);
    let place = Place { paths: &paths, env, keep_alive, bare };
    let mut front = Front::new(&settings, profile, egress, place).map_err(|error| match error {
        FrontError::Config(error) => error.into(),
        FrontError::Fault(fault) => fault,
    })?;
    front.recorded = !cli.common.ephemeral;
    if cli.common.require_gpu {
        require_gpu(&mut front)?;
    }
    Ok(Prepared { settings, front })
}

/// Lets turns of this device run on a GPU alone. What this build cannot do is said before an engine is
/// started; the rest when it has loaded its model.
fn require_gpu(front: &mut Front) -> Result<(), Fault> {
    let none = |message: &str, hint: &str| Fault::new(message).kind(FaultKind::NoRoute).hint(hint);
    let Some(engine) = &mut front.engine else {
        let hint = "it speaks of this device, and the profile's turns are elsewhere";
        return Err(none("a GPU is required, and no model is used on this device", hint));
    };
    if gpu_backends().is_empty() {
        let hint = "cargo build --release --features vulkan (or cuda, metal)";
        return Err(none("a GPU is required, and this build has no backend for one", hint));
    }
    engine.require_gpu = true;
    Ok(())
}

/// Returns the backends that this build has beside the CPU's.
pub(super) fn gpu_backends() -> Vec<&'static str> {
    let apple = cfg!(all(target_os = "macos", target_arch = "aarch64"));
    let all = [
        ("vulkan", cfg!(feature = "vulkan")),
        ("cuda", cfg!(feature = "cuda")),
        ("metal", apple || cfg!(feature = "metal")),
    ];
    all.into_iter().filter(|(_, built)| *built).map(|(name, _)| name).collect()
}

/// Says what may leave the device; `no_remote` is the configuration's or the environment's word.
pub(super) fn egress(cli: &Cli, no_remote: bool) -> Egress {
    match (no_remote, cli.common.offline) {
        (true, _) => Egress::KillSwitch,
        (false, true) => Egress::Offline,
        (false, false) => Egress::Allowed,
    }
}
