//! One step: fill a batch, evaluate it, draw the next tokens.

use std::time::Duration;

use llama_cpp_2::token::LlamaToken;

use super::Core;
use super::Outlet;
use super::now;
use super::sequence;
use crate::chat::Fault;
use crate::chat::Priority;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::prompt::Unit;
use crate::worker::ffi::Decoded;
use crate::worker::model::Memory;
use crate::worker::pace::Bucket;
use crate::worker::plan::SLICE_TOKENS_MIN;
use crate::worker::plan::Share;
use crate::worker::plan::View;
use crate::worker::plan::plan;
use crate::worker::plan::slice_rate;
use crate::worker::plan::slice_tokens;
use crate::worker::slot::Slot;
use crate::worker::turn::count;

/// A share of the batch with the row that its next token is drawn from.
struct Fed {
    share: Share,
    row: Option<i32>,
}

impl<O: Outlet> Core<O> {
    /// Admits what waits and evaluates one batch; `false` when there was nothing to do, because
    /// nothing runs or every client of a running turn has a full queue.
    pub fn step(&mut self) -> bool {
        self.admit();
        let mut views = self.views();
        if self.strained {
            self.hold_back(&mut views);
        }
        if views.is_empty() {
            return self.step_ahead();
        }
        let batch_tokens = self.params.batch_tokens as usize;
        let streams = views.iter().any(|view| view.streams);
        let paced = || slice_tokens(self.slice_rate, streams, batch_tokens);
        let slice = self.slice_tokens.unwrap_or_else(paced);
        let fed = self.fill(&plan(&views, slice, batch_tokens));
        let begun = now();
        let decoded = self.context.decode(&self.batch);
        let time = now().saturating_duration_since(begun);
        match decoded {
            Decoded::Done => self.advance(&fed, time),
            Decoded::NoRoom => self.free_room(&fed),
            Decoded::Aborted => self.resync(&fed),
            Decoded::Failed(code) => self.fail(&fed, code),
        }
        self.tidy();
        true
    }

    /// Returns the running turns whose clients take more.
    fn views(&self) -> Vec<View> {
        let slots = self.slots.iter().enumerate();
        let listening = slots.filter(|(_, slot)| {
            slot.turn.as_ref().is_some_and(|turn| self.outlet.ready(turn.key.client))
        });
        listening.filter_map(|(index, slot)| slot.view(index)).collect()
    }

    /// Leaves scripts out of the step while others want this machine and somebody looks on.
    fn hold_back(&mut self, views: &mut Vec<View>) {
        if !views.iter().any(|view| view.priority == Priority::Interactive) {
            return;
        }
        let at = now();
        views.retain(|view| {
            let turn = self.slots[view.slot].turn.as_mut();
            turn.is_none_or(|turn| !turn.is_held_back(at))
        });
    }

    /// Puts the planned tokens into the batch.
    fn fill(&mut self, shares: &[Share]) -> Vec<Fed> {
        let begun = now();
        self.batch.clear();
        let mut fed = Vec::with_capacity(shares.len());
        for share in shares {
            let slot = &mut self.slots[share.slot];
            let Some(turn) = slot.turn.as_mut() else { continue };
            turn.begin(begun);
            let (first, last) = (slot.cached.len(), slot.cached.len() + share.take);
            let mut row = None;
            for position in first..last {
                let output = position + 1 == turn.target.len();
                let at = i32::try_from(position).expect("a context is far below 2^31 tokens");
                // A template takes no media yet, so a prompt holds none.
                let Unit::Token(id) = turn.target[position] else { continue };
                let added = self.batch.add(LlamaToken(id), at, sequence(share.slot), output);
                row = output.then_some(added);
            }
            fed.push(Fed { share: *share, row });
        }
        fed
    }

