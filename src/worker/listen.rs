//! Fronts at the door: one thread accepts, one per client reads.

use std::io;
use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::clients;
use super::clients::Mailbox;
use super::intake::Intake;
use super::intake::Order;
use super::turn::TurnKey;
use crate::chat::Fault;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;
use crate::ipc;
use crate::ipc::PROTOCOL;
use crate::ipc::ToEngine;
use crate::ipc::ToFront;
use crate::ipc::Visit;

/// How long a connection may take to say hello; a front says it at once.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait before accepting again when the system has no room.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Bytes read at once; a pasted page fits.
const READ_BYTES: usize = 64 * 1024;

/// What every client's thread needs.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) intake: Arc<Intake>,
    pub(super) board: Arc<Board>,
}

/// Starts the thread that accepts; it lives as long as the process.
pub(super) fn accept(listener: UnixListener, door: Door) {
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(socket) = socket else {
                // Out of descriptors, mostly: asking again at once would only heat the machine.
                door.intake.pause(ACCEPT_PAUSE);
                continue;
            };
            let door = door.clone();
            // Without a thread the connection closes, which tells the front.
            drop(std::thread::Builder::new().spawn(move || attend(&socket, &door)));
        }
    });
}

/// Serves one connection until it ends.
fn attend(socket: &UnixStream, door: &Door) {
    if !same_user(socket) {
        return;
    }
    let Ok(mut frames) = Frames::new(socket) else { return };
    let Some((hello, visit)) = greet(socket, &mut frames) else { return };
    let Some(client) = door.intake.join(visit) else { return };
    // Whatever happens from here on, the client leaves again.
    let _guest = Guest { client, socket, door };
    let writer = socket.try_clone();
    let mailbox = writer.and_then(|writer| clients::open(client, writer, Arc::clone(&door.intake)));
    let Ok(mailbox) = mailbox else { return };
    mailbox.send(hello);
    // The model's state comes first: the batch says its own word as soon as it knows the client.
    door.board.join(client, mailbox.clone());
    door.intake.push(Order::Joined(client, mailbox.clone()));
    while let Ok(Some(frame)) = frames.next() {
        if !follow(client, frame, &mailbox, &door.intake) {
            break;
        }
    }
}

/// A client that has joined; it leaves when this is dropped.
struct Guest<'a> {
    client: u32,
    socket: &'a UnixStream,
    door: &'a Door,
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.door.board.leave(self.client);
        self.door.intake.leave(self.client);
        // The writing thread may still sit in a write that nobody reads.
        self.socket.shutdown(std::net::Shutdown::Both).ok();
    }
}

/// Returns whether the other end is a process of the same user.
fn same_user(socket: &UnixStream) -> bool {
    #[cfg(target_os = "linux")]
    {
        let peer = rustix::net::sockopt::socket_peercred(socket);
        peer.is_ok_and(|peer| peer.uid == rustix::process::geteuid())
    }
    // Elsewhere the 0700 directory around the socket is what keeps others out.
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        true
    }
}

/// Reads the hello and returns the answer; another protocol is told ours and let go.
fn greet(socket: &UnixStream, frames: &mut Frames) -> Option<(ToFront, Visit)> {
    socket.set_read_timeout(Some(HELLO_TIMEOUT)).ok()?;
    let first = frames.next().ok()??;
    socket.set_read_timeout(None).ok()?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = ToFront::Hello { protocol: PROTOCOL, version, pid: std::process::id() };
    let ToEngine::Hello { protocol, version, visit } = first else { return None };
    if protocol == PROTOCOL && version == env!("CARGO_PKG_VERSION") {
        return Some((hello, visit));
    }
    let bytes = ipc::encode(&hello).ok()?;
    io::Write::write_all(&mut &*socket, &bytes).ok()?;
    None
}

/// Does what a frame asks; `false` when it is out of place, which ends the connection.
fn follow(client: u32, frame: ToEngine, mailbox: &Mailbox, intake: &Intake) -> bool {
    let finished = |turn, reason| ToFront::Turn {
        turn,
        event: TokenEvent::Finished(reason, Usage::default()),
    };
    match frame {
        ToEngine::Hello { .. } => return false,
        ToEngine::Start { turn, generation } => {
            if !intake.start(TurnKey { client, turn }, generation) {
                let fault = Fault::new("too many turns wait for the engine")
                    .hint("ask again when some of them have ended");
                mailbox.send(finished(turn, StopReason::Failed(fault)));
            }
        }
        ToEngine::Cancel { turn } => {
            if intake.cancel(TurnKey { client, turn }) {
                mailbox.send(finished(turn, StopReason::Cancelled));
            }
        }
        ToEngine::Probe { id, generation } => intake.push(Order::Probe(client, id, generation)),
        ToEngine::Prepare { generation, foresight } => {
            intake.prepare(client, generation, foresight);
        }
        ToEngine::Status => intake.push(Order::Status(client)),
        ToEngine::Stop => intake.stop(),
        ToEngine::Forget { session } => intake.push(Order::Forget(SessionId(session))),
    }
    true
}

/// Whole frames from a socket.
struct Frames {
    socket: UnixStream,
    decoder: ipc::Decoder,
    buffer: Vec<u8>,
}

impl Frames {
    fn new(socket: &UnixStream) -> io::Result<Self> {
        let socket = socket.try_clone()?;
        Ok(Self { socket, decoder: ipc::Decoder::default(), buffer: vec![0; READ_BYTES] })
    }

    /// Returns the next frame; `None` at the end of the stream.
    fn next(&mut self) -> io::Result<Option<ToEngine>> {
        loop {
            if let Some(frame) = self.decoder.take().map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            match self.socket.read(&mut self.buffer)? {
                0 => return Ok(None),
                read => self.decoder.push(&self.buffer[..read]),
            }
        }
    }
}
