//! How many threads decode beside other programs; pure.
//!
//! A decode ends when its slowest thread does: with as many threads as processors, one busy
//! neighbour holds up every step, and giving it a processor is faster for both. Measured on two
//! processors with one busy neighbour: 33 tok/s with two threads, 67 with one.

use std::time::Duration;

use crate::device::Crowd;

/// The share of waiting from which threads give way when they see it twice in a row: a question
/// that is sent makes other programs busy for a moment, and a whole short answer would pay for it.
const CROWDED: f64 = 0.10;

/// The share from which they give way at once: one neighbour on two processors makes a third.
const CROWDED_PLAINLY: f64 = 0.25;

/// The share of waiting below which there may be room for more.
const CLEAR: f64 = 0.03;

/// Processors that have to be free for one more thread: less would mean to share it again.
const ROOM_CORES: f64 = 0.75;

/// How long a change is left to show what it does before the next one.
const SETTLE: Duration = Duration::from_millis(500);

/// How long there has to be room before a thread is added: programs pause in between.
const ROOM_FOR: Duration = Duration::from_secs(1);

/// The same where nobody tells which processors are free: adding a thread is a trial then, and one
/// that failed is repeated after twice the time, up to this.
const TRIAL_AFTER: Duration = Duration::from_secs(10);
const TRIAL_AFTER_MOST: Duration = Duration::from_secs(160);

/// Where nobody tells how long threads wait: the speed, by that of an undisturbed machine, below
/// which they give way. A hot machine is slower too, but not by so much.
const SLOW: f64 = 0.7;

/// The speed above which there may be room for more.
const STEADY: f64 = 0.9;

/// How long a change is left to show in the speed, which is measured once a second.
const SETTLE_PACE: Duration = Duration::from_millis(2500);

/// The number of threads and what speaks for another one.
#[derive(Debug)]
pub(super) struct Threads {
    most: u32,
    now: u32,
    changed: Duration,
    room_since: Option<Duration>,
    /// Whether the newest look saw a crowd.
    crowded: bool,
    /// How long there has to seem room before the next trial.
    trial_after: Duration,
    /// When the last trial began.
    tried: Option<Duration>,
}

