//! Finds an engine or starts one. All of it blocks: it runs on a thread of its own.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::EngineConfig;
use super::room;
use super::spawn;
use super::spawn::Ending;
use crate::chat::Fault;
use crate::config;
use crate::ipc;
use crate::ipc::Decoder;
use crate::ipc::PROTOCOL;
use crate::ipc::ToEngine;
use crate::ipc::ToFront;
use crate::ipc::Visit;

/// How long an engine may take to say hello; it says it within milliseconds, even while it loads.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// How often an engine that leaves at the wrong moment is replaced before giving up.
const ATTEMPTS: usize = 3;

/// How often the lock is tried, and how long apart: 15 s in all. Whoever holds it starts an engine,
/// which takes milliseconds, or waits for a mute one.
const LOCK_TRIES: usize = 750;
const LOCK_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// A connection on which both sides have said hello.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: UnixStream,
    /// Bytes that came right behind the hello.
    pub(super) decoder: Decoder,
    /// How the engine ends, if this front started it.
    pub(super) ending: Option<Ending>,
    /// The engine's process.
    pub(super) pid: u32,
}

/// What becomes of a hello.
#[derive(Debug)]
pub(super) enum Greeting {
    /// An engine of this very version answers.
    Here(Connection),
    /// Another version answers; its process, where the system tells.
    Other(Option<u32>),
    /// Something listens and says nothing.
    Mute(Option<u32>),
    /// Something listened and hung up: it leaves, or has too many clients.
    HungUp(Option<u32>),
    /// Nothing listens.
    Nobody,
}

impl Greeting {
    /// Returns the connection, if there is one.
    pub(super) fn here(self) -> Option<Connection> {
        match self {
            Self::Here(connection) => Some(connection),
            Self::Other(_) | Self::Mute(_) | Self::HungUp(_) | Self::Nobody => None,
        }
    }
}

/// Connects to the engine, or starts it; fronts that race settle it by a file lock, which is held
/// until the socket listens.
///
/// # Errors
/// The runtime directory or the lock cannot be had, or the engine does not start; the fault says
/// why.
pub(super) fn connect(config: &EngineConfig) -> Result<Connection, Fault> {
    let visit = Visit::Work { keep_alive: config.keep_alive };
    let socket = &config.spec.socket;
    // It was there when this front began; whoever tidies up may have removed it since.
    if let Some(directory) = socket.parent() {
        config::ensure_runtime_dir(directory)?;
    }
    let before = identity(socket);
    let mute = match greet(socket, visit, HELLO_TIMEOUT) {
        Greeting::Here(connection) => return Ok(connection),
        Greeting::Mute(_) => before,
        Greeting::Other(_) | Greeting::HungUp(_) | Greeting::Nobody => None,
    };
    let _lock = lock(&config.spec.lock, LOCK_TRIES)?;
    // Somebody else may have started it while the lock was theirs; one that is mute is not waited
    // for again.
    if (mute.is_none() || identity(socket) != mute)
        && let Some(connection) = greet(socket, visit, HELLO_TIMEOUT).here()
    {
        return Ok(connection);
    }
    room::check(config)?;
    for _ in 0..ATTEMPTS {
        // Dead, of another version, or mute: its file goes, and whoever still talks to it may
        // finish. There may be none.
        std::fs::remove_file(socket).ok();
        let ending = spawn::start(config)?;
        match greet(socket, visit, HELLO_TIMEOUT) {
            Greeting::Here(connection) => {
                return Ok(Connection { ending: Some(ending), ..connection });
            }
            Greeting::Other(_) => {
                return Err(Fault::new("edgewise was upgraded").hint("restart this window"));
            }
            Greeting::Mute(_) | Greeting::HungUp(_) | Greeting::Nobody => {}
        }
    }
    Err(Fault::new("the engine starts but does not answer")
        .hint(format!("its log is {}", config.spec.log.display())))
}

/// Tells a file from another one that took its path.
fn identity(path: &Path) -> Option<(u64, i64, i64)> {
    let file = std::fs::symlink_metadata(path).ok()?;
    Some((file.ino(), file.ctime(), file.ctime_nsec()))
}

