//! Looks how crowded the processors are, and gives way.

use std::time::Duration;
use std::time::Instant;

use super::clock;
use super::threads::Threads;
use super::turn::count;
use crate::device;
use crate::device::Contention;
use crate::device::Crowd;

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
    cores: u32,
    last: Option<Instant>,
    /// What the newest look saw.
    crowd: Crowd,
}

impl Yielding {
    /// Begins with `most` threads, the most there will be.
    pub(super) fn new(most: u32) -> Self {
        let mut contention = Contention::default();
        // The first turn then knows what others did since the model was loaded.
        contention.look();
        Self {
            born: clock::now(),
            contention,
            threads: Threads::new(most),
            cores: count(device::cores().logical),
            last: None,
            crowd: Crowd::default(),
        }
    }

    /// Looks if it is time to, before a step; returns a number of threads to change to.
    pub(super) fn look(&mut self) -> Option<u32> {
        let now = clock::now();
        let since = self.last.map(|last| now.saturating_duration_since(last));
        if since.is_some_and(|since| since < INTERVAL) {
            return None;
        }
        self.last = Some(now);
        self.crowd = self.contention.look();
        let at = now.saturating_duration_since(self.born);
        if since.is_none_or(|since| since > STALE) {
            // While nothing ran, nothing waited either: this look only sets the counters.
            return self.threads.begin(self.contention.others()?, self.cores, at);
        }
        self.threads.observe(&self.crowd, at)
    }

    /// Takes in how fast answers were lately, by an undisturbed machine: it decides where the
    /// system does not tell how long threads wait. Returns a number of threads to change to.
    pub(super) fn pace(&mut self, ratio: Option<f64>) -> Option<u32> {
        self.pace_at(ratio?, clock::now().saturating_duration_since(self.born))
    }

    fn pace_at(&mut self, ratio: f64, at: Duration) -> Option<u32> {
        let unknown = self.crowd.wait_share.is_none();
        unknown.then(|| self.threads.observe_pace(ratio, self.crowd.idle_cores, at)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_decides_only_where_waiting_is_unknown() {
        let mut yielding = Yielding::new(4);
        yielding.crowd = Crowd { wait_share: Some(0.0), idle_cores: Some(0.0) };
        assert_eq!(yielding.pace_at(0.3, Duration::from_secs(9)), None);
        yielding.crowd = Crowd { wait_share: None, idle_cores: Some(0.0) };
        assert_eq!(yielding.pace_at(0.3, Duration::from_secs(9)), Some(2));
    }
}
