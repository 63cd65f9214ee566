//! Sessions of this run: open, change, close.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::session::Session;
use crate::chat::Change;
use crate::chat::StopReason;
use crate::chat::Usage;

impl Model {
    /// Opens an empty session and shows it.
    pub(super) fn open_session(&mut self) {
        let id = self.mint.session(self.now);
        self.sessions.push(Session::new(id));
        self.show(self.sessions.len() - 1);
    }

    /// Goes on by `by` sessions, around the end.
    pub(super) fn turn_to(&mut self, by: isize) {
        let count = self.sessions.len();
        // Steps are by one: going back by one is going on by all but one.
        let forth = if by < 0 { count - by.unsigned_abs() % count } else { by.unsigned_abs() };
        self.show((self.current + forth) % count);
    }

    /// Goes to a session by its number on the screen, from 1.
    pub(super) fn go_to(&mut self, number: usize) {
        if (1..=self.sessions.len()).contains(&number) {
            self.show(number - 1);
        }
    }

    /// Closes the session in front. One that goes with its window, or whose answer is running, is
    /// asked about before.
    pub(super) fn ask_to_close(&mut self, effects: &mut Vec<Effect>) {
        let session = self.current();
        let lost = self.settings.ephemeral && !session.turns().is_empty();
        if lost || session.running().is_some() {
            self.overlay = Some(Overlay::Close);
        } else {
            self.close_session(effects);
        }
    }

    /// Closes the session in front; the only one makes way for a new one.
    pub(super) fn close_session(&mut self, effects: &mut Vec<Effect>) {
        let closing = self.current;
        if self.sessions.len() == 1 {
            self.open_session();
        }
        self.remove(closing, effects);
        self.show(closing.min(self.sessions.len() - 1));
    }

    /// Closes a session that is deleted and runs nothing.
    pub(super) fn drop_session(&mut self, index: usize) {
        if self.sessions.len() == 1 {
            self.open_session();
        }
        self.sessions.remove(index);
        let front = self.current - usize::from(self.current > index);
        self.show(front.min(self.sessions.len() - 1));
    }

    fn remove(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let now = self.now;
        if let Some(turn) = self.sessions[index].running_mut() {
            let (id, stops) = (turn.id(), turn.stop());
            if stops {
                effects.push(Effect::Cancel(id));
            }
            self.orphans.push(id);
            // What comes of it later is not looked at any more: this is its end.
            turn.finish(StopReason::Cancelled, Usage::default(), now);
            self.sessions[index].settle();
            self.save_end(index, effects);
        }
        let session = &self.sessions[index];
        if session.kept.known && session.is_blank() {
            self.save(Change::Remove(session.id), effects);
        } else {
            self.save_desk(index, effects);
        }
        let session = self.sessions.remove(index);
        if self.settings.ephemeral {
            effects.push(Effect::Forget(session.id));
        }
    }

    pub(super) fn show(&mut self, index: usize) {
        self.current = index;
        self.current_mut().news = false;
        self.touch();
    }
}
