//! Finds an engine or starts one. All of it blocks: it runs on a thread of its own.

use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::EngineConfig;
use super::spawn;
use super::spawn::Ending;
use crate::chat::Fault;
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

/// Connects to the engine, or starts it; fronts that race settle it by a file lock, which is held
/// until the socket listens.
///
/// # Errors
/// The lock cannot be opened, or the engine does not start; the fault says why.
pub(super) fn connect(config: &EngineConfig) -> Result<Connection, Fault> {
    let visit = Visit::Work { keep_alive: config.keep_alive };
    if let Some(connection) = greet(&config.spec.socket, visit, None) {
        return Ok(connection);
    }
    let lock_path = &config.spec.lock;
    let locked =
        |error: io::Error| Fault::new(format!("cannot lock {}: {error}", lock_path.display()));
    let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(lock_path);
    let lock = lock.map_err(locked)?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)
        .map_err(|error| locked(error.into()))?;
    for _ in 0..ATTEMPTS {
        // Somebody else may have started it while the lock was theirs.
        if let Some(connection) = greet(&config.spec.socket, visit, None) {
            return Ok(connection);
        }
        // Dead, of another version, or mute: its file goes, and whoever still talks to it may
        // finish. There may be none.
        std::fs::remove_file(&config.spec.socket).ok();
        let ending = spawn::start(config)?;
        if let Some(connection) = greet(&config.spec.socket, visit, Some(ending)) {
            return Ok(connection);
        }
    }
    Err(Fault::new("the engine starts but does not answer")
        .hint(format!("its log is {}", config.spec.log.display())))
}

/// Connects and says hello; `None` unless an engine of this very version answers.
pub(super) fn greet(path: &Path, visit: Visit, ending: Option<Ending>) -> Option<Connection> {
    let mut socket = UnixStream::connect(path).ok()?;
    socket.set_read_timeout(Some(HELLO_TIMEOUT)).ok()?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = ToEngine::Hello { protocol: PROTOCOL, version, visit };
    socket.write_all(&ipc::encode(&hello).ok()?).ok()?;
    let mut decoder = Decoder::default();
    let mut bytes = [0; 4096];
    let answer = loop {
        if let Some(frame) = decoder.take::<ToFront>().ok()? {
            break frame;
        }
        let read = socket.read(&mut bytes).ok().filter(|read| *read > 0)?;
        decoder.push(&bytes[..read]);
    };
    let ToFront::Hello { protocol, version, pid } = answer else { return None };
    if protocol != PROTOCOL || version != env!("CARGO_PKG_VERSION") {
        return None;
    }
    Some(Connection { socket, decoder, ending, pid })
}
