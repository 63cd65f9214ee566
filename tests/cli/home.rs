//! A user of the program with nothing of their own but what a test gives them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::running::Ran;
use crate::running::Running;
use crate::support;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_edgewise");

/// An engine leaves with its last client, so that a test can wait for that. One thread: beside
/// other work, two would mostly wait for each other.
const CONFIG: &str = "[engine]\nkeep_alive = \"0s\"\n[profiles.default]\nthreads = 1\n";

/// Directories of a user who has the model.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    /// Makes a home with the real model in its directory of models.
    pub(crate) fn new() -> Self {
        let home = Self::without_model();
        let file = home.path("data/models/SmolLM2-135M-Instruct.Q4_1.gguf");
        symlink(support::model(), file).expect("a link to the model");
        home
    }

    /// Makes a home without any model.
    pub(crate) fn without_model() -> Self {
        let place = tempfile::Builder::new().prefix("ew").tempdir().expect("a directory");
        let home = Self(place);
        for directory in ["config", "cache", "home", "data/models"] {
            fs::create_dir_all(home.path(directory)).expect("a directory");
        }
        home.config("");
        home
    }

    /// Returns the path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the configuration behind the one that every test has; returns the file.
    pub(crate) fn config(&self, text: &str) -> PathBuf {
        let file = self.path("config/config.toml");
        fs::write(&file, format!("{CONFIG}{text}")).expect("a file is written");
        file
    }

    /// Makes the call, with an environment that is ours alone and nothing on stdin.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args);
        self.settle(&mut command);
        command
    }

    /// Lets any program run as this user.
    pub(crate) fn settle(&self, command: &mut Command) {
        command.env_clear().stdin(Stdio::null()).current_dir(self.path("home"));
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.path("home"));
        for (name, directory) in
            [("CONFIG", "config"), ("DATA", "data"), ("CACHE", "cache"), ("RUNTIME", "run")]
        {
            command.env(format!("EDGEWISE_{name}_DIR"), self.path(directory));
        }
    }

    /// Calls the program with an empty stdin and waits for its end.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Running::start(self.command(args)).end()
    }

    /// Calls the program with `input` on its stdin and waits for its end.
    #[track_caller]
    pub(crate) fn pipe(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        running.feed(input);
        running.end()
    }

    /// Lists the engines that run for this user.
    pub(crate) fn engines(&self) -> Vec<u32> {
        let runtime = format!("EDGEWISE_RUNTIME_DIR={}", self.path("run").display());
        let processes = fs::read_dir("/proc").expect("a list of processes");
        let numbers =
            processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter(|pid| is_engine(*pid, runtime.as_bytes())).collect()
    }

    /// Waits until no engine is left.
    #[track_caller]
    pub(crate) fn engines_leave(&self) {
        for pid in self.engines() {
            crate::running::gone(pid);
        }
        assert!(self.engines().is_empty(), "an engine is left");
    }

    /// Tells whether anything was ever started: an engine leaves its log.
    pub(crate) fn had_an_engine(&self) -> bool {
        let names = fs::read_dir(self.path("run")).into_iter().flatten().flatten();
        names.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|end| end == "log"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        for pid in self.engines() {
            crate::running::kill(pid);
        }
    }
}

fn is_engine(pid: u32, runtime: &[u8]) -> bool {
    let read = |name: &str| fs::read(Path::new("/proc").join(pid.to_string()).join(name));
    let words = |name: &str| read(name).unwrap_or_default();
    let arguments = words("cmdline");
    arguments.split(|byte| *byte == 0).nth(1) == Some(b"engine")
        && words("environ").split(|byte| *byte == 0).any(|variable| variable == runtime)
}