/// Takes the lock, which goes with the file; gives up when its holder is stuck.
fn lock(path: &Path, tries: usize) -> Result<File, Fault> {
    let failed = |error: io::Error| Fault::new(format!("cannot lock {}: {error}", path.display()));
    let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    let lock = lock.map_err(failed)?;
    for _ in 0..tries {
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(lock),
            // A pause, at most: nothing is polled, and a signal may cut it short.
            Err(Errno::WOULDBLOCK) => drop(rustix::event::poll(&mut [], Some(&LOCK_PAUSE))),
            Err(Errno::INTR) => {}
            Err(error) => return Err(failed(error.into())),
        }
    }
    let path = path.display();
    Err(Fault::new("another edgewise has been starting the engine for too long")
        .hint(format!("continue or end the process that holds {path}: fuser {path}")))
}

/// Connects and says hello; whatever is read from then on is waited for as long as `patience`.
pub(super) fn greet(path: &Path, visit: Visit, patience: Duration) -> Greeting {
    let Ok(mut socket) = UnixStream::connect(path) else { return Greeting::Nobody };
    let peer = process(&socket);
    let mut decoder = Decoder::default();
    match exchange(&mut socket, &mut decoder, visit, patience) {
        Ok(Some(ToFront::Hello { protocol: PROTOCOL, version, pid }))
            if version == env!("CARGO_PKG_VERSION") =>
        {
            Greeting::Here(Connection { socket, decoder, ending: None, pid })
        }
        Ok(Some(_)) => Greeting::Other(peer),
        Ok(None) => Greeting::HungUp(peer),
        Err(error) => match error.kind() {
            // What a read that has waited long enough says.
            io::ErrorKind::WouldBlock => Greeting::Mute(peer),
            // It speaks, but no language of ours.
            io::ErrorKind::InvalidData => Greeting::Other(peer),
            _ => Greeting::HungUp(peer),
        },
    }
}

/// Says hello and returns the first frame of the answer; `None` when there is none.
fn exchange(
    socket: &mut UnixStream,
    decoder: &mut Decoder,
    visit: Visit,
    patience: Duration,
) -> io::Result<Option<ToFront>> {
    socket.set_read_timeout(Some(patience))?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version, visit };
    socket.write_all(&ipc::encode(&hello).map_err(io::Error::other)?)?;
    let mut bytes = [0; 4096];
    loop {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        if let Some(frame) = decoder.take().map_err(invalid)? {
            return Ok(Some(frame));
        }
        match socket.read(&mut bytes)? {
            0 => return Ok(None),
            read => decoder.push(&bytes[..read]),
        }
    }
}

/// Returns the process that listens at the other end, where the system tells.
fn process(socket: &UnixStream) -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        let peer = rustix::net::sockopt::socket_peercred(socket).ok()?;
        u32::try_from(peer.pid.as_raw_nonzero().get()).ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// Lets something answer a hello with `answer`, and tells what is made of it.
    fn answered(answer: &[u8]) -> Greeting {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("e.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut socket, _) = listener.accept().expect("a front");
                let read = socket.read(&mut [0; 4096]).expect("a hello");
                assert!(read > 0);
                socket.write_all(answer).expect("an answer");
            });
            greet(&path, Visit::Look, HELLO_TIMEOUT)
        })
    }

    fn hello(protocol: u32, version: &str) -> Vec<u8> {
        let version = version.to_owned();
        ipc::encode(&ToFront::Hello { protocol, version, pid: 7 }).expect("a frame")
    }

    #[test]
    fn an_engine_of_another_version_is_told_from_none() {
        let own = env!("CARGO_PKG_VERSION");
        let here = answered(&hello(PROTOCOL, own)).here().expect("a connection");
        assert_eq!(here.pid, 7);
        assert!(matches!(answered(&hello(PROTOCOL, "0.0.0")), Greeting::Other(_)));
        assert!(matches!(answered(&hello(PROTOCOL + 1, own)), Greeting::Other(_)));
        assert!(matches!(answered(&[0xff; 64]), Greeting::Other(_)));
        assert!(matches!(answered(&[]), Greeting::HungUp(_)));
        let nowhere = greet(Path::new("/nowhere/e.sock"), Visit::Look, HELLO_TIMEOUT);
        assert!(matches!(nowhere, Greeting::Nobody));
    }

    #[test]
    fn a_lock_that_is_held_is_given_up() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("e.lock");
        let held = lock(&path, 1).expect("free");
        let fault = lock(&path, 2).expect_err("held");
        assert!(fault.hint.expect("a hint").ends_with("e.lock"), "{}", fault.message);
        drop(held);
        lock(&path, 1).expect("free again");
    }
}
