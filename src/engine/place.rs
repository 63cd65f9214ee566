//! Which engine: its name follows from what it loads, so that equal fronts meet.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use sha2::Digest as _;
use sha2::Sha256;

use super::room::Demand;
use crate::chat::Fault;
use crate::config::ConfigError;
use crate::config::Paths;
use crate::ipc::LoadSpec;
use crate::ipc::PROTOCOL;
use crate::ipc::Spec;

/// What it takes to find or start an engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The program to run with the argument `engine`: this one.
    pub program: PathBuf,
    /// The environment it gets; nothing else is inherited.
    pub environment: Vec<(OsString, OsString)>,
    /// What it loads and where it listens.
    pub spec: Spec,
    /// How long it stays after this front has left.
    pub keep_alive: Duration,
    /// What the model takes; an engine that has to be started is refused where that is too much.
    pub demand: Option<Demand>,
    /// Whether an engine that uses no GPU is refused.
    pub require_gpu: bool,
    /// Why there is no model to load; every turn fails with it.
    pub missing: Option<Fault>,
}

impl EngineConfig {
    /// Chooses the names for `load` within the runtime directory, which is made if need be.
    ///
    /// # Errors
    /// The runtime directory cannot be made or is not this user's alone.
    pub fn new(
        program: PathBuf,
        environment: Vec<(OsString, OsString)>,
        load: LoadSpec,
        paths: &Paths,
        keep_alive: Duration,
    ) -> Result<Self, ConfigError> {
        let name = name(&load);
        let file = |ending: &str| format!("{name}.{ending}");
        let directory = paths.runtime_for_socket(file("sock").len())?;
        let at = |ending: &str| directory.join(file(ending));
        let (socket, lock, log) = (at("sock"), at("lock"), at("log"));
        let spec = Spec { load, socket, lock, log };
        let demand = None;
        let (require_gpu, missing) = (false, None);
        Ok(Self { program, environment, spec, keep_alive, demand, require_gpu, missing })
    }

    /// Returns the same with room for one session of `n_ctx` tokens: another engine, unless the pool
    /// of this one is large enough.
    #[must_use]
    pub fn with_context(&self, n_ctx: u32) -> Self {
        let load = &self.spec.load;
        let pool_tokens = load.pool_tokens.max(n_ctx);
        let mut config = self.with_load(LoadSpec { pool_tokens, ..load.clone() });
        if let Some(demand) = &mut config.demand {
            demand.n_ctx = n_ctx;
        }
        config
    }

    /// Returns the same for what loads something else: another engine.
    #[must_use]
    pub fn with_load(&self, load: LoadSpec) -> Self {
        let mut config = self.clone();
        let Spec { socket, lock, log, .. } = &mut config.spec;
        let name = name(&load);
        for (path, ending) in [(socket, "sock"), (lock, "lock"), (log, "log")] {
            path.set_file_name(format!("{name}.{ending}"));
        }
        config.spec.load = load;
        config.missing = None;
        config
    }
}

/// Returns 16 hex digits over everything that tells two engines apart.
fn name(load: &LoadSpec) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(PROTOCOL.to_le_bytes());
    // `Debug` of plain numbers and a path: it only has to differ where they differ.
    hash.update(format!("{load:?}"));
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Compute;

    fn load() -> LoadSpec {
        LoadSpec {
            model: "/m.gguf".into(),
            model_bytes: 1,
            model_changed_ns: 2,
            pool_tokens: 3,
            max_turns: 4,
            kv_ram_gb: None,
            threads: None,
            compute: Compute::default(),
        }
    }

    #[test]
    fn equal_settings_meet_and_different_ones_do_not() {
        let one = name(&load());
        assert_eq!(one, name(&load()));
        assert_eq!(one.len(), 16);
        assert_ne!(one, name(&LoadSpec { pool_tokens: 5, ..load() }));
        assert_ne!(one, name(&LoadSpec { model_changed_ns: 9, ..load() }));
    }

    #[test]
    fn a_larger_context_takes_another_engine_only_where_its_pool_is_too_small() {
        let at = |ending: &str| format!("/run/{}.{ending}", name(&load())).into();
        let config = EngineConfig {
            program: "/edgewise".into(),
            environment: Vec::new(),
            spec: Spec { load: load(), socket: at("sock"), lock: at("lock"), log: at("log") },
            keep_alive: Duration::ZERO,
            demand: None,
            require_gpu: false,
            missing: None,
        };
        assert_eq!(config.with_context(2).spec.socket, config.spec.socket);
        let larger = config.with_context(4).spec;
        assert_eq!(larger.load.pool_tokens, 4);
        let expected = format!("/run/{}", name(&LoadSpec { pool_tokens: 4, ..load() }));
        assert_eq!(larger.socket, PathBuf::from(format!("{expected}.sock")));
        assert_eq!(larger.lock, PathBuf::from(format!("{expected}.lock")));
    }
}
