//! How the process that a front started becomes one of its own, and how it goes.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use rustix::process::Resource;
use rustix::process::Rlimit;

use super::ffi;
use crate::ipc;
use crate::ipc::Spec;

/// Leaves the front's session and takes in what the front says on standard input.
///
/// The environment was cleared to an allow-list by the front; every other inheritance goes here.
///
/// # Errors
/// The standard input is not one frame with a `Spec`.
pub(super) fn begin() -> io::Result<Spec> {
    ffi::close_inherited();
    // Fails only for a process that leads a group already: then it is detached enough.
    rustix::process::setsid().ok();
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // A crash leaves its words in the log, not gigabytes of weights in a core file.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none).ok();
    let mut bytes = Vec::new();
    io::stdin().lock().take(ipc::FRAME_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    let mut decoder = ipc::Decoder::default();
    decoder.push(&bytes);
    let spec = decoder.take().map_err(io::Error::other)?;
    spec.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no settings on stdin"))
}

/// Points standard error at the log file of this engine, a fresh one; the previous one is kept.
///
/// A log that cannot be made, on a full disk for one, is no reason not to answer: then it stays
/// where the front left it, at /dev/null.
pub(super) fn redirect_errors(log: &Path) {
    // There may be no previous one.
    std::fs::rename(log, log.with_extension("log.old")).ok();
    if let Ok(file) = OpenOptions::new().append(true).create(true).mode(0o600).open(log) {
        rustix::stdio::dup2_stderr(&file).ok();
    }
}

/// Tells the front that the socket listens, and lets go of its pipes. Returns whether the front is
/// still there to hear it.
///
/// # Errors
/// Standard input and output cannot be replaced.
pub(super) fn announce() -> io::Result<bool> {
    let mut out = io::stdout().lock();
    let heard = out.write_all(b"\n").and_then(|()| out.flush()).is_ok();
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(heard)
}

/// The socket file of this engine, told from another one of the same name.
#[derive(Debug)]
pub(super) struct Socket {
    device: u64,
    inode: u64,
}

impl Socket {
    /// Returns whether the file at `path` is this socket.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let file = std::fs::symlink_metadata(path);
        file.is_ok_and(|file| file.dev() == self.device && file.ino() == self.inode)
    }
}

/// Listens at the socket's path, which only this user can reach.
///
/// # Errors
/// The path is taken or cannot be made.
pub(super) fn listen(spec: &Spec) -> io::Result<(UnixListener, Socket)> {
    // A socket is not executed; the umask is the process's, which has one thread here.
    let umask = rustix::process::umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let listener = UnixListener::bind(&spec.socket);
    rustix::process::umask(umask);
    let listener = listener?;
    let file = std::fs::symlink_metadata(&spec.socket)?;
    Ok((listener, Socket { device: file.dev(), inode: file.ino() }))
}

/// Removes the socket file if it is still this engine's. Fronts hold the lock while they replace
/// an engine: then the file is theirs to remove.
pub(super) fn remove_socket(spec: &Spec, socket: &Socket) {
    let Ok(lock) = OpenOptions::new().create(true).append(true).mode(0o600).open(&spec.lock) else {
        return;
    };
    if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return;
    }
    if socket.is_at(&spec.socket) {
        // Whoever finds it dead removes it.
        std::fs::remove_file(&spec.socket).ok();
    }
}
