//! Starts an engine process and learns how it ends.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ChildStdout;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use tokio::sync::oneshot;

use super::EngineConfig;
use crate::chat::Fault;
use crate::ipc;
use crate::text::Clean;

/// How long an engine may take to listen; it needs milliseconds, and loads its model afterwards.
const LISTEN_WITHIN: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// The end of a log that may hold the reason for a crash, in bytes.
const LOG_TAIL_BYTES: u64 = 4096;

/// A child's exit status, once it has one.
pub(super) type Ending = oneshot::Receiver<ExitStatus>;

/// Starts the engine and returns when its socket listens. Blocks.
///
/// # Errors
/// The program cannot be run, ended before it listened (its log's last line is in the fault), or
/// did not listen in time and was ended.
pub(super) fn start(config: &EngineConfig) -> Result<Ending, Fault> {
    let program = config.program.display();
    let failed =
        |error: io::Error| Fault::new(format!("cannot start the engine {program}: {error}"));
    let mut child = Command::new(&config.program)
        .arg("engine")
        .env_clear()
        .envs(config.environment.iter().cloned())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let spec = ipc::encode(&config.spec).map_err(|error| failed(io::Error::other(error)))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that died already is noticed below, with its reason.
        stdin.write_all(&spec).ok();
    }
    match child.stdout.take().map_or(Word::Ended, |stdout| word(stdout, LISTEN_WITHIN)) {
        Word::Listens => {}
        Word::Ended => {
            let status = child.wait().map_err(failed)?;
            return Err(ended(Some(status), &config.spec.log));
        }
        Word::Silent => {
            // One that has ended meanwhile needs no end.
            child.kill().ok();
            child.wait().map_err(failed)?;
            return Err(Fault::new("the engine does not begin")
                .hint(format!("its log is {}", config.spec.log.display())));
        }
    }
    let (tell, ending) = oneshot::channel();
    // Waits for the child so that it does not stay behind as a zombie.
    std::thread::spawn(move || {
        if let Ok(status) = child.wait() {
            // The front may have gone before its engine.
            tell.send(status).ok();
        }
    });
    Ok(ending)
}

/// What is heard of an engine that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Its socket listens.
    Listens,
    /// It let go of its output: it has ended.
    Ended,
    /// Nothing yet.
    Silent,
}

/// Waits for an engine's word, `patience` long at most.
fn word(mut stdout: ChildStdout, patience: Timespec) -> Word {
    let mut polled = [PollFd::new(&stdout, PollFlags::IN)];
    let ready = loop {
        match rustix::event::poll(&mut polled, Some(&patience)) {
            Err(rustix::io::Errno::INTR) => {}
            ready => break ready,
        }
    };
    match ready {
        Ok(0) => Word::Silent,
        Ok(_) if stdout.read_exact(&mut [0]).is_ok() => Word::Listens,
        Ok(_) | Err(_) => Word::Ended,
    }
}

/// Words how an engine ended; `status` is known when this front had started it.
pub(super) fn ended(status: Option<ExitStatus>, log: &Path) -> Fault {
    let how = match status {
        Some(status) => match (status.signal(), status.code()) {
            (Some(signal), _) => match signal_hook::low_level::signal_name(signal) {
                Some(name) => format!("the engine was ended by {name}"),
                None => format!("the engine was ended by signal {signal}"),
            },
            (None, Some(code)) => format!("the engine ended with code {code}"),
            (None, None) => "the engine ended".to_owned(),
        },
        None => "the engine is gone".to_owned(),
    };
    // Only what ends by itself has had last words: an assertion of llama.cpp, or an error code.
    let spoke = status.is_some_and(|status| match status.signal() {
        Some(signal) => signal == signal_hook::consts::SIGABRT,
        None => status.code() != Some(0),
    });
    let message = match last_line(log).filter(|_| spoke) {
        Some(line) => format!("{how}: {line}"),
        None => how,
    };
    Fault::new(message).hint(format!("ask again to start it anew; its log is {}", log.display()))
}

/// Returns the last line of a log, cleaned; its end only, whatever the size.
fn last_line(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(Clean::one_line(line, 200).as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_listens_ends_or_says_nothing() {
        let heard = |program: &str, patience| {
            let mut command = Command::new(program);
            // `cat` waits for its input, which is open until the child is dropped.
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the program runs");
            let word = word(child.stdout.take().expect("a pipe"), patience);
            drop(child.stdin.take());
            child.wait().expect("it ends");
            word
        };
        let long = Timespec { tv_sec: 60, tv_nsec: 0 };
        assert_eq!(heard("pwd", long), Word::Listens);
        assert_eq!(heard("true", long), Word::Ended);
        assert_eq!(heard("cat", Timespec { tv_sec: 0, tv_nsec: 1 }), Word::Silent);
    }
}
