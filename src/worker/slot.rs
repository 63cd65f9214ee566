//! One sequence of the pool: what its cells hold, and the turn that runs on it.

use std::cmp::Reverse;
use std::time::Duration;

use super::plan::View;
use super::turn::Turn;
use crate::chat::Priority;
use crate::chat::SessionId;
use crate::prompt::Unit;

/// A sequence of the pool.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The tokens in the cache, as far as they are known to be there.
    pub(super) cached: Vec<Unit>,
    /// The session whose tokens these are, while nothing runs.
    pub(super) session: Option<SessionId>,
    /// The client whose leaving drops the tokens: its turn asked that no trace be kept.
    pub(super) ephemeral_of: Option<u32>,
    /// The running turn.
    pub(super) turn: Option<Turn>,
    /// Counts up with every turn that ends: the smallest goes first.
    pub(super) used: u64,
}

impl Slot {
    /// Returns the running turn as planning sees it; `None` when nothing runs.
    pub(super) fn view(&self, slot: usize) -> Option<View> {
        let turn = self.turn.as_ref()?;
        let missing = turn.target.len() - self.cached.len();
        let streams = missing == 1 && turn.generated() > 0;
        Some(View { slot, missing, streams, priority: turn.priority })
    }

    /// Returns whether the slot holds cells that nobody runs on.
    pub(super) fn is_idle_with_cells(&self) -> bool {
        self.turn.is_none() && !self.cached.is_empty()
    }
}

/// Chooses the slot for a session's next turn: its own, else an empty one, else the one that was
/// used longest ago. `None` when turns run on all of them.
pub(super) fn choose(slots: &[Slot], session: SessionId) -> Option<usize> {
    let free = || slots.iter().enumerate().filter(|(_, slot)| slot.turn.is_none());
    let own = free().find(|(_, slot)| slot.session == Some(session));
    let empty = || free().find(|(_, slot)| slot.cached.is_empty());
    let oldest = || free().min_by_key(|(_, slot)| slot.used);
    own.or_else(empty).or_else(oldest).map(|(index, _)| index)
}

/// Chooses the idle slot whose cells go first when room is needed; not `own`.
pub(super) fn victim(slots: &[Slot], own: Option<usize>) -> Option<usize> {
    let others = slots.iter().enumerate().filter(|(index, _)| Some(*index) != own);
    let idle = others.filter(|(_, slot)| slot.is_idle_with_cells());
    idle.min_by_key(|(_, slot)| slot.used).map(|(index, _)| index)
}

/// Who gives way: the turns of a client that does not listen before all others, then the less
/// urgent, then the younger, so that the oldest always comes to its end.
pub(super) type Rank = (bool, Priority, Reverse<u64>);

/// Returns a turn's rank; `listens` tells whether its client takes more.
pub(super) fn rank(turn: &Turn, listens: bool) -> Rank {
    (listens, turn.priority, Reverse(turn.arrived))
}

/// Returns the cells that running turns other than `own` need, what they still miss included.
pub(super) fn reserved(slots: &[Slot], own: usize) -> usize {
    let others = slots.iter().enumerate().filter(|(index, _)| *index != own);
    others.filter_map(|(_, slot)| slot.turn.as_ref()).map(Turn::needs).sum()
}

/// An average in tokens per second; the newest measure weighs three tenths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate(Option<f64>);

impl Rate {
    /// Adds `tokens` in `time`.
    pub(super) fn add(&mut self, tokens: usize, time: Duration) {
        let seconds = time.as_secs_f64();
        if seconds > 0.0 {
            let rate = tokens as f64 / seconds;
            self.0 = Some(self.0.map_or(rate, |mean| mean + (rate - mean) * 0.3));
        }
    }

    /// Returns the average, if anything was added.
    pub(super) fn get(self) -> Option<f64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(session: u128, cells: usize, used: u64) -> Slot {
        Slot {
            cached: vec![Unit::Token(1); cells],
            session: Some(SessionId(session)),
            used,
            ..Slot::default()
        }
    }

    #[test]
    fn a_session_comes_back_to_its_own_cells() {
        let slots = [idle(1, 5, 3), idle(2, 5, 9), Slot::default()];
        assert_eq!(choose(&slots, SessionId(2)), Some(1));
    }

    #[test]
    fn a_new_session_takes_an_empty_slot_then_the_oldest() {
        let slots = [idle(1, 5, 3), Slot::default()];
        assert_eq!(choose(&slots, SessionId(7)), Some(1));
        assert_eq!(choose(&[idle(1, 5, 3), idle(2, 5, 2)], SessionId(7)), Some(1));
    }

    #[test]
    fn the_cells_used_longest_ago_go_first() {
        let slots = [idle(1, 5, 3), idle(2, 0, 0), idle(3, 5, 2)];
        assert_eq!(victim(&slots, None), Some(2));
        assert_eq!(victim(&slots, Some(2)), Some(0));
        assert_eq!(victim(&[Slot::default()], None), None);
    }
}
