//! Looks at the engines that run, or stops them. Blocks; for commands, not for the chat.

use std::fmt;
use std::fs;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::Timespec;

use super::connect;
use super::connect::Connection;
use super::connect::Greeting;
use crate::chat::LoadState;
use crate::chat::SessionId;
use crate::ipc;
use crate::ipc::Status;
use crate::ipc::ToEngine;
use crate::ipc::ToFront;
use crate::ipc::Visit;

/// How often an engine that hangs up at once is tried, and how long apart: 2 s in all. One that
/// leaves is gone by then; one that has too many clients is not.
const LEAVING_TRIES: usize = 100;
const LEAVING_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// An engine as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its process.
    pub pid: u32,
    /// What it is about.
    pub state: SeenState,
}

/// How far an engine was when it was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum SeenState {
    /// It loads its model; 0 to 100.
    Loading(u8),
    /// It has its model, and these figures.
    Ready(Box<Status>),
    /// It has no model and is about to leave.
    Failed(String),
    /// It said nothing for as long as it was waited for.
    Silent,
}

/// What became of asking the engines to forget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many did.
    pub did: u32,
    /// Those that may still hold something.
    pub unheard: Vec<Unheard>,
}

/// Something that listens as an engine does and has not confirmed what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// Where it listens.
    pub socket: PathBuf,
    /// Its process, where the system tells.
    pub pid: Option<u32>,
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "engine {pid}"),
            None => write!(f, "the engine at {}", self.socket.display()),
        }
    }
}

/// Asks every engine of this version that listens in one of the directories. One that says nothing
/// for `patience` is silent; an engine needs milliseconds, or a step of its batch.
///
/// # Errors
/// A directory cannot be read, other than because it is not there.
pub fn look(directories: &[PathBuf], patience: Duration) -> io::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for socket in sockets(directories)? {
        match enter(&socket, patience) {
            Ok(mut visit) => {
                let pid = visit.pid;
                let state = match visit.status() {
                    Ok(state) => state,
                    Err(Quiet::Silent) => SeenState::Silent,
                    // It has left meanwhile.
                    Err(Quiet::Gone) => continue,
                };
                seen.push(Seen { pid, state });
            }
            Err(Greeting::Mute(Some(pid))) => seen.push(Seen { pid, state: SeenState::Silent }),
            Err(_) => {}
        }
    }
    Ok(seen)
}

/// Stops every engine of this version that listens in one of the directories, and returns those
/// that are gone and those that say nothing for `patience`.
///
/// # Errors
/// A directory cannot be read, other than because it is not there.
pub fn stop(directories: &[PathBuf], patience: Duration) -> io::Result<(Vec<u32>, Vec<u32>)> {
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    for socket in sockets(directories)? {
        match enter(&socket, patience) {
            Ok(mut visit) => {
                let pid = visit.pid;
                if visit.stop() { gone.push(pid) } else { left.push(pid) }
            }
            Err(Greeting::Mute(Some(pid))) => left.push(pid),
            Err(_) => {}
        }
    }
    Ok((gone, left))
}

/// Lets every engine drop what it holds of sessions. One that loads is waited for; one of another
/// version, one without room for a visitor and one that says nothing for `patience` are unheard.
///
/// # Errors
/// A directory cannot be read, other than because it is not there.
pub fn forget(
    directories: &[PathBuf],
    sessions: &[SessionId],
    patience: Duration,
) -> io::Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    for socket in sockets(directories)? {
        let unheard = match enter_or_gone(&socket, patience) {
            Ok(mut visit) => match visit.forget(sessions) {
                Ok(()) => {
                    forgotten.did += 1;
                    continue;
                }
                // What it held went with it.
                Err(Quiet::Gone) => continue,
                Err(Quiet::Silent) => Some(visit.pid),
            },
            Err(Greeting::Nobody) => continue,
            Err(Greeting::Mute(pid) | Greeting::Other(pid) | Greeting::HungUp(pid)) => pid,
            Err(Greeting::Here(_)) => unreachable!("that is no error"),
        };
        forgotten.unheard.push(Unheard { socket, pid: unheard });
    }
    Ok(forgotten)
}

/// Lists this user's sockets in the directories.
fn sockets(directories: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut sockets = Vec::new();
    for directory in directories {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let named = paths.filter(|path| path.extension().is_some_and(|ending| ending == "sock"));
        let me = rustix::process::geteuid().as_raw();
        let mine = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|file| file.uid() == me);
        sockets.extend(named.filter(mine));
    }
    sockets.sort();
    Ok(sockets)
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug)]
enum Quiet {
    /// The engine has hung up: it leaves.
    Gone,
    /// It says nothing, or nothing of ours.
    Silent,
}

impl From<io::Error> for Quiet {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Gone,
            _ => Self::Silent,
        }
    }
}

struct Visitor {
    connection: Connection,
    pid: u32,
}

/// Says hello as somebody who only looks.
fn enter(socket: &Path, patience: Duration) -> Result<Visitor, Greeting> {
    match connect::greet(socket, Visit::Look, patience) {
        Greeting::Here(connection) => {
            let pid = connection.pid;
            Ok(Visitor { connection, pid })
        }
        other => Err(other),
    }
}

