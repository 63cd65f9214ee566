//! How far the model is, for whoever joins at whatever time.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::clients::Mailbox;
use crate::chat::Fault;
use crate::chat::LoadState;
use crate::chat::ModelInfo;
use crate::ipc::ToFront;

#[derive(Debug)]
struct State {
    newest: ToFront,
    listeners: Vec<(u32, Mailbox)>,
}

/// Holds the newest word on the model and passes it to everybody connected.
#[derive(Debug)]
pub(super) struct Board(Mutex<State>);

impl Board {
    /// Makes a board that says that nothing is loaded yet.
    pub(super) fn new() -> Self {
        let newest = ToFront::Load(LoadState::Loading(0));
        Self(Mutex::new(State { newest, listeners: Vec::new() }))
    }

    /// Tells a new client the newest word, and every later one.
    pub(super) fn join(&self, client: u32, mailbox: Mailbox) {
        let mut state = self.lock();
        mailbox.send_or_hang_up(state.newest.clone());
        state.listeners.push((client, mailbox));
    }

    /// Forgets a client.
    pub(super) fn leave(&self, client: u32) {
        self.lock().listeners.retain(|(listener, _)| *listener != client);
    }

    /// Says that `percent` of the model is loaded.
    pub(super) fn loading(&self, percent: u8) {
        let mut state = self.lock();
        let word = ToFront::Load(LoadState::Loading(percent));
        if state.newest != word {
            state.say(word);
        }
    }

    /// Says that turns are accepted.
    pub(super) fn ready(&self, model: ModelInfo) {
        self.lock().say(ToFront::Load(LoadState::Ready(model)));
    }

    /// Says that the model cannot be had.
    pub(super) fn failed(&self, fault: Fault) {
        self.lock().say(ToFront::LoadFailed(fault));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn say(&mut self, word: ToFront) {
        for (_, mailbox) in &self.listeners {
            // A hundred words in all: they fit the queue of a client that reads at all.
            mailbox.send_or_hang_up(word.clone());
        }
        self.newest = word;
    }
}
