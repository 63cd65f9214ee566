//! What fronts want, between the threads that read and the one that steps the batch.
//!
//! Bounded: a front has at most [`TURNS_PER_CLIENT_MAX`] turns waiting here, and a full list of
//! orders makes the reading threads wait, which the front feels as a full socket.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::clients::Mailbox;
use super::clock;
use super::core::TurnKey;
use crate::chat::Generation;
use crate::chat::SessionId;

/// The most turns of one client that wait for the batch to look at them.
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
    /// Tell what a generation would cost.
    Probe(u32, u64, Generation),
    /// Drop a session's cache.
    Forget(SessionId),
    /// A client's full queue has room again.
    Drained(u32),
}

#[derive(Debug, Default)]
struct State {
    orders: VecDeque<Order>,
    /// Turns to stop that the batch has already taken.
    cancelled: HashSet<TurnKey>,
    clients: HashSet<u32>,
    next_client: u32,
    /// Set once, under the lock, by the thread that leaves: no client joins after it.
    closed: bool,
}

impl State {
    fn is_abandoned(&self, grace: bool) -> bool {
        let had_any = self.next_client > 0;
        self.clients.is_empty() && (had_any || !grace)
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
        Self { state: Mutex::default(), changed: Condvar::new(), abort }
    }

    /// Lets a client in and returns its number; `None` when the engine is leaving.
    pub(super) fn join(&self) -> Option<u32> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.next_client += 1;
        let client = state.next_client;
        state.clients.insert(client);
        Some(client)
    }

    /// Returns how many clients are connected.
    pub(super) fn clients(&self) -> usize {
        self.lock().clients.len()
    }

    /// Returns whether there is nobody to work for: the last client has left, or none came while
    /// there was `grace` for the first.
    pub(super) fn is_abandoned(&self, grace: bool) -> bool {
        self.lock().is_abandoned(grace)
    }

    /// Closes the door if the engine is abandoned; nobody joins after it.
    pub(super) fn close_if_abandoned(&self, grace: bool) -> bool {
        let mut state = self.lock();
        state.closed = state.is_abandoned(grace);
        state.closed
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

    /// Returns how many turns of a client wait to be looked at.
    pub(super) fn waiting(&self, client: u32) -> usize {
        let starts = |order: &&Order| matches!(order, Order::Start(key, _) if key.client == client);
        self.lock().orders.iter().filter(starts).count()
    }

    /// Stops a turn: `true` when it had not been looked at yet, so that it never will be and the
    /// caller has to end it; otherwise the batch ends it, and a running `decode` is stopped.
    pub(super) fn cancel(&self, turn: TurnKey) -> bool {
        let mut state = self.lock();
        let waiting = state
            .orders
            .iter()
            .position(|order| matches!(order, Order::Start(key, _) if *key == turn));
        if let Some(place) = waiting {
            state.orders.remove(place);
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
        state.clients.remove(&client);
        state.orders.retain(|order| !matches!(order, Order::Start(key, _) if key.client == client));
        state.orders.push_back(Order::Left(client));
        self.abort.store(true, Ordering::Relaxed);
        drop(state);
        self.changed.notify_all();
    }

    /// Takes everything that is there. Waits for something when `idle`, at most until `until`.
    pub(super) fn take(&self, idle: bool, until: Option<Instant>) -> Taken {
        let mut state = self.lock();
        while idle && state.orders.is_empty() && state.cancelled.is_empty() {
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