/// Says hello; an engine that hangs up is tried again, until it has left.
fn enter_or_gone(socket: &Path, patience: Duration) -> Result<Visitor, Greeting> {
    for _ in 0..LEAVING_TRIES {
        match enter(socket, patience) {
            Err(Greeting::HungUp(_)) => {
                // A pause, at most.
                rustix::event::poll(&mut [], Some(&LEAVING_PAUSE)).ok();
            }
            other => return other,
        }
    }
    enter(socket, patience)
}

impl Visitor {
    /// Hears how far the model is, and asks for the figures if it is there.
    fn status(&mut self) -> Result<SeenState, Quiet> {
        loop {
            match self.next()? {
                ToFront::Load(LoadState::Loading(percent)) => {
                    return Ok(SeenState::Loading(percent));
                }
                ToFront::LoadFailed(fault) => return Ok(SeenState::Failed(fault.message)),
                ToFront::Load(LoadState::Ready(_)) => break,
                _ => {}
            }
        }
        self.say(&ToEngine::Status)?;
        loop {
            if let ToFront::Status(status) = self.next()? {
                return Ok(SeenState::Ready(Box::new(status)));
            }
        }
    }

    /// Returns when the engine has dropped what it holds of the sessions.
    fn forget(&mut self, sessions: &[SessionId]) -> Result<(), Quiet> {
        for id in sessions {
            self.say(&ToEngine::Forget { session: id.0 })?;
        }
        // Orders are carried out one after another: an answer to this one says that those were.
        self.say(&ToEngine::Status)?;
        loop {
            // Without a model nothing is held.
            if matches!(self.next()?, ToFront::Status(_) | ToFront::LoadFailed(_)) {
                return Ok(());
            }
        }
    }

    /// Asks the engine to leave; `true` when it has.
    fn stop(&mut self) -> bool {
        if self.say(&ToEngine::Stop).is_err() {
            return true;
        }
        while self.next().is_ok_and(|frame| frame != ToFront::Leaving) {}
        // The process is gone when its end of the socket is.
        let mut rest = [0; 256];
        loop {
            match self.connection.socket.read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }

    fn say(&mut self, frame: &ToEngine) -> Result<(), Quiet> {
        let bytes = ipc::encode(frame).map_err(|_| Quiet::Silent)?;
        Ok(self.connection.socket.write_all(&bytes)?)
    }

    fn next(&mut self) -> Result<ToFront, Quiet> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(frame) = self.connection.decoder.take().map_err(|_| Quiet::Silent)? {
                return Ok(frame);
            }
            match self.connection.socket.read(&mut bytes)? {
                0 => return Err(Quiet::Gone),
                read => self.connection.decoder.push(&bytes[..read]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::chat::Fault;
    use crate::ipc::PROTOCOL;

    /// As long as nothing here takes.
    const PATIENCE: Duration = Duration::from_mins(1);

    /// Asks what listens at a socket and answers with `words` to forget.
    fn asked(words: &[u8], patience: Duration) -> Forgotten {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("e.sock")).expect("a socket");
        // A socket that nobody listens at any more is no engine.
        drop(UnixListener::bind(directory.path().join("dead.sock")).expect("a socket"));
        let done = std::sync::atomic::AtomicBool::new(false);
        let mut forgotten = Forgotten::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for front in listener.incoming() {
                    if done.load(std::sync::atomic::Ordering::SeqCst) {
                        return;
                    }
                    let mut front = front.expect("a front");
                    assert!(front.read(&mut [0; 4096]).expect("a hello") > 0);
                    front.write_all(words).expect("an answer");
                    if !words.is_empty() || patience < PATIENCE {
                        // Until it hangs up.
                        front.read_to_end(&mut Vec::new()).ok();
                    }
                }
            });
            let directories = [directory.path().to_owned()];
            forgotten = forget(&directories, &[SessionId(1)], patience).expect("a list");
            done.store(true, std::sync::atomic::Ordering::SeqCst);
            drop(std::os::unix::net::UnixStream::connect(directory.path().join("e.sock")));
        });
        forgotten
    }

    fn hello(version: &str) -> Vec<u8> {
        let version = version.to_owned();
        ipc::encode(&ToFront::Hello { protocol: PROTOCOL, version, pid: 7 }).expect("a frame")
    }

    #[test]
    fn whoever_does_not_confirm_is_named() {
        let hasty = Duration::from_millis(30);
        let here = hello(env!("CARGO_PKG_VERSION"));
        let failed =
            ipc::encode(&ToFront::LoadFailed(Fault::new("no such model"))).expect("a frame");
        let loading = ipc::encode(&ToFront::Load(LoadState::Loading(9))).expect("a frame");
        let told = |words: &[u8], patience| {
            let forgotten = asked(words, patience);
            (forgotten.did, forgotten.unheard.len())
        };
        assert_eq!(told(&[&here[..], &failed].concat(), PATIENCE), (1, 0), "it holds nothing");
        assert_eq!(told(&here, hasty), (0, 1), "it says nothing more");
        assert_eq!(told(&[&here[..], &loading].concat(), hasty), (0, 1), "it goes on loading");
        assert_eq!(told(&[], hasty), (0, 1), "it is mute");
        assert_eq!(told(&hello("0.0.0"), PATIENCE), (0, 1), "it is of another version");
        assert_eq!(told(&[], PATIENCE), (0, 1), "it has no room");
    }
}
