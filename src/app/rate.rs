//! Speeds and times left, from events and the times they came at.

use std::collections::VecDeque;
use std::time::Duration;

/// The window of the current speed.
const WINDOW: Duration = Duration::from_secs(1);

/// The least time that a speed is taken over: below it, events that were drained together would
/// give absurd figures.
const SHORTEST: Duration = Duration::from_millis(100);

/// Tokens as they arrive: the speed of the last second and the mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rate {
    recent: VecDeque<Duration>,
    count: u32,
    first: Duration,
    last: Duration,
}

impl Rate {
    /// Counts a token that came `at`.
    pub fn push(&mut self, at: Duration) {
        if self.count == 0 {
            self.first = at;
        }
        self.last = at;
        self.count = self.count.saturating_add(1);
        while self.recent.front().is_some_and(|first| at.saturating_sub(*first) >= WINDOW) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
    }

    /// Returns the tokens so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns tokens per second over the second before `now`, or since the first token if that is
    /// less. The first token belongs to prefill: it starts the clock and is not counted.
    pub fn current(&self, now: Duration) -> Option<f64> {
        let since = now.saturating_sub(WINDOW).max(self.first);
        let tokens = self.recent.iter().filter(|at| **at > since).count();
        // At most one second of tokens; a u32 holds more than any machine decodes in it.
        per_second(u32::try_from(tokens).unwrap_or(u32::MAX), now.saturating_sub(since))
    }

    /// Returns tokens per second between the first token and the last.
    pub fn mean(&self) -> Option<f64> {
        per_second(self.count.saturating_sub(1), self.last.saturating_sub(self.first))
    }
}

/// Something that is counted up to a known total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Done so far.
    pub done: u32,
    /// Done in the end.
    pub total: u32,
    begun_at: Duration,
    begun_with: u32,
    at: Duration,
}

impl Progress {
    /// Begins with `done` of `total`: what is done already cost nothing and predicts nothing.
    pub fn new(done: u32, total: u32, at: Duration) -> Self {
        Self { done, total, begun_at: at, begun_with: done, at }
    }

    /// Returns the progress at a later time; it never goes back.
    #[must_use]
    pub fn advanced(self, done: u32, at: Duration) -> Self {
        Self { done: done.max(self.done).min(self.total.max(self.done)), at, ..self }
    }

    /// Returns the share that is done, 0 to 1.
    pub fn share(&self) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        (f64::from(self.done) / f64::from(self.total)).clamp(0.0, 1.0)
    }

    /// Returns units per second since the beginning.
    pub fn per_second(&self) -> Option<f64> {
        let time = self.at.saturating_sub(self.begun_at);
        per_second(self.done.saturating_sub(self.begun_with), time)
    }

    /// Returns the time left at the speed so far; counts down between events.
    pub fn left(&self, now: Duration) -> Option<Duration> {
        let left = f64::from(self.total.saturating_sub(self.done)) / self.per_second()?;
        let left = Duration::try_from_secs_f64(left).ok()?;
        Some(left.saturating_sub(now.saturating_sub(self.at)))
    }
}

fn per_second(count: u32, time: Duration) -> Option<f64> {
    (count > 0 && time >= SHORTEST).then(|| f64::from(count) / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn close(found: Option<f64>, wanted: f64) {
        let found = found.expect("a rate");
        assert!((found - wanted).abs() < 0.01, "{found} is not {wanted}");
    }

    #[test]
    fn the_current_rate_forgets_what_is_older_than_a_second() {
        let mut rate = Rate::default();
        for i in 0..=40 {
            rate.push(ms(1000 + i * 50));
        }
        close(rate.current(ms(3000)), 20.0);
        close(rate.mean(), 20.0);
        close(rate.current(ms(3500)), 10.0);
        assert_eq!(rate.current(ms(4500)), None);
        assert!(rate.recent.len() <= 21);
    }

    #[test]
    fn one_token_has_no_rate() {
        let mut rate = Rate::default();
        assert_eq!(rate.current(ms(10)), None);
        rate.push(ms(10));
        assert_eq!((rate.current(ms(900)), rate.mean()), (None, None));
        rate.push(ms(11));
        assert_eq!(rate.mean(), None, "drained together: no speed can be told");
    }

    #[test]
    fn time_left_leaves_out_what_was_cached() {
        let progress = Progress::new(900, 1000, ms(0)).advanced(950, ms(500));
        assert_eq!(progress.left(ms(500)), Some(ms(500)));
        assert_eq!(progress.left(ms(700)), Some(ms(300)));
        assert_eq!(progress.left(ms(5000)), Some(ms(0)));
        assert_eq!(Progress::new(900, 1000, ms(0)).left(ms(10)), None);
    }

    #[test]
    fn progress_never_goes_back() {
        let progress = Progress::new(10, 20, ms(0)).advanced(5, ms(100)).advanced(99, ms(200));
        assert_eq!(progress.done, 20);
        assert_eq!(Progress::new(3, 0, ms(0)).advanced(4, ms(1)).done, 3);
    }
}
