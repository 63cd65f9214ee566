//! Where the beginning of a prompt can be had from without evaluating it.

use super::Core;
use super::Outlet;
use super::sequence;
use crate::chat::SessionId;
use crate::prompt::Unit;
use crate::prompt::common_prefix;
use crate::worker::model::Memory;
use crate::worker::plan::SLICE_TOKENS_MIN;
use crate::worker::slot;
use crate::worker::slot::Slot;
use crate::worker::turn::Turn;

/// Tokens that are brought back from memory in the time that it takes to evaluate one: 150 to 300
/// were measured, and a faster machine moves them faster too.
const MOVED_PER_EVALUATED: usize = 32;

/// What there is of a prompt, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// All of it has to be evaluated.
    Nothing,
    /// A slot has the first `len` tokens in the pool.
    Slot { slot: usize, len: usize },
    /// The shelf has them, with a session's state.
    Shelf { session: SessionId, len: usize },
}

impl Source {
    /// Returns how many tokens are there.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Slot { len, .. } | Self::Shelf { len, .. } => len,
        }
    }
}

impl<O: Outlet> Core<O> {
    /// Finds the most of `wanted` that need not be evaluated for `session`: in its own cells, in
    /// those of another session that begins alike, or on the shelf.
    pub(super) fn find(&self, session: SessionId, wanted: &[Unit]) -> Source {
        let own = |slot: &Slot| slot.turn.is_none() && slot.session == Some(session);
        let slots = self.slots.iter().enumerate();
        // A state that cannot be cut is of use to the session that made it only.
        let slots = slots.filter(|(_, slot)| self.memory != Memory::State || own(slot));
        let lens = slots.map(|(index, slot)| (self.usable(index, wanted), own(slot), index));
        let (len, _, slot) = lens.max().unwrap_or_default();
        let saved = self.shelf.iter().map(|saved| {
            let shared = common_prefix(&saved.units, wanted);
            let whole = shared == saved.units.len() && saved.session == session;
            let usable = self.memory == Memory::Cells || whole;
            (if usable { shared } else { 0 }, saved.session)
        });
        let (shelved, of) = saved.max_by_key(|(len, _)| *len).unwrap_or((0, session));
        let gain = shelved.saturating_sub(len);
        if gain > 0 && gain * MOVED_PER_EVALUATED >= shelved {
            return Source::Shelf { session: of, len: shelved };
        }
        if len > 0 { Source::Slot { slot, len } } else { Source::Nothing }
    }

    /// Returns whether a turn that is being evaluated will soon have so much more of a prompt than
    /// the `len` tokens that there are already, that waiting for it is faster.
    pub(super) fn is_worth_waiting(&self, turn: &Turn, len: usize) -> bool {
        self.memory != Memory::State
            && slot::running(&self.slots).any(|(_, slot, other)| {
                let shared = common_prefix(&other.target, &turn.target[..turn.target.len() - 1]);
                let comes = slot.cached.len() < shared && shared >= len + SLICE_TOKENS_MIN;
                let goes_on = other.priority >= turn.priority;
                comes && goes_on && self.outlet.ready(other.key.client)
            })
    }

    /// Returns whether a sequence can go on from its first `len` tokens.
    pub(super) fn goes_on_from(&self, slot: usize, len: usize) -> bool {
        let Memory::Window(back) = self.memory else { return true };
        let first = self.context.first_cached(sequence(slot));
        first.is_some_and(|first| first == 0 || first + back <= len)
    }

    /// Returns how many of a slot's tokens serve `wanted`.
    fn usable(&self, slot: usize, wanted: &[Unit]) -> usize {
        let cached = self.slots[slot].cached.units();
        let shared = common_prefix(cached, wanted);
        let uncut = self.memory != Memory::State || shared == cached.len();
        if uncut && self.goes_on_from(slot, shared) { shared } else { 0 }
    }
}