    /// The batch is in the cache: notes it and draws the next tokens.
    fn advance(&mut self, fed: &[Fed], time: Duration) {
        let prompts: usize = fed.iter().map(|fed| fed.share.take).filter(|take| *take > 1).sum();
        if prompts >= SLICE_TOKENS_MIN {
            self.prefill_rate.add(prompts, time);
        }
        // A few tokens that were all that was missing tell nothing of larger slices.
        let cut = fed.iter().any(|fed| fed.row.is_none());
        if prompts > 0 && (cut || prompts >= SLICE_TOKENS_MIN) {
            // When others take the machine the next slice has to know at once, not on average.
            self.slice_rate = Some(slice_rate(prompts, time, self.decode_time));
        }
        if prompts == 0 {
            let usual = self.decode_time.unwrap_or(time);
            self.decode_time = Some((usual * 3 + time) / 4);
            let bucket = Bucket::new(self.params.threads, fed.len(), self.used_tokens());
            self.pace.note(bucket, time);
        }
        for fed in fed {
            let slot = &mut self.slots[fed.share.slot];
            let Some(turn) = slot.turn.as_ref() else { continue };
            let (from, to) = (slot.cached.len(), slot.cached.len() + fed.share.take);
            slot.cached.fill(&turn.target[from..to], &mut self.numbers);
            if turn.generated() == 0 {
                let event = TokenEvent::Prefill {
                    done: count(slot.cached.len()),
                    total: count(turn.prompt_tokens),
                    cached: count(turn.cached_tokens),
                };
                self.outlet.event(turn.key, event);
            }
            if let Some(row) = fed.row {
                self.draw(fed.share.slot, row);
            }
        }
    }

    /// Draws a slot's next token and ends its turn where it ends.
    fn draw(&mut self, slot: usize, row: i32) {
        let Some(turn) = self.slots[slot].turn.as_mut() else { return };
        let Some(token) = turn.sampler().sample(&mut self.context, row) else {
            let fault = Fault::new("nothing in the model's vocabulary fits the schema here");
            self.finish(slot, StopReason::Interrupted(fault));
            return;
        };
        let step = turn.take(token, &self.model, now());
        if let Some(text) = step.text {
            self.outlet.event(turn.key, TokenEvent::Delta(text));
        }
        if let Some(end) = step.end {
            self.finish(slot, end);
        }
    }

    /// No cells for the batch, and nothing changed: idle cells go first, then a running turn
    /// steps back, and only a turn that is alone with the whole pool has met its end.
    fn free_room(&mut self, fed: &[Fed]) {
        if self.evict() || self.put_back(None) {
            return;
        }
        for fed in fed {
            self.finish(fed.share.slot, StopReason::ContextFull);
        }
    }

    /// Reads back what is in the cache after a step that was stopped in the middle.
    fn resync(&mut self, fed: &[Fed]) {
        for fed in fed {
            let slot = fed.share.slot;
            if self.memory == Memory::State {
                // The state may have been half written, and its position says nothing of it.
                self.context.cut(sequence(slot), 0);
                self.slots[slot].cached.truncate(0);
                continue;
            }
            let cached = self.context.cached(sequence(slot));
            let Slot { cached: cells, turn: Some(turn), .. } = &mut self.slots[slot] else {
                continue;
            };
            // The next token is drawn from the last one's logits, which are lost: it goes again.
            let known = cached.min(turn.target.len() - 1);
            cells.truncate(known);
            let new = &turn.target[cells.len()..known];
            cells.fill(new, &mut self.numbers);
            let cut = i32::try_from(known).unwrap_or(0);
            let cut = known == cached || self.context.cut(sequence(slot), cut);
            if !cut || !self.goes_on_from(slot, known) {
                self.context.cut(sequence(slot), 0);
                self.slots[slot].cached.truncate(0);
            }
        }
    }

    /// llama.cpp failed: the turns of this batch end, their cells are not trusted.
    fn fail(&mut self, fed: &[Fed], code: i32) {
        for fed in fed {
            let fault = Fault::new(format!("llama.cpp could not evaluate the batch (code {code})"));
            let turn = self.slots[fed.share.slot].turn.as_ref();
            let begun = turn.is_some_and(|turn| turn.generated() > 0);
            let reason = if begun { StopReason::Interrupted } else { StopReason::Failed };
            self.finish(fed.share.slot, reason(fault));
            self.clear(fed.share.slot);
        }
    }
}
