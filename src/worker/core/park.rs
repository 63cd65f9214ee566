//! Sessions between the pool and the shelf.
//!
//! What is in the pool costs every token that is generated, its own or not: attention looks at all
//! cells up to the last one in use. So only running turns stay there, and the sessions that are
//! idle go to memory when another one begins. Moving is lazy: as long as nothing else runs, a
//! session's next turn finds its cells where they are.

use std::sync::Arc;

use super::Core;
use super::Outlet;
use super::sequence;
use super::source::Source;
use crate::chat::SessionId;
use crate::worker::cells;
use crate::worker::keep::Keep;
use crate::worker::model::Memory;
use crate::worker::shelf::Piece;
use crate::worker::shelf::Saved;
use crate::worker::slot;

/// Tokens of one piece: moving it holds up a stream by a few milliseconds, and sessions that
/// begin alike share whole ones.
const PIECE_TOKENS: usize = 256;

impl<O: Outlet> Core<O> {
    /// Makes `slot` the place of a session that needs so many cells, with what `source` has of its
    /// prompt. Sessions that are idle make room.
    pub(super) fn occupy(&mut self, slot: usize, session: SessionId, needs: usize, source: Source) {
        for index in slot::idle(&self.slots, None) {
            let other = self.slots[index].session != Some(session);
            if other && !matches!(self.slots[index].keep, Keep::OneShot(_)) {
                self.shelve(index);
            }
        }
        match source {
            Source::Slot { slot: of, len } if of != slot => {
                self.clear(slot);
                self.copy(of, slot, len);
            }
            Source::Slot { len, .. } => self.cut_to(slot, len),
            Source::Nothing | Source::Shelf { .. } => self.clear(slot),
        }
        for index in slot::idle(&self.slots, Some(slot)) {
            // Without a shelf they stay as long as there is room.
            if self.shelf.is_open() || !self.fits(slot, needs) {
                self.clear(index);
            }
        }
        if let Source::Shelf { session, len } = source {
            self.load(slot, session, len);
        }
        if !self.goes_on_from(slot, self.slots[slot].cached.len()) {
            self.clear(slot);
        }
        self.slots[slot].session = Some(session);
    }

    /// Moves a piece of an idle session out of the way of those that run; one a step, so that no
    /// stream stalls.
    pub(super) fn tidy(&mut self) {
        if !self.shelf.is_open() || self.running().next().is_none() {
            return;
        }
        let Some(index) = slot::idle(&self.slots, None).first().copied() else { return };
        let wanted = !matches!(self.slots[index].keep, Keep::OneShot(_));
        if !wanted || !self.shelve_piece(index) {
            self.clear(index);
        }
    }

    /// Puts all of a slot's session on the shelf, as far as there is room; its cells stay.
    pub(super) fn shelve(&mut self, slot: usize) {
        while self.shelve_piece(slot) {}
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

    /// Puts a slot's next piece on the shelf; `false` when there is none left, or no room.
    fn shelve_piece(&mut self, slot: usize) -> bool {
        let Some(session) = self.slots[slot].session.filter(|_| self.shelf.is_open()) else {
            return false;
        };
        let (keep, units) = (self.slots[slot].keep, self.slots[slot].cached.units().to_vec());
        let (mut pieces, mut done) = self.shelf.pieces_of(&units);
        if done < units.len() {
            // A short piece at the end grows instead of getting a neighbour.
            let whole = self.memory == Memory::Cells;
            while let Some(last) = pieces.pop_if(|last| !whole || last.tokens < PIECE_TOKENS) {
                done -= last.tokens;
            }
            let to = if whole { units.len().min(done + PIECE_TOKENS) } else { units.len() };
            let Some(bytes) = self.read(slot, done, to) else { return false };
            pieces.push(Arc::new(Piece { tokens: to - done, bytes }));
            done = to;
        }
        let more = done < units.len();
        let saved = Saved { session, keep, units: units[..done].to_vec(), pieces };
        self.shelf.put(saved) && more
    }

    /// Reads the tokens `from..to` of a slot out of the cache.
    fn read(&mut self, slot: usize, from: usize, to: usize) -> Option<Vec<u8>> {
        if self.memory != Memory::Cells {
            return self.context.save(sequence(slot));
        }
        let at = |position| i32::try_from(position).unwrap_or(i32::MAX);
        let aside = self.aside();
        self.context.share(sequence(slot), aside, at(from), at(to));
        let bytes = self.context.save(aside);
        self.context.cut(aside, 0);
        bytes
    }

    /// Brings the first `len` tokens of a session back into an empty slot.
    fn load(&mut self, slot: usize, session: SessionId, len: usize) {
        let Some(saved) = self.shelf.touch(session) else { return };
        let mut done = 0;
        for piece in saved.pieces {
            if done >= len || !self.write(slot, &piece.bytes) {
                break;
            }
            let units = &saved.units[done..done + piece.tokens];
            self.slots[slot].cached.fill(units, &mut self.numbers);
            done += piece.tokens;
        }
        if done > len {
            self.cut_to(slot, len);
        }
    }

    /// Puts a piece behind what a slot holds; `false` when there are no cells for it.
    fn write(&mut self, slot: usize, bytes: &[u8]) -> bool {
        if self.memory != Memory::Cells {
            return self.context.restore(sequence(slot), bytes);
        }
        let aside = self.aside();
        if !self.context.restore(aside, bytes) {
            return false;
        }
        self.context.share(aside, sequence(slot), 0, -1);
        self.context.cut(aside, 0);
        true
    }

    /// Gives an empty slot the first `len` tokens of another one, in the same cells.
    fn copy(&mut self, of: usize, to: usize, len: usize) {
        let until = i32::try_from(len).unwrap_or(i32::MAX);
        self.context.share(sequence(of), sequence(to), 0, until);
        self.slots[to].cached = self.slots[of].cached.share(len);
    }

    /// Returns whether a turn that needs so many cells fits into `own` slot beside all others.
    fn fits(&self, own: usize, needs: usize) -> bool {
        let others = self.slots.iter().enumerate().filter(|(index, _)| *index != own);
        let others: Vec<&cells::Cells> = others.map(|(_, slot)| &slot.cached).collect();
        let missing = slot::running(&self.slots).filter(|(index, ..)| *index != own);
        let missing = missing.map(|(_, slot, turn)| turn.needs() - slot.cached.len());
        let taken = cells::distinct(&others) + missing.sum::<usize>();
        taken + needs <= self.params.pool_tokens as usize
    }

    /// Returns the sequence beside those of the slots, for pieces on their way.
    fn aside(&self) -> i32 {
        sequence(self.slots.len())
    }
}
