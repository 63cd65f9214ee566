//! How many threads decode beside other programs; pure.
//!
//! A decode ends when its slowest thread does: with as many threads as processors, one busy
//! neighbour holds up every step, and giving it a processor is faster for both. Measured on two
//! processors with one busy neighbour: 33 tok/s with two threads, 67 with one.

use std::time::Duration;

use crate::device::Crowd;

/// The share of waiting from which threads give way; quiet machines stay below a third of it.
const CROWDED: f64 = 0.10;

/// The share of waiting below which there may be room for more.
const CLEAR: f64 = 0.03;

/// Processors that have to be free for one more thread: less would mean to share it again.
const ROOM_CORES: f64 = 0.75;

/// How long a change is left to show what it does before the next one.
const SETTLE: Duration = Duration::from_millis(500);

/// How long there has to be room before a thread is added: programs pause in between.
const ROOM_FOR: Duration = Duration::from_secs(1);

/// The same where nobody tells which processors are free: adding a thread is a trial then.
const TRIAL_AFTER: Duration = Duration::from_secs(10);

/// The number of threads and what speaks for another one.
#[derive(Debug)]
pub(super) struct Threads {
    most: u32,
    now: u32,
    changed: Duration,
    room_since: Option<Duration>,
}

impl Threads {
    /// Begins with the most.
    pub(super) fn new(most: u32) -> Self {
        Self { most, now: most, changed: Duration::ZERO, room_since: None }
    }

    /// Begins after a pause beside so many `others` that want a processor, of `cores` in all; `at`
    /// is the time since the start. Returns the new number if it changes.
    pub(super) fn begin(&mut self, others: u32, cores: u32, at: Duration) -> Option<u32> {
        let threads = cores.saturating_sub(others).clamp(1, self.most);
        (threads != self.now).then(|| self.change(threads, at))
    }

    /// Takes in a look at `at`, the time since the start; returns the new number if it changes.
    pub(super) fn observe(&mut self, crowd: &Crowd, at: Duration) -> Option<u32> {
        let share = crowd.wait_share?;
        let settled = at.saturating_sub(self.changed) >= SETTLE;
        if share >= CROWDED {
            self.room_since = None;
            return (settled && self.now > 1).then(|| self.change(fewer(self.now, share), at));
        }
        let room = share <= CLEAR && crowd.idle_cores.is_none_or(|idle| idle >= ROOM_CORES);
        if !room || self.now == self.most {
            self.room_since = None;
            return None;
        }
        let since = *self.room_since.get_or_insert(at);
        let patience = if crowd.idle_cores.is_some() { ROOM_FOR } else { TRIAL_AFTER };
        let more = crowd.idle_cores.map_or(1, whole).max(1);
        let enough = settled && at.saturating_sub(since) >= patience;
        enough.then(|| self.change((self.now + more).min(self.most), at))
    }

    fn change(&mut self, threads: u32, at: Duration) -> u32 {
        (self.now, self.changed, self.room_since) = (threads, at, None);
        threads
    }
}

/// Returns as many threads fewer as waited on average, at least one fewer, at least one.
fn fewer(now: u32, share: f64) -> u32 {
    now.saturating_sub(whole(f64::from(now) * share).max(1)).max(1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few processors, and the cast saturates"
)]
fn whole(cores: f64) -> u32 {
    cores as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn crowd(wait: f64, idle: f64) -> Crowd {
        Crowd { wait_share: Some(wait), idle_cores: Some(idle) }
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_neighbour_takes_a_thread_away_and_gives_it_back_when_it_goes() {
        let mut threads = Threads::new(2);
        assert_eq!(threads.observe(&crowd(0.01, 0.1), ms(500)), None);
        assert_eq!(threads.observe(&crowd(0.30, 0.0), ms(750)), Some(1));
        assert_eq!(threads.observe(&crowd(0.02, 0.1), ms(1000)), None, "the neighbour is busy");
        assert_eq!(threads.observe(&crowd(0.01, 0.9), ms(5000)), None, "it may only pause");
        assert_eq!(threads.observe(&crowd(0.01, 0.1), ms(5250)), None);
        assert_eq!(threads.observe(&crowd(0.01, 0.9), ms(6000)), None);
        assert_eq!(threads.observe(&crowd(0.01, 0.9), ms(7000)), Some(2));
    }

    #[test]
    fn many_threads_go_at_once_and_one_always_stays() {
        let mut threads = Threads::new(8);
        assert_eq!(threads.observe(&crowd(0.40, 0.0), ms(1000)), Some(5));
        assert_eq!(threads.observe(&crowd(0.99, 0.0), ms(1200)), None, "not settled yet");
        assert_eq!(threads.observe(&crowd(0.99, 0.0), ms(1500)), Some(1));
        assert_eq!(threads.observe(&crowd(0.99, 0.0), ms(3000)), None);
    }

    #[test]
    fn a_beginning_leaves_the_others_their_processors() {
        let mut threads = Threads::new(4);
        assert_eq!(threads.begin(1, 8, ms(0)), None, "there are enough for both");
        assert_eq!(threads.begin(6, 8, ms(0)), Some(2));
        assert_eq!(threads.begin(9, 8, ms(0)), Some(1));
        assert_eq!(threads.begin(0, 8, ms(0)), Some(4));
    }

    #[test]
    fn what_is_unknown_changes_nothing() {
        let mut threads = Threads::new(4);
        assert_eq!(threads.observe(&Crowd::default(), ms(9000)), None);
    }

    proptest! {
        #[test]
        fn the_number_stays_in_bounds_and_never_changes_twice_in_half_a_second(
            most in 1_u32..64,
            looks in proptest::collection::vec((0.0..1.0, proptest::option::of(0.0..64.0)), 0..60),
        ) {
            let mut threads = Threads::new(most);
            let mut changed: Option<Duration> = None;
            for (index, (wait, idle)) in (1_u64..).zip(looks) {
                let look = Crowd { wait_share: Some(wait), idle_cores: idle };
                if let Some(now) = threads.observe(&look, ms(index * 250)) {
                    prop_assert!((1..=most).contains(&now));
                    prop_assert!(changed.is_none_or(|at| ms(index * 250) >= at + SETTLE));
                    changed = Some(ms(index * 250));
                }
            }
        }
    }
}
