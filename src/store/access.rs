//! What of the store can be reached. It changes once at most: when a store that could not be opened
//! for now can be opened after all.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::store::locks::Locks;
use crate::store::read::Source;

#[derive(Debug)]
struct State {
    source: Source,
    /// Held for as long as somebody may use the store.
    _locks: Option<Locks>,
}

/// How readers find the store; shared by every handle and the writer.
#[derive(Debug)]
pub(super) struct Access(Mutex<State>);

impl Access {
    pub(super) fn new(source: Source, locks: Option<Locks>) -> Self {
        Self(Mutex::new(State { source, _locks: locks }))
    }

    /// Readers that are made from now on find it at `source`.
    pub(super) fn set(&self, source: Source, locks: Locks) {
        *self.lock() = State { source, _locks: Some(locks) };
    }

    pub(super) fn source(&self) -> Source {
        self.lock().source.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
