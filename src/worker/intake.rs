//! What fronts want, between the threads that read and the one that steps the batch.
//!
//! Bounded: a front has at most [`TURNS_PER_CLIENT_MAX`] turns open, and a full list of orders
//! makes the reading threads wait, which the front feels as a full socket.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::clients::Mailbox;
use super::clock;
use super::model::Prompt;
use super::turn::TurnKey;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::SessionId;
use crate::ipc::Visit;

/// How long an engine waits for its first client; the one that started it comes at once.
const FIRST_CLIENT: Duration = Duration::from_secs(10);

/// The longest stay without a client; more is a figure that somebody mistyped.
const STAY_MAX: Duration = Duration::from_hours(24 * 7);

/// The most clients; each costs three descriptors and two threads.
const CLIENTS_MAX: usize = 64;

/// The most turns of one client that have begun and not ended.
pub(super) const TURNS_PER_CLIENT_MAX: usize = 64;

/// The most orders that wait; each is a few bytes or one conversation.
const ORDERS_MAX: usize = 256;

/// What the batch is to do.
#[derive(Debug)]
pub(super) enum Order {
    /// A client said hello; its frames go into the mailbox.
    Joined(u32, Mailbox),
    /// A client is gone, with all that it wanted.
    Left(u32),
    /// Begin a turn.
    Start(TurnKey, Generation),
    /// A turn's prompt is made: run it.
    Run(TurnKey, Generation, Prompt),
    /// Tell what a generation would cost.
    Probe(u32, u64, Generation),
    /// The prompt of a probe is made: answer it.
    Measure(u32, u64, Generation, Prompt),
    /// Evaluate ahead for a client when there is nothing else to do.
    Prepare(u32, Generation, Foresight),
    /// Drop a session's cache.
    Forget(SessionId),
    /// A client's full queue has room again.
    Drained(u32),
    /// A client asks how the engine is.
    Status(u32),
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is set once, at its own time")]
struct State {
    orders: VecDeque<Order>,
    /// Turns that have begun and not ended.
    open: HashSet<TurnKey>,
    /// Turns to stop that the batch has already taken.
    cancelled: HashSet<TurnKey>,
    /// How long to stay after each client that works.
    clients: HashMap<u32, Duration>,
    next_client: u32,
    /// Whether a client that works has ever joined.
    had_any: bool,
    /// How long to stay although nobody is there.
    stay_until: Instant,
    /// The step that runs can be stopped for any turn.
    works_ahead: Option<SessionId>,
    /// The engine is to leave now, whoever is there.
    stopping: bool,
    /// The socket is gone: nobody can come any more, so there is nobody to stay for.
    unreachable: bool,
    /// Set once, under the lock, by the thread that leaves: no client joins after it.
    closed: bool,
}

impl State {
    /// Nothing has come that the batch would have to look at.
    fn has_nothing(&self) -> bool {
        self.orders.is_empty() && self.cancelled.is_empty() && !self.stopping && !self.is_over()
    }

    /// Nobody waits for the model.
    fn is_deserted(&self) -> bool {
        let nobody = self.clients.is_empty();
        self.stopping || (nobody && (self.had_any || clock::now() >= self.stay_until))
    }

    /// Nobody is there, and nobody is expected.
    fn is_over(&self) -> bool {
        self.clients.is_empty() && clock::now() >= self.stay_until
    }
}

/// The meeting point.
#[derive(Debug)]
pub(super) struct Intake {
    state: Mutex<State>,
    changed: Condvar,
    /// Read by llama.cpp between graph nodes: stops the running `decode`.
    abort: Arc<AtomicBool>,
}

/// What the batch finds when it looks.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Orders in the order in which they came.
    pub(super) orders: Vec<Order>,
    /// Turns to stop.
    pub(super) cancelled: HashSet<TurnKey>,
}

