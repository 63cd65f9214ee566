//! The only reader of the environment: a snapshot of the variables that mean something here.
//!
//! Owns the list of those variables, the platform's directories, which follow from them, and the
//! allow-list of what the engine process may inherit.
//!
//! Never: a look at the environment after the snapshot, or a variable that may hold a secret, but
//! for [`secret`].

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::PathBuf;

use directories::ProjectDirs;

/// Variables that the front reads and the engine does not need.
const FRONT_ONLY: [&str; 20] = [
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "COLORTERM",
    "VISUAL",
    "EDITOR",
    "OLLAMA_MODELS", // where other programs keep their models
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_ENDPOINT", // the hub that models are fetched from
    "LLAMA_CACHE",
    "TMUX", // what stands between this program and the terminal
    "STY",
    "SSH_CONNECTION", // a program's clipboard would be another machine's
    "SSH_TTY",
    "WAYLAND_DISPLAY", // which program has the clipboard
    "DISPLAY",
    "COLORFGBG", // light on dark or dark on light, where a terminal says so
    "BROWSER",
    "KITTY_WINDOW_ID",
];

/// Variables that the engine process inherits, by full name.
const ENGINE: [&str; 11] = [
    "PATH",            // GPU drivers start helpers of their own while they load
    "HOME",            // GPU drivers keep compiled shaders under it
    "XDG_CACHE_HOME",  // the same, where it is set
    "XDG_CONFIG_HOME", // both processes resolve the same directories
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "TMPDIR", // scratch files of the C++ runtime and of drivers
    "LANG",   // the language of the system's error messages
    "LANGUAGE",
    "LD_LIBRARY_PATH", // libgomp and GPU drivers outside the system's own directories
    "RUST_BACKTRACE",  // a crash is kept in the engine's output
];

/// Variables that the engine process inherits, by how the name begins.
const ENGINE_PREFIXES: [&str; 10] = [
    "LC_",       // as LANG
    "OMP_",      // OpenMP: threads, places, wait policy are the user's to tune
    "GOMP_",     // the same for GNU's own
    "KMP_",      // the same for LLVM's
    "GGML_",     // llama.cpp's own switches
    "CUDA_",     // which GPUs are visible
    "VK_",       // which Vulkan driver and layers
    "MESA_",     // Mesa's shader cache and driver choice
    "NVIDIA_",   // which GPUs a container shows
    "EDGEWISE_", // our own directories and the kill switch
];

/// Never inherited, whatever the lists above say.
///
/// `GGML_BACKEND_PATH` names a library to load: the engine executes nothing but itself.
const NEVER: [&str; 1] = ["GGML_BACKEND_PATH"];

/// A name with one of these words may hold a secret, and the engine needs none.
const SECRET_WORDS: [&str; 5] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

/// The platform's own directories for this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformDirs {
    /// For configuration.
    pub config: PathBuf,
    /// For models and sessions.
    pub data: PathBuf,
    /// For what can be made again.
    pub cache: PathBuf,
}

/// A snapshot of the environment, taken once when the program starts.
#[derive(Clone, Debug, Default)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    platform: Option<PlatformDirs>,
}

impl Env {
    /// Reads the process's environment, and the user database where `HOME` is not set.
    pub fn read() -> Self {
        let platform = ProjectDirs::from("", "", "edgewise").map(|dirs| PlatformDirs {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            cache: dirs.cache_dir().to_owned(),
        });
        Self { platform, ..Self::from_pairs(std::env::vars_os()) }
    }

    /// Makes an environment of `pairs`, without platform directories.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        let known = |(name, _): &(OsString, OsString)| {
            FRONT_ONLY.iter().any(|known| name == known) || is_for_engine(name)
        };
        Self { vars: pairs.filter(known).collect(), platform: None }
    }

    /// Adds the platform's directories.
    #[must_use]
    pub fn with_platform(self, dirs: PlatformDirs) -> Self {
        Self { platform: Some(dirs), ..self }
    }

    /// Returns the platform's directories; `None` when the user has no home.
    pub fn platform(&self) -> Option<&PlatformDirs> {
        self.platform.as_ref()
    }

    /// Returns a variable of the lists above that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns the user's home directory, for `~` in a model's path.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }

    /// Tells whether `EDGEWISE_NO_REMOTE` forbids every network connection.
    ///
    /// A kill switch errs on the safe side: any value but `0` and the empty one counts.
    pub fn no_remote(&self) -> bool {
        self.get("EDGEWISE_NO_REMOTE").is_some_and(|value| value != "0")
    }

    /// Returns what the engine process may inherit, sorted by name; everything else is cleared.
    pub fn for_engine(&self) -> Vec<(OsString, OsString)> {
        let inherited = self.vars.iter().filter(|(name, _)| is_for_engine(name));
        inherited.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Reads one variable that the user named as a key's source; it is in no snapshot, so that nothing
/// keeps it, shows it or hands it on.
#[expect(clippy::disallowed_methods, reason = "this is the module that reads the environment")]
pub fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_for_engine(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let listed =
        ENGINE.contains(&name) || ENGINE_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    listed && !NEVER.contains(&name) && !SECRET_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_inherits_the_list_and_no_secret() {
        let env = Env::from_pairs([
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("OMP_NUM_THREADS", "2"),
            ("EDGEWISE_DATA_DIR", "/d"),
            ("NO_COLOR", "1"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("EDGEWISE_API_KEY", "s"),
            ("GGML_BACKEND_PATH", "/tmp/evil.so"),
            ("LD_PRELOAD", "/tmp/evil.so"),
        ]);
        let names: Vec<_> = env.for_engine().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["EDGEWISE_DATA_DIR", "LC_ALL", "OMP_NUM_THREADS", "PATH"]);
        assert_eq!(env.get("NO_COLOR"), Some(OsStr::new("1")));
        assert_eq!(env.get("AWS_SECRET_ACCESS_KEY"), None);
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let env = Env::from_pairs([("NO_COLOR", ""), ("HOME", "/home/u")]);
        assert_eq!(env.get("NO_COLOR"), None);
        assert_eq!(env.home(), Some(PathBuf::from("/home/u")));
    }

    #[test]
    fn the_kill_switch_errs_on_the_safe_side() {
        for (value, expected) in
            [("1", true), ("true", true), ("no", true), ("0", false), ("", false)]
        {
            let env = Env::from_pairs([("EDGEWISE_NO_REMOTE", value)]);
            assert_eq!(env.no_remote(), expected, "{value:?}");
        }
        assert!(!Env::default().no_remote());
    }
}
