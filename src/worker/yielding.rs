//! Looks how crowded the processors are, and gives way.

use std::time::Duration;
use std::time::Instant;

use super::clock;
use super::threads::Threads;
use crate::device::Contention;

/// Between two looks while something decodes: a crowd is noticed within half a second, and a look
/// costs a few dozen microseconds.
const INTERVAL: Duration = Duration::from_millis(250);

/// A pause after which the counters tell nothing of the crowd that is there now.
const STALE: Duration = Duration::from_secs(1);

/// Watches the crowd between steps.
#[derive(Debug)]
pub(super) struct Yielding {
    born: Instant,
    contention: Contention,
    threads: Threads,
    last: Instant,
}

impl Yielding {
    /// Begins with `most` threads, the most there will be.
    pub(super) fn new(most: u32) -> Self {
        let now = clock::now();
        Self {
            born: now,
            contention: Contention::default(),
            threads: Threads::new(most),
            last: now,
        }
    }

    /// Looks if it is time to; returns a number of threads to change to.
    pub(super) fn look(&mut self) -> Option<u32> {
        let now = clock::now();
        let since = now.saturating_duration_since(self.last);
        if since < INTERVAL {
            return None;
        }
        self.last = now;
        let crowd = self.contention.look();
        // While nothing ran, nothing waited either: this look only sets the counters.
        if since > STALE {
            return None;
        }
        self.threads.observe(&crowd, now.saturating_duration_since(self.born))
    }
}
