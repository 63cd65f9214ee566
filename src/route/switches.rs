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

/// Why a session's route does not change without need at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It changed a moment ago.
    TooSoon,
    /// It changed so often that it stays for this long.
    TooOften(Duration),
}

impl Switches {
    /// Returns what speaks against an unforced switch at `at`, if anything does.
    pub fn hold(&self, at: Duration) -> Option<Hold> {
        let last = self.times.back()?;
        if let Some(until) = self.held_until.filter(|until| at < *until) {
            return Some(Hold::TooOften(until.saturating_sub(at)));
        }
        let soon = at.saturating_sub(*last) < APART || self.turns_since < TURNS_APART;
        soon.then_some(Hold::TooSoon)
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
        assert_eq!(switches.hold(s(0)), None);
        switches.turn(Switched::Unforced, s(0));
        switches.turn(Switched::No, s(10));
        assert_eq!(switches.hold(s(100)), Some(Hold::TooSoon), "one turn only");
        switches.turn(Switched::No, s(20));
        assert_eq!(switches.hold(s(29)), Some(Hold::TooSoon));
        assert_eq!(switches.hold(s(30)), None);
    }

    #[test]
    fn the_fourth_within_ten_minutes_holds_the_route() {
        let mut switches = Switches::default();
        let mut at = 0;
        for _ in 0..4 {
            assert_eq!(switches.hold(s(at)), None, "at {at}");
            switches.turn(Switched::Unforced, s(at));
            switches.turn(Switched::No, s(at));
            switches.turn(Switched::No, s(at));
            at += 60;
        }
        assert_eq!(switches.hold(s(at)), Some(Hold::TooOften(s(540))));
        assert_eq!(switches.hold(s(779)), Some(Hold::TooOften(s(1))));
        assert_eq!(switches.hold(s(780)), None);
    }
}
