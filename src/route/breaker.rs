//! Whether an endpoint is tried at all: closed, open, half open. One for each endpoint.
//!
//! Times are since any fixed moment, the same for all of them; randomness is passed in.

use std::collections::VecDeque;
use std::time::Duration;

use crate::route::lesson::Fuse;

/// Failures in a row that open it.
const IN_A_ROW: u32 = 3;

/// Turns whose share of failures is looked at, the fewest that tell anything, and the share.
const LAST: usize = 10;
const LAST_MIN: usize = 4;

/// Answers whose median time to the first token is compared with the baseline, and how much slower
/// than that an endpoint is that had better rest.
const SLOW_LAST: usize = 5;
const SLOW_FACTOR: f64 = 4.0;

/// How long it stays open at first; doubled by each failure of a trial, up to the most.
const OPEN_FOR: Duration = Duration::from_secs(10);
const OPEN_MOST: Duration = Duration::from_mins(5);

/// The share by which that time is moved at random, so that many programs do not come at once.
const JITTER: f64 = 0.2;

/// Answers that close it.
const CLOSES: u32 = 2;

/// What is allowed at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Turns are sent.
    #[default]
    Closed,
    /// Nothing is sent until then.
    Open {
        /// When a trial is due.
        until: Duration,
    },
    /// One question without content, and after it one turn, may find out how it is.
    Trial,
    /// The trial runs: nothing else is sent.
    Trying,
}

impl Gate {
    /// Returns the word for it in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::Trial => "half_open",
            Self::Trying => "trying",
        }
    }
}

/// The breaker's memory; plain data, so that it can be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Breaker {
    phase: Phase,
    /// Failed or not, oldest first.
    outcomes: VecDeque<bool>,
    /// Times to the first token, oldest first.
    ttfts: VecDeque<Duration>,
    /// What they were while the endpoint was well.
    baseline: Option<Duration>,
    /// How often in a row it was opened.
    opened: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Phase {
    #[default]
    Closed,
    Open(Duration),
    Half {
        trying: bool,
        answered: u32,
    },
}

impl Breaker {
    /// Returns what is allowed at `at`.
    pub fn gate(&self, at: Duration) -> Gate {
        match self.phase {
            Phase::Closed => Gate::Closed,
            Phase::Open(until) if at < until => Gate::Open { until },
            Phase::Open(_) | Phase::Half { trying: false, .. } => Gate::Trial,
            Phase::Half { trying: true, .. } => Gate::Trying,
        }
    }

    /// Takes the one trial that is allowed; `false` when there is none to take.
    pub fn try_out(&mut self, at: Duration) -> bool {
        if self.gate(at) != Gate::Trial {
            return false;
        }
        let answered = match self.phase {
            Phase::Half { answered, .. } => answered,
            Phase::Closed | Phase::Open(_) => 0,
        };
        self.phase = Phase::Half { trying: true, answered };
        true
    }

    /// Returns whether a trial is due or under way: then only its own outcome counts.
    pub fn is_on_trial(&self) -> bool {
        matches!(self.phase, Phase::Half { .. })
    }

    /// Gives a trial back that came to no end, as when the user cancelled it.
    pub fn undecided(&mut self) {
        if let Phase::Half { trying, .. } = &mut self.phase {
            *trying = false;
        }
    }

    /// Notes an answer, with its time to the first token if it was a turn's. `jitter` is between
    /// 0 and 1 and used if the answer was too slow once too often.
    pub fn answered(&mut self, ttft: Option<Duration>, at: Duration, jitter: f64) {
        keep(&mut self.outcomes, false, LAST);
        match &mut self.phase {
            Phase::Half { trying, answered } => {
                *trying = false;
                *answered += 1;
                if *answered >= CLOSES {
                    self.phase = Phase::Closed;
                    self.opened = 0;
                    self.outcomes.clear();
                    self.ttfts.clear();
                }
            }
            // An answer to a turn that was sent before it opened changes nothing.
            Phase::Open(_) => {}
            Phase::Closed => {
                if let Some(ttft) = ttft {
                    self.timed(ttft, at, jitter);
                }
            }
        }
    }

