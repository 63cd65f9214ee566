//! One sequence of the pool: what its cells hold, and the turn that runs on it.

use std::cmp::Reverse;
use std::time::Duration;

use super::cells;
use super::cells::Cells;
use super::keep::Keep;
use super::plan::View;
use super::turn::Turn;
use crate::chat::Priority;
use crate::chat::SessionId;

/// A sequence of the pool.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The tokens in the cache, as far as they are known to be there.
    pub(super) cached: Cells,
    /// The session whose tokens these are, while nothing runs.
    pub(super) session: Option<SessionId>,
    /// How long they are kept.
    pub(super) keep: Keep,
    /// How many of them come before anything that was asked: the template's and the profile's words.
    pub(super) preamble: usize,
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

/// Returns the idle slots that hold cells, the one used longest ago first; not `own`.
pub(super) fn idle(slots: &[Slot], own: Option<usize>) -> Vec<usize> {
    let others = slots.iter().enumerate().filter(|(index, _)| Some(*index) != own);
    let mut idle: Vec<usize> =
        others.filter(|(_, slot)| slot.is_idle_with_cells()).map(|(index, _)| index).collect();
    idle.sort_by_key(|index| slots[*index].used);
    idle
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
    let others = running(slots).filter(|(index, ..)| *index != own);
    let (cells, missing): (Vec<&Cells>, Vec<usize>) =
        others.map(|(_, slot, turn)| (&slot.cached, turn.needs() - slot.cached.len())).unzip();
    cells::distinct(&cells) + missing.iter().sum::<usize>()
}

/// Returns how many of a sequence's first `len` cells a running turn holds as well, `own` aside.
pub(super) fn overlap(slots: &[Slot], own: usize, cells: &Cells, len: usize) -> usize {
    let others = running(slots).filter(|(index, ..)| *index != own);
    others.map(|(_, slot, _)| cells.overlap(&slot.cached)).max().unwrap_or(0).min(len)
}

/// Returns the slots on which turns run.
pub(super) fn running(slots: &[Slot]) -> impl Iterator<Item = (usize, &Slot, &Turn)> {
    let slots = slots.iter().enumerate();
    slots.filter_map(|(index, slot)| Some((index, slot, slot.turn.as_ref()?)))
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
    use crate::prompt::Unit;
    use crate::worker::cells::Numbers;

    fn idle_slot(session: u128, cells: usize, used: u64) -> Slot {
        let mut cached = Cells::default();
        cached.fill(&vec![Unit::Token(1); cells], &mut Numbers::default());
        Slot { cached, session: Some(SessionId(session)), used, ..Slot::default() }
    }

    #[test]
    fn a_session_comes_back_to_its_own_cells() {
        let slots = [idle_slot(1, 5, 3), idle_slot(2, 5, 9), Slot::default()];
        assert_eq!(choose(&slots, SessionId(2)), Some(1));
    }

    #[test]
    fn a_new_session_takes_an_empty_slot_then_the_oldest() {
        let slots = [idle_slot(1, 5, 3), Slot::default()];
        assert_eq!(choose(&slots, SessionId(7)), Some(1));
        assert_eq!(choose(&[idle_slot(1, 5, 3), idle_slot(2, 5, 2)], SessionId(7)), Some(1));
    }

    #[test]
    fn the_cells_used_longest_ago_go_first() {
        let slots = [idle_slot(1, 5, 3), idle_slot(2, 0, 0), idle_slot(3, 5, 2)];
        assert_eq!(idle(&slots, None), [2, 0]);
        assert_eq!(idle(&slots, Some(2)), [0]);
    }
}
