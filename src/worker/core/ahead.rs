//! What is evaluated when nothing else is to be done: what is foreseen of a session's next prompt.

use llama_cpp_2::token::LlamaToken;

use super::Core;
use super::Outlet;
use super::sequence;
use super::source::Source;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Message;
use crate::chat::SessionId;
use crate::prompt::Unit;
use crate::prompt::common_prefix;
use crate::worker::ffi::Decoded;
use crate::worker::keep::Keep;
use crate::worker::model::Memory;
use crate::worker::slot;

/// The most tokens of one step ahead: it delays whoever comes by no more, even where a step cannot
/// be stopped.
const SLICE_TOKENS: usize = 64;

/// What is foreseen of a session's next prompt.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) client: u32,
    pub(super) session: SessionId,
    target: Vec<Unit>,
    keep: Keep,
}

impl<O: Outlet> Core<O> {
    /// Orders what is foreseen of `generation`, whose last message may still grow, to be evaluated
    /// when nothing else is to be done. Replaces the previous order; what cannot be rendered is
    /// dropped, since the turn itself will say why, and so is a long conversation that is not known.
    pub fn prepare(&mut self, client: u32, generation: &Generation, foresight: Foresight) {
        self.ahead = None;
        // It is tokenised twice for every word typed, between the steps of whoever streams.
        if !self.prompts.is_quick(generation) {
            return;
        }
        let mut messages = generation.messages.clone();
        // A state that cannot be cut must not hold a word that may yet be edited away.
        if let Some(last) = messages.last_mut().filter(|_| self.memory == Memory::State) {
            *last = Message::text(last.role, "");
        }
        let Ok(now) = self.prompts.make_of(client, generation, &messages) else { return };
        let foreseen = match foresight {
            // The turn itself evaluates the last one: its logits are wanted then.
            Foresight::Whole if self.memory != Memory::State => now.len().saturating_sub(1),
            // Sure is what stays the same when the last message grows.
            Foresight::Whole | Foresight::Sure => {
                match self.prompts.make_of(client, generation, &grown(&messages)) {
                    Ok(later) => common_prefix(&now, &later),
                    Err(_) => return,
                }
            }
        };
        let context = generation.limits.n_ctx.min(self.params.pool_tokens) as usize;
        if foreseen < context {
            self.ahead = Some(Ahead {
                client,
                session: generation.session,
                target: now[..foreseen].to_vec(),
                keep: Keep::of(generation, client),
            });
        }
    }

    /// Returns for which session the next step only works ahead, if it does.
    pub fn works_ahead(&self) -> Option<SessionId> {
        let busy = !self.waiting.is_empty() || self.running().next().is_some();
        self.ahead.as_ref().filter(|_| !busy).map(|ahead| ahead.session)
    }

    /// Evaluates a slice ahead; `false` when there is none.
    pub(super) fn step_ahead(&mut self) -> bool {
        if self.works_ahead().is_none() {
            return false;
        }
        let Some(ahead) = self.ahead.take() else { return false };
        let Some(index) = self.slot_ahead(&ahead) else { return false };
        let from = self.slots[index].cached.len();
        let to = ahead.target.len().min(from + SLICE_TOKENS);
        self.batch.clear();
        for (position, unit) in (from..to).zip(&ahead.target[from..to]) {
            let Unit::Token(id) = unit else { continue };
            let at = i32::try_from(position).expect("a context is far below 2^31 tokens");
            self.batch.add(LlamaToken(*id), at, sequence(index), false);
        }
        match self.context.decode(&self.batch) {
            Decoded::Done => {
                self.slots[index].cached.fill(&ahead.target[from..to], &mut self.numbers);
            }
            // Somebody came: what was there before this slice serves them.
            Decoded::Aborted if self.memory != Memory::State => {
                self.cut_to(index, from);
                return true;
            }
            // Whatever is half there is not trusted: this was only a guess.
            Decoded::NoRoom | Decoded::Aborted | Decoded::Failed(_) => {
                self.clear(index);
                return true;
            }
        }
        self.ahead = Some(ahead);
        true
    }

    /// Returns a slot that holds the beginning of what is to be evaluated, and has room for the
    /// rest; `None` when there is no room, or nothing left to do. Nobody loses anything for a guess.
    fn slot_ahead(&mut self, ahead: &Ahead) -> Option<usize> {
        let index = slot::choose(&self.slots, ahead.session)?;
        let source = self.find(ahead.session, &ahead.target);
        let own = self.slots[index].session == Some(ahead.session);
        if own && source == (Source::Slot { slot: index, len: ahead.target.len() }) {
            return None;
        }
        let others = self.used_tokens() - self.slots[index].cached.len();
        let room = others + ahead.target.len() < self.params.pool_tokens as usize;
        if !self.shelf.is_open() && !(room && (own || self.slots[index].cached.is_empty())) {
            return None;
        }
        self.occupy(index, ahead.session, ahead.target.len(), source);
        let slot = &mut self.slots[index];
        slot.keep = ahead.keep;
        slot.used = self.turns_ended;
        (slot.cached.len() < ahead.target.len()).then_some(index)
    }
}

/// Returns the conversation as it is when its last message has grown by a word.
fn grown(messages: &[Message]) -> Vec<Message> {
    let mut grown = messages.to_vec();
    if let Some(last) = grown.last_mut() {
        let text = format!("{} x", last.plain());
        *last = Message::text(last.role, text.trim_start());
    }
    grown
}