impl Threads {
    /// Begins with the most.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            now: most,
            changed: Duration::ZERO,
            room_since: None,
            crowded: false,
            trial_after: TRIAL_AFTER,
            tried: None,
        }
    }

    /// Begins after a pause beside so many `others` that want a processor, of `cores` in all; `at`
    /// is the time since the start. Returns the new number if it changes.
    pub(super) fn begin(&mut self, others: u32, cores: u32, at: Duration) -> Option<u32> {
        self.crowded = false;
        let threads = cores.saturating_sub(others).clamp(1, self.most);
        (threads != self.now).then(|| self.change(threads, at))
    }

    /// Takes in a look at `at`, the time since the start; returns the new number if it changes.
    pub(super) fn observe(&mut self, crowd: &Crowd, at: Duration) -> Option<u32> {
        let share = crowd.wait_share?;
        let settled = at.saturating_sub(self.changed) >= SETTLE;
        self.judge(share, crowd.idle_cores, settled, at)
    }

    /// The same where waiting is unknown: `ratio` is the speed by that of an undisturbed machine
    /// with as many threads.
    pub(super) fn observe_pace(
        &mut self,
        ratio: f64,
        idle_cores: Option<f64>,
        at: Duration,
    ) -> Option<u32> {
        // What is slower than the undisturbed machine was taken by others.
        let share = match ratio {
            slow if slow <= SLOW => 1.0 - slow,
            steady if steady >= STEADY => 0.0,
            _ => CLEAR.midpoint(CROWDED),
        };
        let settled = at.saturating_sub(self.changed) >= SETTLE_PACE;
        self.judge(share, idle_cores, settled, at)
    }

    fn judge(
        &mut self,
        share: f64,
        idle_cores: Option<f64>,
        settled: bool,
        at: Duration,
    ) -> Option<u32> {
        let before = std::mem::replace(&mut self.crowded, share >= CROWDED);
        if self.crowded {
            self.room_since = None;
            let lasts = before || share >= CROWDED_PLAINLY;
            if !settled || !lasts || self.now == 1 {
                return None;
            }
            let failed =
                self.tried.take().is_some_and(|tried| at.saturating_sub(tried) < TRIAL_AFTER);
            let longer = (self.trial_after * 2).min(TRIAL_AFTER_MOST);
            self.trial_after = if failed { longer } else { TRIAL_AFTER };
            return Some(self.change(fewer(self.now, share), at));
        }
        let room = share <= CLEAR && idle_cores.is_none_or(|idle| idle >= ROOM_CORES);
        if !room || self.now == self.most {
            self.room_since = None;
            return None;
        }
        let since = *self.room_since.get_or_insert(at);
        let patience = if idle_cores.is_some() { ROOM_FOR } else { self.trial_after };
        if !settled || at.saturating_sub(since) < patience {
            return None;
        }
        self.tried = idle_cores.is_none().then_some(at);
        let more = idle_cores.map_or(1, whole).max(1);
        Some(self.change((self.now + more).min(self.most), at))
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
    fn a_moments_bustle_takes_nothing_away() {
        let mut threads = Threads::new(2);
        assert_eq!(threads.observe(&crowd(0.15, 0.2), ms(750)), None);
        assert_eq!(threads.observe(&crowd(0.02, 0.2), ms(1000)), None);
        assert_eq!(threads.observe(&crowd(0.15, 0.2), ms(1250)), None);
        assert_eq!(threads.observe(&crowd(0.12, 0.2), ms(1500)), Some(1), "it lasts");
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

    #[test]
    fn where_waiting_is_unknown_the_speed_decides() {
        let mut threads = Threads::new(2);
        assert_eq!(threads.observe_pace(0.95, Some(0.1), ms(3000)), None);
        assert_eq!(threads.observe_pace(0.80, Some(0.0), ms(4000)), None, "warm, not crowded");
        assert_eq!(threads.observe_pace(0.40, Some(0.0), ms(5000)), Some(1));
        // One thread has a speed of its own, and the neighbour still has the other processor.
        assert_eq!(threads.observe_pace(1.0, Some(0.1), ms(9000)), None);
        assert_eq!(threads.observe_pace(1.0, Some(0.9), ms(10_000)), None);
        assert_eq!(threads.observe_pace(1.0, Some(0.9), ms(11_000)), Some(2));
    }

    #[test]
    fn a_trial_that_fails_is_repeated_later_and_later() {
        let mut threads = Threads::new(2);
        let mut ups = Vec::new();
        for second in 3..600 {
            // Two threads are slow beside a neighbour that nobody sees, one is not.
            let ratio = if threads.now == 2 { 0.4 } else { 1.0 };
            if threads.observe_pace(ratio, None, ms(second * 1000)) == Some(2) {
                ups.push(second);
            }
        }
        let gaps: Vec<u64> = ups.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((10..=16).contains(&ups[0]), "{ups:?}");
        assert!(gaps.windows(2).all(|pair| pair[1] >= pair[0]) && gaps.len() < 8, "{gaps:?}");
        // The neighbour goes: the next trial lasts.
        threads.observe_pace(1.0, None, ms(1_000_000));
        assert_eq!(threads.now, 2);
        assert_eq!(threads.observe_pace(0.95, None, ms(1_100_000)), None);
    }

    proptest! {
        #[test]
        fn by_speed_the_number_stays_in_bounds_and_settles(
            most in 1_u32..64,
            looks in proptest::collection::vec((0.0..1.2, proptest::option::of(0.0..64.0)), 0..60),
        ) {
            let mut threads = Threads::new(most);
            let mut changed: Option<Duration> = None;
            for (second, (ratio, idle)) in (3_u64..).zip(looks) {
                if let Some(now) = threads.observe_pace(ratio, idle, ms(second * 1000)) {
                    prop_assert!((1..=most).contains(&now));
                    prop_assert!(changed.is_none_or(|at| ms(second * 1000) >= at + SETTLE_PACE));
                    prop_assert!(ratio <= SLOW || ratio >= STEADY);
                    changed = Some(ms(second * 1000));
                }
            }
        }

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
