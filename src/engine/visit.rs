//! Looks at the engines that run, or stops them. Blocks; for commands, not for the chat.

use std::fs;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::connect;
use super::connect::Connection;
use crate::chat::LoadState;
use crate::chat::SessionId;
use crate::ipc;
use crate::ipc::Status;
use crate::ipc::ToEngine;
use crate::ipc::ToFront;
use crate::ipc::Visit;

/// How long an engine may take to answer, or to leave; it needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

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
    /// It said hello and nothing more.
    Silent,
}

/// Asks every engine of this version that listens in one of the directories.
///
/// # Errors
/// A directory cannot be read, other than because it is not there.
pub fn look(directories: &[PathBuf]) -> io::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for socket in sockets(directories)? {
        if let Some(mut visit) = Visitor::enter(&socket) {
            let state = visit.status();
            seen.push(Seen { pid: visit.pid, state });
        }
    }
    Ok(seen)
}

/// Stops every engine of this version that listens in one of the directories, and returns those
/// that are gone and those that did not leave.
///
/// # Errors
/// A directory cannot be read, other than because it is not there.
pub fn stop(directories: &[PathBuf]) -> io::Result<(Vec<u32>, Vec<u32>)> {
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    for socket in sockets(directories)? {
        if let Some(mut visit) = Visitor::enter(&socket) {
            let pid = visit.pid;
            if visit.stop() { gone.push(pid) } else { left.push(pid) }
        }
    }
    Ok((gone, left))
}

/// Lets every engine of this version drop what it holds of sessions; returns how many did.
///
/// # Errors
/// A directory cannot be read, other than because it is not there.
pub fn forget(directories: &[PathBuf], sessions: &[SessionId]) -> io::Result<u32> {
    let mut did = 0;
    for socket in sockets(directories)? {
        if let Some(mut visit) = Visitor::enter(&socket) {
            let told = |visit: &mut Visitor| {
                let say = |id: &SessionId| visit.say(&ToEngine::Forget { session: id.0 });
                sessions.iter().map(say).collect::<Option<()>>()
            };
            // Orders are carried out one after another: an answer to the next one says that these
            // were.
            if told(&mut visit).is_some() && matches!(visit.status(), SeenState::Ready(_)) {
                did += 1;
            }
        }
    }
    Ok(did)
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

struct Visitor {
    connection: Connection,
    pid: u32,
}

impl Visitor {
    fn enter(socket: &Path) -> Option<Self> {
        let connection = connect::greet(socket, Visit::Look).here()?;
        connection.socket.set_read_timeout(Some(PATIENCE)).ok()?;
        let pid = connection.pid;
        Some(Self { connection, pid })
    }

    /// Hears how far the model is, and asks for the figures if it is there.
    fn status(&mut self) -> SeenState {
        match self.next() {
            Some(ToFront::Load(LoadState::Loading(percent))) => SeenState::Loading(percent),
            Some(ToFront::LoadFailed(fault)) => SeenState::Failed(fault.message),
            Some(ToFront::Load(LoadState::Ready(_))) => self.figures(),
            Some(_) | None => SeenState::Silent,
        }
    }

    fn figures(&mut self) -> SeenState {
        if self.say(&ToEngine::Status).is_none() {
            return SeenState::Silent;
        }
        while let Some(frame) = self.next() {
            if let ToFront::Status(status) = frame {
                return SeenState::Ready(Box::new(status));
            }
        }
        SeenState::Silent
    }

    /// Asks the engine to leave; `true` when it has.
    fn stop(&mut self) -> bool {
        if self.say(&ToEngine::Stop).is_none() {
            return true;
        }
        while self.next().is_some_and(|frame| frame != ToFront::Leaving) {}
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

    fn say(&mut self, frame: &ToEngine) -> Option<()> {
        self.connection.socket.write_all(&ipc::encode(frame).ok()?).ok()
    }

    fn next(&mut self) -> Option<ToFront> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(frame) = self.connection.decoder.take().ok()? {
                return Some(frame);
            }
            let read = self.connection.socket.read(&mut bytes).ok().filter(|read| *read > 0)?;
            self.connection.decoder.push(&bytes[..read]);
        }
    }
}
