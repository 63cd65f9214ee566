//! Sessions of this run: open, change, close.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::session::Session;

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

    /// Closes an empty session at once and asks before another is forgotten.
    pub(super) fn ask_to_close(&mut self, effects: &mut Vec<Effect>) {
        if self.current().turns().is_empty() {
            self.close_session(effects);
        } else {
            self.overlay = Some(Overlay::Close);
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

    fn remove(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let mut session = self.sessions.remove(index);
        if let Some(turn) = session.running_mut() {
            if turn.stop() {
                effects.push(Effect::Cancel(turn.id()));
            }
            self.orphans.push(turn.id());
        }
        effects.push(Effect::Forget(session.id));
    }

    pub(super) fn show(&mut self, index: usize) {
        self.current = index;
        self.current_mut().news = false;
        self.touch();
    }
}
