//! Who gets a slot and whose cells make room.

use super::Core;
use super::Outlet;
use super::sequence;
use crate::chat::TokenEvent;
use crate::prompt::common_prefix;
use crate::worker::slot;
use crate::worker::turn::Turn;
use crate::worker::turn::count;

impl<O: Outlet> Core<O> {
    /// Gives slots to waiting turns, the most urgent and oldest first, as long as there is room.
    pub(super) fn admit(&mut self) {
        while let Some(next) = self.next_waiting() {
            let Some(slot) = slot::choose(&self.slots, self.waiting[next].session) else { break };
            let reuse = self.reuse(slot, next);
            if !self.make_room(slot, self.waiting[next].target.len() - reuse) {
                break;
            }
            let turn = self.waiting.remove(next);
            self.seat(slot, reuse, turn);
        }
        self.tell_queue();
    }

    /// Puts the running turn that is least in need back into the queue; `false` when it would be
    /// the only one. Its tokens are kept and evaluated again later.
    pub(super) fn preempt(&mut self) -> bool {
        let Some(slot) = slot::preempt(&self.slots) else { return false };
        if let Some(turn) = self.slots[slot].turn.take() {
            self.waiting.insert(0, turn);
        }
        self.clear(slot);
        true
    }

    /// Empties the idle slot that was used longest ago; `false` when there is none.
    pub(super) fn evict(&mut self) -> bool {
        let victim = slot::victim(&self.slots);
        victim.map(|slot| self.clear(slot)).is_some()
    }

    /// Returns the waiting turn that goes first, if its client listens.
    fn next_waiting(&self) -> Option<usize> {
        let waiting = self.waiting.iter().enumerate();
        let listening = waiting.filter(|(_, turn)| self.outlet.ready(turn.key.client));
        // `max_by_key` takes the last of equals: look from the newest to the oldest.
        listening.rev().max_by_key(|(_, turn)| turn.priority).map(|(index, _)| index)
    }

    /// Returns how many cells of a slot serve a waiting turn. At least one token is evaluated:
    /// the next one is drawn from its logits.
    fn reuse(&self, slot: usize, waiting: usize) -> usize {
        let turn = &self.waiting[waiting];
        let slot = &self.slots[slot];
        if slot.session != Some(turn.session) {
            return 0;
        }
        let shared = common_prefix(&slot.cached, &turn.target);
        shared.min(turn.target.len().saturating_sub(1))
    }

    /// Frees idle cells until `tokens` fit beside what runs; `false` when turns must end first.
    /// A turn that would run alone always fits: its prompt was checked against the pool.
    fn make_room(&mut self, keep: usize, tokens: usize) -> bool {
        let pool = self.params.pool_tokens as usize;
        loop {
            let used = self.used_tokens();
            if used + tokens < pool {
                return true;
            }
            let others =
                |(index, slot): &(usize, &slot::Slot)| *index != keep && slot.is_idle_with_cells();
            let oldest = self.slots.iter().enumerate().filter(others);
            match oldest.min_by_key(|(_, slot)| slot.used).map(|(index, _)| index) {
                Some(victim) => self.clear(victim),
                None => return self.running().next().is_none(),
            }
        }
    }

    /// Cuts the slot's cells to the shared prefix and starts the turn.
    fn seat(&mut self, slot: usize, reuse: usize, mut turn: Turn) {
        let cut = i32::try_from(reuse).unwrap_or(0);
        if reuse == 0 || !self.context.cut(sequence(slot), cut) {
            // Nothing shared, or a memory that cannot be cut (recurrent): evaluate all again.
            self.clear(slot);
        }
        let cells = &mut self.slots[slot].cached;
        cells.truncate(reuse);
        let cached = cells.len();
        if turn.generated() == 0 {
            turn.cached_tokens = cached;
            let (total, cached) = (count(turn.prompt_tokens), count(cached));
            self.outlet.event(turn.key, TokenEvent::Prefill { done: cached, total, cached });
        }
        self.slots[slot].turn = Some(turn);
    }

    /// Tells each waiting turn how many are before it, when that has changed.
    fn tell_queue(&mut self) {
        for (ahead, turn) in self.waiting.iter_mut().enumerate() {
            let ahead = count(ahead);
            if turn.told_ahead != Some(ahead) && self.outlet.ready(turn.key.client) {
                turn.told_ahead = Some(ahead);
                self.outlet.event(turn.key, TokenEvent::Queued(ahead));
            }
        }
    }
}