impl Intake {
    /// Makes an empty meeting point around the flag that stops a `decode`.
    pub(super) fn new(abort: Arc<AtomicBool>) -> Self {
        let state = State {
            orders: VecDeque::new(),
            open: HashSet::new(),
            cancelled: HashSet::new(),
            clients: HashMap::new(),
            next_client: 0,
            had_any: false,
            stay_until: clock::now() + FIRST_CLIENT,
            works_ahead: None,
            stopping: false,
            unreachable: false,
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), abort }
    }

    /// Lets a client in and returns its number; `None` when the engine is leaving.
    pub(super) fn join(&self, visit: Visit) -> Option<u32> {
        let mut state = self.lock();
        if state.closed || state.clients.len() >= CLIENTS_MAX {
            return None;
        }
        state.next_client += 1;
        let client = state.next_client;
        if let Visit::Work { keep_alive } = visit {
            if !std::mem::replace(&mut state.had_any, true) {
                state.stay_until = clock::now();
            }
            state.clients.insert(client, keep_alive.min(STAY_MAX));
        }
        Some(client)
    }

    /// Returns how long to stay with nobody there; `None` while somebody is.
    pub(super) fn stays_until(&self) -> Option<Instant> {
        let state = self.lock();
        state.clients.is_empty().then_some(state.stay_until)
    }

    /// Returns how many clients are connected.
    pub(super) fn clients(&self) -> usize {
        self.lock().clients.len()
    }

    /// Returns whether nobody waits for the model: a load ends with its last client, however long
    /// a loaded model would stay.
    pub(super) fn is_deserted(&self) -> bool {
        self.lock().is_deserted()
    }

    /// Asks the engine to leave now: a load ends, a running `decode` too.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.abort.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Returns whether the engine was asked to leave now.
    pub(super) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Takes note that nobody can reach the engine any more: it leaves with its last client.
    pub(super) fn unreachable(&self) {
        let mut state = self.lock();
        state.unreachable = true;
        state.stay_until = clock::now();
        drop(state);
        self.changed.notify_all();
    }

    /// Closes the door if nobody is there and nobody is expected; nobody joins after it.
    pub(super) fn close_if_over(&self) -> bool {
        let mut state = self.lock();
        state.closed = state.is_over();
        state.closed
    }

    /// Closes the door if nobody is there, however long the engine would stay.
    pub(super) fn close_if_unused(&self) -> bool {
        let mut state = self.lock();
        state.closed = state.clients.is_empty();
        state.closed
    }

    /// Closes the door if nobody waits for the model.
    pub(super) fn close_if_deserted(&self) -> bool {
        let mut state = self.lock();
        state.closed = state.is_deserted();
        state.closed
    }

    /// Closes the door, whoever is there.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// Drops whatever comes, and waits for it at most until `until`.
    pub(super) fn drain(&self, until: Instant) {
        let mut state = self.lock();
        let left = until.saturating_duration_since(clock::now());
        if state.orders.is_empty() {
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.orders.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for something to change, at most `time`.
    pub(super) fn pause(&self, time: Duration) {
        drop(self.changed.wait_timeout(self.lock(), time));
    }

    /// Adds an order; waits while the list is full.
    pub(super) fn push(&self, order: Order) {
        let full = |state: &mut State| state.orders.len() >= ORDERS_MAX;
        let waited = self.changed.wait_while(self.lock(), full);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.orders.push_back(order);
        drop(state);
        self.changed.notify_all();
    }

    /// Opens a turn and orders it; `false` when its client has too many open, or this very one.
    pub(super) fn start(&self, turn: TurnKey, generation: Generation) -> bool {
        let mut state = self.lock();
        let open = state.open.iter().filter(|key| key.client == turn.client).count();
        if open >= TURNS_PER_CLIENT_MAX || !state.open.insert(turn) {
            return false;
        }
        if state.works_ahead.is_some_and(|session| session != generation.session) {
            self.abort.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.push(Order::Start(turn, generation));
        true
    }

    /// Orders something to be evaluated ahead; it replaces what the client ordered before.
    pub(super) fn prepare(&self, client: u32, generation: Generation, foresight: Foresight) {
        self.lock()
            .orders
            .retain(|order| !matches!(order, Order::Prepare(of, ..) if *of == client));
        self.push(Order::Prepare(client, generation, foresight));
    }

    /// Says for whom the next step only works ahead, if it does: then a turn of any other session
    /// stops it at once. One of this session wants just what is being evaluated.
    pub(super) fn works_ahead(&self, ahead: Option<SessionId>) {
        self.lock().works_ahead = ahead;
    }

    /// Takes note that a turn has ended.
    pub(super) fn ended(&self, turn: TurnKey) {
        self.lock().open.remove(&turn);
    }

    /// Stops a turn: `true` when it had not been looked at yet, so that it never will be and the
    /// caller has to end it; otherwise the batch ends it, and a running `decode` is stopped.
    pub(super) fn cancel(&self, turn: TurnKey) -> bool {
        let mut state = self.lock();
        if !state.open.contains(&turn) {
            return false;
        }
        let waiting = state
            .orders
            .iter()
            .position(|order| matches!(order, Order::Start(key, _) if *key == turn));
        if let Some(place) = waiting {
            state.orders.remove(place);
            state.open.remove(&turn);
            return true;
        }
        state.cancelled.insert(turn);
        self.abort.store(true, Ordering::Relaxed);
        drop(state);
        self.changed.notify_all();
        false
    }

    /// A client is gone: what it wanted is dropped, what runs for it is stopped.
    pub(super) fn leave(&self, client: u32) {
        let mut state = self.lock();
        if let Some(keep_alive) = state.clients.remove(&client)
            && !state.unreachable
        {
            state.stay_until = state.stay_until.max(clock::now() + keep_alive);
        }
        state.orders.retain(|order| !matches!(order, Order::Start(key, _) if key.client == client));
        state.orders.push_back(Order::Left(client));
        let open = state.open.len();
        state.open.retain(|turn| turn.client != client);
        // Somebody who had nothing running disturbs nobody.
        if state.open.len() < open {
            self.abort.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes everything that is there. Waits for something when `idle`, at most until `until`.
    pub(super) fn take(&self, idle: bool, until: Option<Instant>) -> Taken {
        let mut state = self.lock();
        while idle && state.has_nothing() {
            let Some(until) = until else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        // Cleared before the list is read, both under the lock: a cancel that comes later sets it
        // again and is seen by the next `decode`.
        self.abort.store(false, Ordering::Relaxed);
        let taken = Taken {
            orders: state.orders.drain(..).collect(),
            cancelled: std::mem::take(&mut state.cancelled),
        };
        drop(state);
        self.changed.notify_all();
        taken
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
