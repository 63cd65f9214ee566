//! Who gets a slot and whose cells make room.

use super::Core;
use super::Outlet;
use super::sequence;
use crate::chat::TokenEvent;
use crate::prompt::common_prefix;
use crate::worker::slot;
use crate::worker::slot::Rank;
use crate::worker::slot::Slot;
use crate::worker::turn::Turn;
use crate::worker::turn::count;

impl<O: Outlet> Core<O> {
    /// Gives slots to waiting turns, the most urgent and oldest first, as long as there is room;
    /// a turn of lower rank gives way.
    pub(super) fn admit(&mut self) {
        while let Some(next) = self.next_waiting() {
            let rank = slot::rank(&self.waiting[next], true);
            let Some(slot) = slot::choose(&self.slots, self.waiting[next].session) else {
                if self.put_back(Some(rank)) {
                    continue;
                }
                break;
            };
            let needs = self.waiting[next].needs();
            if self.exceeds(slot::reserved(&self.slots, slot) + needs) {
                if self.put_back(Some(rank)) {
                    continue;
                }
                break;
            }
            let reuse = self.reuse(slot, next);
            self.make_room(slot, needs);
            let turn = self.waiting.remove(next);
            self.seat(slot, reuse, turn);
        }
        self.tell_queue();
    }

    /// Puts the running turn of the lowest rank back into the queue, where it keeps its tokens and
    /// evaluates them again later. Only one below `rank`, if that is given; otherwise any but the
    /// only one. Returns whether there was one.
    pub(super) fn put_back(&mut self, rank: Option<Rank>) -> bool {
        let running = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let turn = slot.turn.as_ref()?;
            Some((slot::rank(turn, self.outlet.ready(turn.key.client)), index))
        });
        let running: Vec<(Rank, usize)> = running.collect();
        let Some((lowest, index)) = running.iter().min().copied() else { return false };
        let gives_way = match rank {
            // Within one urgency nobody is put back for somebody who came later or earlier.
            Some(rank) => (lowest.0, lowest.1) < (rank.0, rank.1),
            None => running.len() > 1,
        };
        if gives_way {
            self.waiting.extend(self.slots[index].turn.take());
            self.clear(index);
        }
        gives_way
    }

    /// Empties the idle slot that was used longest ago; `false` when there is none.
    pub(super) fn evict(&mut self, own: Option<usize>) -> bool {
        let victim = slot::victim(&self.slots, own);
        victim.map(|slot| self.clear(slot)).is_some()
    }

    /// Returns the waiting turn that goes first, if its client listens.
    fn next_waiting(&self) -> Option<usize> {
        let waiting = self.waiting.iter().enumerate();
        let listening = waiting.filter(|(_, turn)| self.outlet.ready(turn.key.client));
        listening.max_by_key(|(_, turn)| slot::rank(turn, true)).map(|(index, _)| index)
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

    /// Returns whether so many cells are more than the pool has. A turn that would run alone never
    /// exceeds it: its prompt was checked.
    fn exceeds(&self, cells: usize) -> bool {
        cells > self.params.pool_tokens as usize && self.running().next().is_some()
    }

    /// Frees idle cells until a turn that `needs` so many fits into `own` slot.
    fn make_room(&mut self, own: usize, needs: usize) {
        let idle = |slots: &[Slot]| -> usize {
            let others = slots.iter().enumerate().filter(|(index, _)| *index != own);
            others.filter(|(_, slot)| slot.turn.is_none()).map(|(_, slot)| slot.cached.len()).sum()
        };
        let pool = self.params.pool_tokens as usize;
        let taken = slot::reserved(&self.slots, own) + needs;
        while taken + idle(&self.slots) > pool && self.evict(Some(own)) {}
    }

    /// Cuts the slot's cells to the shared prefix and starts the turn.
    fn seat(&mut self, slot: usize, reuse: usize, mut turn: Turn) {
        self.cut_to(slot, reuse);
        let cached = self.slots[slot].cached.len();
        if turn.generated() == 0 {
            turn.cached_tokens = cached;
            let (total, cached) = (count(turn.prompt_tokens), count(cached));
            self.outlet.event(turn.key, TokenEvent::Prefill { done: cached, total, cached });
        }
        self.slots[slot].turn = Some(turn);
    }

    /// Keeps the first `reuse` of a slot's cells.
    pub(super) fn cut_to(&mut self, slot: usize, reuse: usize) {
        let cut = i32::try_from(reuse).unwrap_or(0);
        if reuse == 0 || !self.context.cut(sequence(slot), cut) {
            // Nothing shared, or a memory that cannot be cut (recurrent): evaluate all again.
            self.clear(slot);
        }
        self.slots[slot].cached.truncate(reuse);
    }

    /// Tells each waiting turn how many go before it, those that run included, when that has changed.
    fn tell_queue(&mut self) {
        let running = self.running().count();
        let ranks: Vec<Rank> = self.waiting.iter().map(|turn| slot::rank(turn, true)).collect();
        for turn in &mut self.waiting {
            let own = slot::rank(turn, true);
            let ahead = count(running + ranks.iter().filter(|rank| **rank > own).count());
            if turn.told_ahead != Some(ahead) && self.outlet.ready(turn.key.client) {
                turn.told_ahead = Some(ahead);
                self.outlet.event(turn.key, TokenEvent::Queued(ahead));
            }
        }
    }
}
