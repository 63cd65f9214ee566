//! Who gets a slot and whose cells make room.

use super::Core;
use super::Outlet;
use super::source::Source;
use crate::chat::TokenEvent;
use crate::worker::slot;
use crate::worker::slot::Rank;
use crate::worker::turn::Turn;
use crate::worker::turn::TurnKey;
use crate::worker::turn::count;

impl<O: Outlet> Core<O> {
    /// Gives slots to waiting turns, the most urgent and oldest first, as long as there is room;
    /// a turn of lower rank gives way, and one whose beginning is being evaluated waits for it.
    pub(super) fn admit(&mut self) {
        let mut held = Vec::new();
        while let Some(next) = self.next_waiting(&held) {
            let turn = &self.waiting[next];
            let rank = slot::rank(turn, true);
            let Some(slot) = slot::choose(&self.slots, turn.session) else {
                if self.put_back(Some(rank)) {
                    continue;
                }
                break;
            };
            // At least one token is evaluated: the next one is drawn from its logits.
            let source = self.find(turn.session, &turn.target[..turn.target.len() - 1]);
            if self.is_worth_waiting(turn, source.len()) {
                held.push(turn.key);
                continue;
            }
            let needs = turn.needs() - self.shared_with_running(slot, source);
            if self.exceeds(slot::reserved(&self.slots, slot) + needs) {
                if self.put_back(Some(rank)) {
                    continue;
                }
                break;
            }
            let turn = self.waiting.remove(next);
            self.occupy(slot, turn.session, needs, source);
            self.seat(slot, turn);
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
            self.shelve(index);
            self.waiting.extend(self.slots[index].turn.take());
            self.clear(index);
        }
        gives_way
    }

    /// Moves the idle slot that was used longest ago to the shelf; `false` when there is none.
    pub(super) fn evict(&mut self) -> bool {
        let oldest = slot::idle(&self.slots, None).first().copied();
        if let Some(slot) = oldest {
            self.shelve(slot);
            self.clear(slot);
        }
        oldest.is_some()
    }

    /// Returns the waiting turn that goes first, if its client listens; none of `held`.
    fn next_waiting(&self, held: &[TurnKey]) -> Option<usize> {
        let waiting = self.waiting.iter().enumerate();
        let ready = waiting
            .filter(|(_, turn)| self.outlet.ready(turn.key.client) && !held.contains(&turn.key));
        ready.max_by_key(|(_, turn)| slot::rank(turn, true)).map(|(index, _)| index)
    }

    /// Returns how many cells of a source stay in use by running turns anyway.
    fn shared_with_running(&self, own: usize, source: Source) -> usize {
        let Source::Slot { slot, len } = source else { return 0 };
        slot::overlap(&self.slots, own, &self.slots[slot].cached, len)
    }

    /// Returns whether so many cells are more than the pool has. A turn that would run alone never
    /// exceeds it: its prompt was checked.
    fn exceeds(&self, cells: usize) -> bool {
        cells > self.params.pool_tokens as usize && self.running().next().is_some()
    }

    /// Starts a turn on what its slot holds.
    fn seat(&mut self, slot: usize, mut turn: Turn) {
        let cached = self.slots[slot].cached.len();
        if turn.generated() == 0 {
            turn.cached_tokens = cached;
            let (total, cached) = (count(turn.prompt_tokens), count(cached));
            self.outlet.event(turn.key, TokenEvent::Prefill { done: cached, total, cached });
        }
        self.slots[slot].keep = turn.keep;
        self.slots[slot].turn = Some(turn);
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
