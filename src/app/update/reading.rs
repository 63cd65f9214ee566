//! The transcript has the keys: one message is marked, and they act on it.

use crate::app::model::Model;
use crate::app::scroll::Goal;
use crate::app::turn::Turn;
use crate::chat::MessageId;

impl Model {
    /// Gives the keys to the transcript: to the message at the top if it was scrolled to, else to
    /// the newest one.
    pub(super) fn begin_reading(&mut self) {
        let session = self.current_mut();
        let newest = session.turns().iter().rev().flat_map(|turn| turn.messages().rev()).next();
        let at_top = session.scroll.anchor().map(|anchor| anchor.message);
        session.reading = at_top.or(newest);
        if session.reading.is_none() {
            session.scroll.follow();
        }
    }

    /// Marks another message, on by `by`.
    pub(super) fn read(&mut self, by: isize) {
        let Self { sessions, current, next_turn, .. } = self;
        let session = &mut sessions[*current];
        let Some(marked) = session.reading else { return };
        let shown = |turns: &[Turn]| turns.iter().flat_map(Turn::messages).collect::<Vec<_>>();
        let mut messages = shown(session.turns());
        if by < 0 && messages.first() == Some(&marked) && session.reveal(next_turn) {
            messages = shown(session.turns());
        }
        let at = messages.iter().position(|id| *id == marked);
        let to = at.map_or(messages.len(), |at| at.saturating_add_signed(by));
        if let Some(id) = messages.get(to.min(messages.len().saturating_sub(1))) {
            self.mark(*id);
        }
    }

    /// Marks a message and brings it onto the screen.
    pub(super) fn mark(&mut self, id: MessageId) {
        let Self { sessions, current, next_turn, .. } = self;
        let session = &mut sessions[*current];
        session.reveal_message(id, next_turn);
        session.reading = Some(id);
        session.scroll.show(Goal::Message(id));
    }
}
