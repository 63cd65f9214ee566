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
use std::thread::Thread;
use std::time::Duration;

use super::clock;
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

/// How long tokens wait for those that follow: nobody reads forty screens a second, and every frame
/// that wakes a front takes a processor from the next token.
const TOGETHER: Duration = Duration::from_millis(25);

/// The sending end of a client's queue.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    queue: mpsc::SyncSender<ToFront>,
    /// To hang up on a client that does not read.
    socket: Arc<UnixStream>,
    /// Set when a frame did not fit: the writing thread then says that there is room again.
    starved: Arc<AtomicBool>,
    /// The writing thread, and whether anything but tokens waits for it.
    writer: Thread,
    urgent: Arc<AtomicBool>,
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
        let token = is_token(&frame);
        match self.queue.try_send(frame) {
            // The writing thread is gone, and so is the client: `Left` follows.
            Ok(()) | Err(mpsc::TrySendError::Disconnected(_)) => {
                self.hurry_unless(token);
                None
            }
            Err(mpsc::TrySendError::Full(frame)) => {
                self.hurry_unless(false);
                Some(frame)
            }
        }
    }

    /// Ends the writing thread's pause for whatever is no token.
    fn hurry_unless(&self, token: bool) {
        if !token {
            self.urgent.store(true, Ordering::SeqCst);
            self.writer.unpark();
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
        self.hurry_unless(false);
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
    let urgent = Arc::new(AtomicBool::new(false));
    let (no_room, hurry) = (Arc::clone(&starved), Arc::clone(&urgent));
    let writing = std::thread::Builder::new().spawn(move || {
        let mut tokens = false;
        loop {
            if tokens {
                pause(&hurry);
            }
            let Ok(frame) = frames.recv() else { return };
            hurry.store(false, Ordering::SeqCst);
            let mut bytes = Vec::new();
            let more = std::iter::once(frame).chain(frames.try_iter()).take(QUEUE_FRAMES);
            for frame in more {
                tokens = is_token(&frame);
                // What is sent is small; a frame that cannot be encoded is not sent.
                bytes.extend(ipc::encode(&frame).unwrap_or_default());
            }
            if no_room.swap(false, Ordering::SeqCst) {
                intake.push(Order::Drained(client));
            }
            if socket.write_all(&bytes).is_err() {
                // The reading thread sees the same and reports it.
                socket.shutdown(std::net::Shutdown::Both).ok();
                return;
            }
        }
    })?;
    let writer = writing.thread().clone();
    Ok(Mailbox { queue, socket: hang_up, starved, writer, urgent })
}

/// Lets tokens come together, unless something else waits or comes.
fn pause(urgent: &AtomicBool) {
    let until = clock::now() + TOGETHER;
    while !urgent.load(Ordering::SeqCst) {
        let left = until.saturating_duration_since(clock::now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}

/// Returns whether a frame is a piece of an answer that more will follow.
fn is_token(frame: &ToFront) -> bool {
    matches!(frame, ToFront::Turn { event: TokenEvent::Delta(_), .. })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::StopReason;
    use crate::chat::Usage;
    use crate::ipc::Decoder;
    use std::io::Read as _;

    #[test]
    fn tokens_that_go_together_keep_their_order_and_come_before_the_end() {
        let (ours, mut theirs) = UnixStream::pair().expect("a socket");
        let intake = Arc::new(Intake::new(Arc::default()));
        let mailbox = open(1, ours, intake).expect("a thread");
        let frame = |event| ToFront::Turn { turn: 7, event };
        let mut sent = Vec::new();
        for word in 0..100 {
            sent.push(frame(TokenEvent::Delta(word.to_string())));
            if word == 40 {
                sent.push(frame(TokenEvent::Queued(1)));
            }
        }
        sent.push(frame(TokenEvent::Finished(StopReason::EndOfTurn, Usage::default())));
        for frame in &sent {
            assert_eq!(mailbox.offer(frame.clone()), None);
        }
        // The thread ends when it has written everything.
        drop(mailbox);
        let mut bytes = Vec::new();
        theirs.read_to_end(&mut bytes).expect("it hangs up");
        let mut decoder = Decoder::default();
        decoder.push(&bytes);
        let mut got: Vec<ToFront> = Vec::new();
        while let Some(frame) = decoder.take().expect("whole frames") {
            got.push(frame);
        }
        assert_eq!(got, sent);
    }
}
