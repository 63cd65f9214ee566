//! File locks around the database: one program opens it at a time, and whoever rewrites it knows
//! that nobody else has it open. They vanish with their process.

use std::fs::File;

use rustix::fs::FlockOperation;
use rustix::fs::flock;

use crate::store::error::StoreError;
use crate::store::place;
use crate::store::place::Place;

/// Held while the store is being opened: another program waits here for as long as a migration or
/// a repair takes.
#[derive(Debug)]
pub(super) struct Opening {
    _opening: File,
    open: File,
}

/// Held for as long as the store is open.
#[derive(Debug)]
pub(super) struct Locks {
    _open: File,
}

impl Locks {
    /// Waits until nobody else opens the store.
    pub(super) fn opening(place: &Place) -> Result<Opening, StoreError> {
        let (path, open) = (place.opening_lock(), place::ensure_file(&place.open_lock())?);
        let opening = place::ensure_file(&path)?;
        flock(&opening, FlockOperation::LockExclusive)
            .map_err(|error| StoreError::file(&path, error.into()))?;
        Ok(Opening { _opening: opening, open })
    }
}

impl Opening {
    /// Returns whether nobody else has the store open. Until [`Opening::opened`] nobody can.
    pub(super) fn is_alone(&self) -> bool {
        flock(&self.open, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// Keeps others out for as long as the store is open.
    pub(super) fn kept(self) -> Locks {
        Locks { _open: self.open }
    }

    /// Lets others open it as well. Waits for a process that is being killed: of its two locks,
    /// the one that let us in may be gone first.
    pub(super) fn opened(self) -> Result<Locks, StoreError> {
        flock(&self.open, FlockOperation::LockShared)
            .map_err(|error| StoreError::File("open.lock".to_owned(), error.into()))?;
        Ok(Locks { _open: self.open })
    }
}
