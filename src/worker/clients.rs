//! Frames on their way to the fronts: a bounded queue per client, and what did not fit.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::io;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use super::core::Outlet;
use super::intake::Intake;
use super::intake::Order;
use super::turn::TurnKey;
use crate::chat::TokenEvent;
use crate::ipc;
use crate::ipc::ToFront;

/// Frames that wait in a client's queue; at 100 tok/s more than two seconds of one answer.
const QUEUE_FRAMES: usize = 256;

/// Frames that may wait for a client beside its queue: its turns pause, so only answers to what
/// it goes on asking come on top, and a client that asks without reading is let go.
const BACKLOG_FRAMES: usize = 1024;

/// The sending end of a client's queue.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    queue: mpsc::SyncSender<ToFront>,
    /// To hang up on a client that does not read.
    socket: Arc<UnixStream>,
    /// Set when a frame did not fit: the writing thread then says that there is room again.
    starved: Arc<AtomicBool>,
}

impl Mailbox {
    /// Sends a frame, or gives it back when there is no room.
    fn offer(&self, frame: ToFront) -> Option<ToFront> {
        let frame = self.try_once(frame)?;
        self.starved.store(true, Ordering::SeqCst);
        // Once more: the queue may have drained before the flag was up.
        self.try_once(frame)
    }

    fn try_once(&self, frame: ToFront) -> Option<ToFront> {
        match self.queue.try_send(frame) {
            // The writing thread is gone, and so is the client: `Left` follows.
            Ok(()) | Err(mpsc::TrySendError::Disconnected(_)) => None,
            Err(mpsc::TrySendError::Full(frame)) => Some(frame),
        }
    }

    /// Sends a frame that has to arrive, without waiting: a client without room is let go.
    pub(super) fn send_or_hang_up(&self, frame: ToFront) {
        if self.offer(frame).is_some() {
            self.hang_up();
        }
    }

    /// Ends the connection; the client's reading thread sees it and cleans up.
    fn hang_up(&self) {
        self.socket.shutdown(std::net::Shutdown::Both).ok();
    }

    /// Sends a frame and waits for room; for the client's own reading thread.
    pub(super) fn send(&self, frame: ToFront) {
        // A closed queue means that the client is gone.
        self.queue.send(frame).ok();
    }
}

/// Starts the thread that writes a client's frames; it ends with the mailbox or the socket.
///
/// # Errors
/// There is no descriptor or no thread left.
pub(super) fn open(
    client: u32,
    mut socket: UnixStream,
    intake: Arc<Intake>,
) -> io::Result<Mailbox> {
    let (queue, frames) = mpsc::sync_channel::<ToFront>(QUEUE_FRAMES);
    let starved = Arc::new(AtomicBool::new(false));
    let hang_up = Arc::new(socket.try_clone()?);
    let mailbox = Mailbox { queue, socket: hang_up, starved: Arc::clone(&starved) };
    std::thread::Builder::new().spawn(move || {
        while let Ok(frame) = frames.recv() {
            let mut bytes = Vec::new();
            let more = std::iter::once(frame).chain(frames.try_iter()).take(QUEUE_FRAMES);
            for frame in more {
                // What is sent is small; a frame that cannot be encoded is not sent.
                bytes.extend(ipc::encode(&frame).unwrap_or_default());
            }
            if starved.swap(false, Ordering::SeqCst) {
                intake.push(Order::Drained(client));
            }
            if socket.write_all(&bytes).is_err() {
                // The reading thread sees the same and reports it.
                socket.shutdown(std::net::Shutdown::Both).ok();
                return;
            }
        }
    })?;
    Ok(mailbox)
}

#[derive(Debug)]
struct Client {
    mailbox: Mailbox,
    /// Frames that did not fit, in order; while there are any, the client's turns pause.
    backlog: VecDeque<ToFront>,
}

/// All connected clients, as the batch sees them.
#[derive(Debug)]
pub(super) struct Clients {
    clients: HashMap<u32, Client>,
    intake: Arc<Intake>,
}

impl Clients {
    /// Makes an empty list; turns that end are reported to `intake`.
    pub(super) fn new(intake: Arc<Intake>) -> Self {
        Self { clients: HashMap::new(), intake }
    }

    /// Adds a client.
    pub(super) fn join(&mut self, client: u32, mailbox: Mailbox) {
        self.clients.insert(client, Client { mailbox, backlog: VecDeque::new() });
    }

    /// Drops a client and what waited for it.
    pub(super) fn leave(&mut self, client: u32) {
        self.clients.remove(&client);
    }

    /// Sends a frame to one client, behind what already waits for it.
    pub(super) fn send(&mut self, client: u32, frame: ToFront) {
        let Some(client) = self.clients.get_mut(&client) else { return };
        if client.backlog.len() >= BACKLOG_FRAMES {
            client.mailbox.hang_up();
        } else if !client.backlog.is_empty() {
            client.backlog.push_back(frame);
        } else if let Some(frame) = client.mailbox.offer(frame) {
            client.backlog.push_back(frame);
        }
    }

    /// Sends a frame to every client that has room: the next one replaces it anyway.
    pub(super) fn broadcast(&self, frame: &ToFront) {
        for client in self.clients.values().filter(|client| client.backlog.is_empty()) {
            client.mailbox.offer(frame.clone());
        }
    }

    /// Sends what waited for a client, as far as it fits now.
    pub(super) fn drained(&mut self, client: u32) {
        let Some(client) = self.clients.get_mut(&client) else { return };
        while let Some(frame) = client.backlog.pop_front() {
            if let Some(frame) = client.mailbox.offer(frame) {
                client.backlog.push_front(frame);
                return;
            }
        }
    }
}

impl Outlet for Clients {
    fn ready(&self, client: u32) -> bool {
        self.clients.get(&client).is_some_and(|client| client.backlog.is_empty())
    }

    fn event(&mut self, key: TurnKey, event: TokenEvent) {
        if matches!(event, TokenEvent::Finished(..)) {
            self.intake.ended(key);
        }
        self.send(key.client, ToFront::Turn { turn: key.turn, event });
    }
}