    fn timed(&mut self, ttft: Duration, at: Duration, jitter: f64) {
        keep(&mut self.ttfts, ttft, SLOW_LAST);
        if self.ttfts.len() < SLOW_LAST {
            return;
        }
        let mut sorted: Vec<Duration> = self.ttfts.iter().copied().collect();
        sorted.sort();
        let median = sorted[SLOW_LAST / 2];
        match self.baseline {
            Some(baseline) if median > baseline.mul_f64(SLOW_FACTOR) => self.open(at, jitter),
            // The best that was seen, forgotten slowly: servers move.
            Some(baseline) => self.baseline = Some(median.min(baseline.mul_f64(1.01))),
            None => self.baseline = Some(median),
        }
    }

    /// Notes a failure that is the endpoint's or the network's, at `at`; `jitter` is between 0
    /// and 1.
    pub fn failed(&mut self, at: Duration, jitter: f64) {
        keep(&mut self.outcomes, true, LAST);
        let row = self.outcomes.iter().rev().take_while(|failed| **failed).count();
        let failures = self.outcomes.iter().filter(|failed| **failed).count();
        let half = self.outcomes.len() >= LAST_MIN && failures * 2 >= self.outcomes.len();
        match self.phase {
            Phase::Half { .. } => self.open(at, jitter),
            Phase::Closed if row >= IN_A_ROW as usize || half => self.open(at, jitter),
            Phase::Closed | Phase::Open(_) => {}
        }
    }

    fn open(&mut self, at: Duration, jitter: f64) {
        let time = OPEN_FOR.saturating_mul(1 << self.opened.min(10)).min(OPEN_MOST);
        let moved = time.mul_f64(1.0 - JITTER + 2.0 * JITTER * jitter.clamp(0.0, 1.0));
        self.phase = Phase::Open(at.saturating_add(moved));
        self.opened = self.opened.saturating_add(1);
        self.ttfts.clear();
    }

    /// Returns what is kept between runs.
    pub fn saved(&self) -> Fuse {
        let open_until = match self.phase {
            Phase::Open(until) => Some(until),
            // A trial that nobody ends any more is due again.
            Phase::Half { .. } => Some(Duration::ZERO),
            Phase::Closed => None,
        };
        let failed = self.outcomes.iter().copied().collect();
        Fuse { open_until, opened: self.opened, failed, baseline: self.baseline }
    }

    /// Makes a breaker of what was kept, at `at`: however the clock was set meanwhile, it is open no
    /// longer than the longest that it ever is.
    pub fn restored(fuse: &Fuse, at: Duration) -> Self {
        let latest = at.saturating_add(OPEN_MOST.mul_f64(1.0 + JITTER));
        let phase = fuse.open_until.map_or(Phase::Closed, |until| Phase::Open(until.min(latest)));
        let newest = fuse.failed.len().saturating_sub(LAST);
        Self {
            phase,
            outcomes: fuse.failed.iter().skip(newest).copied().collect(),
            ttfts: VecDeque::new(),
            baseline: fuse.baseline,
            opened: fuse.opened,
        }
    }
}

