//! The front's side of work on model files in a child process: `worker::workshop` is the other.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde_json::Value;

use crate::models::ModelError;
use crate::text::Clean;

/// How soon a wish to stop is noticed.
const LOOK: Duration = Duration::from_millis(50);

/// The longest line of the child, and the end of its errors that is kept, in bytes.
const LINE_MAX: u64 = 64 * 1024;

/// Told how much of the work is done, of how much; says whether to go on.
pub type Doing<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Where the work is done: this program itself, and what it inherits.
#[derive(Clone, Debug)]
pub struct Workshop {
    /// This program.
    pub program: PathBuf,
    /// The environment of the child; nothing else is inherited.
    pub environment: Vec<(OsString, OsString)>,
}

impl Workshop {
    /// Lets a child do a job and returns its last word. Blocks; the child ends with this call,
    /// however that ends, and with this process.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] where `doing` says so, [`ModelError::Bad`] where the job fails.
    pub(super) fn run(&self, words: &[&OsStr], doing: Doing<'_>) -> Result<Value, ModelError> {
        let failed =
            |error: io::Error| bad(format!("cannot start {}: {error}", self.program.display()));
        let mut child = Command::new(&self.program)
            .arg("workshop")
            .arg("--")
            .args(words)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir("/")
            // Ctrl-C is this process's to hear; the child hears the end of its input.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // Read along, so that a child with much to say does not wait.
        let errors = child.stderr.take().map(|stderr| std::thread::spawn(|| last_line(stderr)));
        let answered = follow(&mut child, doing);
        if answered.is_err() {
            // One that has ended meanwhile needs no end.
            child.kill().ok();
        }
        let status = child.wait().map_err(failed)?;
        let last = errors.and_then(|errors| errors.join().ok().flatten());
        match answered? {
            Some(word) if status.success() && word["failed"].is_null() => Ok(word),
            word => {
                let why = word.as_ref().and_then(|word| word["failed"].as_str()).map(str::to_owned);
                let how = status.signal().map(|signal| format!("it was ended by signal {signal}"));
                let why = [why, how, last].into_iter().flatten().collect::<Vec<_>>().join(": ");
                Err(bad(Clean::one_line(&why, 400).into_string()))
            }
        }
    }
}

/// Follows the child's lines up to its last; `None` where there is none.
fn follow(child: &mut Child, doing: Doing<'_>) -> Result<Option<Value>, ModelError> {
    let Some(stdout) = child.stdout.take() else { return Ok(None) };
    let (tell, lines) = mpsc::sync_channel(16);
    // Ends with the child's output, which ends with the child.
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout);
        loop {
            let mut line = String::new();
            match (&mut lines).take(LINE_MAX).read_line(&mut line) {
                Ok(count) if count > 0 && tell.send(line).is_ok() => {}
                _ => return,
            }
        }
    });
    let (mut last, mut at) = (None, (0, 0));
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => match serde_json::from_str::<Value>(&line) {
                Ok(value) => match step(&value) {
                    Some(step) => at = step,
                    None => last = Some(value),
                },
                Err(_) => return Err(bad("it says what is no JSON".to_owned())),
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if doing(at.0, at.1).is_break() {
            return Err(ModelError::Stopped);
        }
    }
    Ok(last)
}

fn step(value: &Value) -> Option<(u64, u64)> {
    let step = value.get("step")?;
    Some((step[0].as_u64()?, step[1].as_u64()?))
}

/// Returns the last line that the child says on standard error, and drops the others.
fn last_line(stderr: impl io::Read) -> Option<String> {
    let mut lines = BufReader::new(stderr);
    let mut last = None;
    loop {
        let mut line = Vec::new();
        match (&mut lines).take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(count) if count > 0 => {}
            _ => return last,
        }
        let line = String::from_utf8_lossy(&line);
        if !line.trim().is_empty() {
            last = Some(Clean::one_line(line.trim(), 300).into_string());
        }
    }
}

/// What a build can compute on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name in llama.cpp, like `Vulkan0`.
    pub name: String,
    /// What its driver calls it.
    pub description: String,
    /// `cpu`, `gpu`, `integrated gpu`, `accelerator`.
    pub kind: String,
    /// Bytes of its memory that are free.
    pub free_bytes: u64,
    /// Bytes of its memory.
    pub total_bytes: u64,
}

impl Device {
    /// Returns whether layers of a model can be put on it.
    pub fn is_gpu(&self) -> bool {
        self.kind.ends_with("gpu")
    }
}

/// Lists what this build can compute on; asked in a child process, for a driver may end it.
///
/// # Errors
/// [`ModelError::Bad`]: the child ends without an answer.
pub fn devices(workshop: &Workshop) -> Result<Vec<Device>, ModelError> {
    let word = workshop.run(&[OsStr::new("devices")], &mut |_, _| ControlFlow::Continue(()))?;
    let all = word["devices"].as_array().cloned().unwrap_or_default();
    let text =
        |value: &Value| Clean::one_line(value.as_str().unwrap_or_default(), 80).into_string();
    let device = |value: &Value| Device {
        name: text(&value["name"]),
        description: text(&value["description"]),
        kind: text(&value["kind"]),
        free_bytes: value["free_bytes"].as_u64().unwrap_or(0),
        total_bytes: value["total_bytes"].as_u64().unwrap_or(0),
    };
    Ok(all.iter().map(device).collect())
}

fn bad(message: String) -> ModelError {
    ModelError::Bad { message }
}
