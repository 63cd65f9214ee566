//! When a crashed engine is started again; pure.

use std::time::Duration;
use std::time::Instant;

/// Crashes within [`WINDOW`] after which the model is left alone until it is asked for again.
const CRASHES_MAX: usize = 3;

/// How long a crash counts.
const WINDOW: Duration = Duration::from_mins(1);

/// How long to wait before the next start, by the crashes that count.
const BACK_OFF: [Duration; CRASHES_MAX - 1] = [Duration::from_millis(100), Duration::from_secs(2)];

/// The crashes that still count.
#[derive(Debug, Default)]
pub(super) struct Crashes(Vec<Instant>);

impl Crashes {
    /// Notes a crash at `now` and returns how long to wait before the engine is started again;
    /// `None` for a model that is quarantined until somebody asks for it.
    pub(super) fn add(&mut self, now: Instant) -> Option<Duration> {
        self.0.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        self.0.push(now);
        BACK_OFF.get(self.0.len() - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn three_crashes_in_a_minute_quarantine_the_model() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut crashes = Crashes::default();
        assert_eq!(crashes.add(at(0)), Some(BACK_OFF[0]));
        assert_eq!(crashes.add(at(30)), Some(BACK_OFF[1]));
        assert_eq!(crashes.add(at(50)), None);
        // The first two no longer count.
        assert_eq!(crashes.add(at(95)), Some(BACK_OFF[1]));
        assert_eq!(crashes.add(at(300)), Some(BACK_OFF[0]));
    }
}
