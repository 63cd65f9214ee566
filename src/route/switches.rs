//! How often a session may change its route without need.

use std::collections::VecDeque;
use std::time::Duration;

/// Between two unforced switches.
const APART: Duration = Duration::from_secs(30);

/// Turns between two unforced switches.
const TURNS_APART: u32 = 2;

/// So many in such a time are no adaptation any more.
const MANY: usize = 4;
const WITHIN: Duration = Duration::from_mins(10);

/// How long the route is held then.
const HOLD: Duration = Duration::from_mins(10);

/// The unforced switches of one session. Times are since any fixed moment, the same for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    times: VecDeque<Duration>,
    turns_since: u32,
    held_until: Option<Duration>,
}

impl Switches {
    /// Returns whether an unforced switch is allowed at `at`.
    pub fn allows(&self, at: Duration) -> bool {
        let Some(last) = self.times.back() else { return true };
        self.held_until.is_none_or(|until| at >= until)
            && at.saturating_sub(*last) >= APART
            && self.turns_since >= TURNS_APART
    }

    /// Notes a turn; `switched` when it left the session's route without need.
    pub fn turn(&mut self, switched: Switched, at: Duration) {
        self.turns_since = self.turns_since.saturating_add(1);
        if switched == Switched::Unforced {
            if self.times.len() == MANY {
                self.times.pop_front();
            }
            self.times.push_back(at);
            self.turns_since = 0;
            let first = self.times.front().copied().unwrap_or(at);
            if self.times.len() == MANY && at.saturating_sub(first) <= WITHIN {
                self.held_until = Some(at.saturating_add(HOLD));
            }
        }
    }

    /// Returns until when the route is held because it changed too often.
    pub fn held_until(&self, at: Duration) -> Option<Duration> {
        self.held_until.filter(|until| at < *until)
    }
}

/// What a turn did to its session's route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switched {
    /// It stayed, or was the first, or had no other choice.
    No,
    /// It left a route that could have answered.
    Unforced,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn switches_are_apart_in_time_and_turns() {
        let mut switches = Switches::default();
        assert!(switches.allows(s(0)));
        switches.turn(Switched::Unforced, s(0));
        switches.turn(Switched::No, s(10));
        assert!(!switches.allows(s(100)), "one turn only");
        switches.turn(Switched::No, s(20));
        assert!(!switches.allows(s(29)));
        assert!(switches.allows(s(30)));
    }

    #[test]
    fn the_fourth_within_ten_minutes_holds_the_route() {
        let mut switches = Switches::default();
        let mut at = 0;
        for _ in 0..4 {
            assert!(switches.allows(s(at)), "at {at}");
            switches.turn(Switched::Unforced, s(at));
            switches.turn(Switched::No, s(at));
            switches.turn(Switched::No, s(at));
            at += 60;
        }
        assert_eq!(switches.held_until(s(at)), Some(s(180 + 600)));
        assert!(!switches.allows(s(779)));
        assert!(switches.allows(s(780)));
        assert_eq!(switches.held_until(s(780)), None);
    }
}