fn keep<T>(queue: &mut VecDeque<T>, value: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fails(breaker: &mut Breaker, times: u32, at: u64) {
        (0..times).for_each(|_| breaker.failed(s(at), 0.5));
    }

    #[test]
    fn three_failures_in_a_row_open_it_for_ten_seconds() {
        let mut breaker = Breaker::default();
        fails(&mut breaker, 2, 0);
        assert_eq!(breaker.gate(s(0)), Gate::Closed);
        fails(&mut breaker, 1, 0);
        assert_eq!(breaker.gate(s(9)), Gate::Open { until: s(10) });
        assert_eq!(breaker.gate(s(10)), Gate::Trial);
    }

    #[test]
    fn half_of_the_last_turns_open_it() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            breaker.answered(Some(s(1)), s(0), 0.5);
        }
        fails(&mut breaker, 1, 0);
        assert_eq!(breaker.gate(s(0)), Gate::Closed, "one of three");
        fails(&mut breaker, 1, 0);
        assert!(matches!(breaker.gate(s(0)), Gate::Open { .. }), "two of four");
    }

    #[test]
    fn one_trial_at_a_time_and_two_answers_close_it() {
        let mut breaker = Breaker::default();
        fails(&mut breaker, 3, 0);
        assert!(!breaker.try_out(s(5)));
        assert!(breaker.try_out(s(10)));
        assert_eq!(breaker.gate(s(10)), Gate::Trying);
        assert!(!breaker.try_out(s(10)), "one only");
        breaker.answered(None, s(11), 0.5);
        assert_eq!(breaker.gate(s(11)), Gate::Trial, "one answer is not enough");
        assert!(breaker.try_out(s(11)));
        breaker.undecided();
        assert!(breaker.try_out(s(12)), "a cancelled trial decides nothing");
        breaker.answered(Some(s(1)), s(12), 0.5);
        assert_eq!(breaker.gate(s(12)), Gate::Closed);
        fails(&mut breaker, 2, 13);
        assert_eq!(breaker.gate(s(13)), Gate::Closed, "the past is forgiven");
    }

    #[test]
    fn each_failed_trial_doubles_the_time_up_to_five_minutes() {
        let (mut breaker, mut at) = (Breaker::default(), 0);
        fails(&mut breaker, 3, at);
        for wait in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(breaker.gate(s(at)), Gate::Open { until: s(at + wait) });
            at += wait;
            assert!(breaker.try_out(s(at)));
            fails(&mut breaker, 1, at);
        }
    }

    #[test]
    fn an_endpoint_that_became_four_times_slower_rests() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.answered(Some(s(1)), s(0), 0.5);
        }
        for _ in 0..2 {
            breaker.answered(Some(s(5)), s(1), 0.5);
        }
        assert_eq!(breaker.gate(s(1)), Gate::Closed, "the median is what counts");
        breaker.answered(Some(s(5)), s(1), 0.5);
        assert!(matches!(breaker.gate(s(1)), Gate::Open { .. }));
    }

    #[test]
    fn what_is_kept_outlives_the_program_and_a_trial_does_not() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.saved(), Fuse::default());
        // A script asks once and leaves: its failures count together all the same.
        for _ in 0..3 {
            breaker = Breaker::restored(&breaker.saved(), s(0));
            assert_eq!(breaker.gate(s(0)), Gate::Closed);
            fails(&mut breaker, 1, 0);
        }
        let again = Breaker::restored(&breaker.saved(), s(1));
        assert_eq!(again.gate(s(9)), Gate::Open { until: s(10) });
        assert!(breaker.try_out(s(10)));
        assert_eq!(Breaker::restored(&breaker.saved(), s(10)).gate(s(10)), Gate::Trial);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nothing_shut_for_long() {
        let mut breaker = Breaker::default();
        fails(&mut breaker, 3, 1_000_000);
        let again = Breaker::restored(&breaker.saved(), s(5));
        assert!(matches!(again.gate(s(5)), Gate::Open { .. }));
        assert_eq!(again.gate(s(5 + 360)), Gate::Trial);
    }

    proptest! {
        #[test]
        fn never_two_trials_and_open_times_are_bounded(
            steps in proptest::collection::vec((0_u8..4, 0_u64..40, 0.0..1.0_f64), 1..200),
        ) {
            let (mut breaker, mut now, mut trying) = (Breaker::default(), 0, false);
            for (what, wait, jitter) in steps {
                now += wait;
                match what {
                    0 => {
                        let took = breaker.try_out(s(now));
                        prop_assert!(!(took && trying), "a second trial");
                        trying |= took;
                    }
                    1 => { breaker.answered(Some(s(wait)), s(now), jitter); trying = false; }
                    2 => { breaker.failed(s(now), jitter); trying = false; }
                    _ => { breaker.undecided(); trying = false; }
                }
                if let Gate::Open { until } = breaker.gate(s(now)) {
                    prop_assert!(until <= s(now) + OPEN_MOST.mul_f64(1.0 + JITTER));
                }
            }
        }
    }
}
