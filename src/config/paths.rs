//! The directories of this program, and the runtime directory that only the user can enter.
//!
//! Never: the environment itself; it comes in as [`Env`].

use std::path::Path;
use std::path::PathBuf;

use crate::config::AppDirs;
use crate::config::ConfigError;
use crate::config::Env;
use crate::config::runtime_dir;

/// Where everything is; all absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`.
    pub config: PathBuf,
    /// Models and sessions.
    pub data: PathBuf,
    /// What can be made again.
    pub cache: PathBuf,
    /// Sockets, locks and the engines' output; see [`Paths::ensure_runtime`].
    pub runtime: PathBuf,
    /// The user's home, for `~` in a model's path.
    pub home: Option<PathBuf>,
    /// Where other programs keep their models.
    pub apps: AppDirs,
}

impl Paths {
    /// Returns the directories where engines may listen; they need not exist.
    pub fn runtime_dirs(&self) -> [PathBuf; 2] {
        [self.runtime.clone(), runtime_dir::fallback()]
    }

    /// Resolves the directories: our own variables, else the platform's.
    ///
    /// The runtime directory is `edgewise` under `XDG_RUNTIME_DIR` if that is a directory of
    /// ours, else `run` under the cache. Nothing is created.
    ///
    /// # Errors
    /// A variable holds a relative path, or there is no home directory to derive a missing one.
    pub fn resolve(env: &Env) -> Result<Self, ConfigError> {
        let platform = env.platform();
        let own = |name: &str, platform: Option<&PathBuf>| match absolute(env, name)? {
            Some(path) => Ok(path),
            None => platform.cloned().ok_or_else(|| homeless(name)),
        };
        let config = own("EDGEWISE_CONFIG_DIR", platform.map(|dirs| &dirs.config))?;
        let data = own("EDGEWISE_DATA_DIR", platform.map(|dirs| &dirs.data))?;
        let cache = own("EDGEWISE_CACHE_DIR", platform.map(|dirs| &dirs.cache))?;
        let runtime = match absolute(env, "EDGEWISE_RUNTIME_DIR")? {
            Some(path) => path,
            None => session_runtime(env).unwrap_or_else(|| cache.join("run")),
        };
        Ok(Self { config, data, cache, runtime, home: env.home(), apps: AppDirs::of(env) })
    }

    /// Returns the user's configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Returns the directory of the user's prompts.
    pub fn prompts_dir(&self) -> PathBuf {
        self.config.join("prompts")
    }

    /// Returns the directory that holds model files.
    pub fn models_dir(&self) -> PathBuf {
        self.data.join("models")
    }

    /// Returns the directory that holds the saved conversations.
    pub fn sessions_dir(&self) -> PathBuf {
        self.data.join("sessions")
    }

    /// Creates the runtime directory with mode 0700 if it is missing, and verifies it.
    ///
    /// # Errors
    /// It cannot be created, is a symbolic link or no directory, belongs to somebody else, or
    /// group or world may enter it; the hint says how to mend that.
    pub fn ensure_runtime(&self) -> Result<PathBuf, ConfigError> {
        runtime_dir::ensure(&self.runtime)?;
        Ok(self.runtime.clone())
    }

    /// Does what [`Paths::ensure_runtime`] does for a directory in which a socket with a name of
    /// `name_len` bytes still has an address: the runtime directory, or `/tmp/edgewise-UID` where
    /// that is too long.
    ///
    /// # Errors
    /// As for [`Paths::ensure_runtime`].
    pub fn runtime_for_socket(&self, name_len: usize) -> Result<PathBuf, ConfigError> {
        let dir = runtime_dir::for_socket(&self.runtime, name_len);
        runtime_dir::ensure(&dir)?;
        Ok(dir)
    }
}

/// Reads a directory of our own from the environment.
fn absolute(env: &Env, name: &str) -> Result<Option<PathBuf>, ConfigError> {
    let Some(path) = env.get(name).map(PathBuf::from) else { return Ok(None) };
    if path.is_absolute() {
        return Ok(Some(path));
    }
    let error = ConfigError::new(format!("{name} is not an absolute path: `{}`", path.display()));
    Err(error.hint(format!("set it as {name}=\"$PWD/{}\"", path.display())))
}

fn homeless(name: &str) -> ConfigError {
    ConfigError::new("there is no home directory: HOME is not set")
        .hint(format!("set HOME, or {name} and the other EDGEWISE_*_DIR to absolute paths"))
}

/// The login session's runtime directory, unless it is stale or another user's (as after `su`).
fn session_runtime(env: &Env) -> Option<PathBuf> {
    let base = env.get("XDG_RUNTIME_DIR").map(Path::new).filter(|path| path.is_absolute())?;
    runtime_dir::is_own(base).then(|| base.join("edgewise"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::PlatformDirs;

    fn platform() -> PlatformDirs {
        PlatformDirs {
            config: "/p/config".into(),
            data: "/p/data".into(),
            cache: "/p/cache".into(),
        }
    }

    #[test]
    fn our_own_variables_come_before_the_platform() {
        let env = Env::from_pairs([
            ("EDGEWISE_CONFIG_DIR", "/o/config"),
            ("EDGEWISE_DATA_DIR", ""),
            ("EDGEWISE_RUNTIME_DIR", "/o/run"),
        ]);
        let paths = Paths::resolve(&env.with_platform(platform())).expect("directories");
        assert_eq!(paths.config_file(), Path::new("/o/config/config.toml"));
        assert_eq!(paths.models_dir(), Path::new("/p/data/models"));
        assert_eq!(paths.cache, Path::new("/p/cache"));
        assert_eq!(paths.runtime, Path::new("/o/run"));
    }

    #[test]
    fn the_runtime_directory_follows_the_login_session_if_it_is_ours() {
        let session = tempfile::tempdir().expect("a directory");
        let env = Env::from_pairs([("XDG_RUNTIME_DIR", session.path())]);
        let paths = Paths::resolve(&env.with_platform(platform())).expect("directories");
        assert_eq!(paths.runtime, session.path().join("edgewise"));
        for stale in ["/nowhere/at/all", "relative", "/dev/null"] {
            let env = Env::from_pairs([("XDG_RUNTIME_DIR", stale)]);
            let paths = Paths::resolve(&env.with_platform(platform())).expect("directories");
            assert_eq!(paths.runtime, Path::new("/p/cache/run"), "{stale}");
        }
    }

    #[test]
    fn without_a_home_the_message_says_what_to_set() {
        let error = Paths::resolve(&Env::default()).expect_err("no home");
        assert_eq!(error.to_string(), "there is no home directory: HOME is not set");
        assert!(error.hint.expect("a hint").contains("EDGEWISE_CONFIG_DIR"));
        let all = ["CONFIG", "DATA", "CACHE"].map(|name| (format!("EDGEWISE_{name}_DIR"), "/d"));
        Paths::resolve(&Env::from_pairs(all)).expect("enough is named");
    }

    #[test]
    fn a_relative_directory_is_refused() {
        let env = Env::from_pairs([("EDGEWISE_DATA_DIR", "data")]).with_platform(platform());
        let error = Paths::resolve(&env).expect_err("relative");
        assert_eq!(error.to_string(), "EDGEWISE_DATA_DIR is not an absolute path: `data`");
    }
}
