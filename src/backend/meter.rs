//! What goes over the network for one turn.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::chat::Traffic;

/// Counts the bytes of a turn; every clone counts into the same figures.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    up: AtomicU64,
    down: AtomicU64,
}

impl Meter {
    /// Adds what may have left this device.
    pub fn sent(&self, bytes: u64) {
        self.0.up.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds what came.
    pub fn got(&self, bytes: u64) {
        self.0.down.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the figures so far.
    pub fn read(&self) -> Traffic {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Traffic { up: of(&self.0.up), down: of(&self.0.down) }
    }
}
