//! The first turn of a session that may leave this device waits for the user's word.

use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::chat::Generation;
use crate::chat::Key;
use crate::chat::TurnId;
use crate::route::Pin;

impl Model {
    /// Begins a turn; the first of a session that may go to an endpoint is held until the user has
    /// answered.
    pub(super) fn send_out(
        &mut self,
        index: usize,
        (turn, pin): (TurnId, Option<Pin>),
        generation: Generation,
        effects: &mut Vec<Effect>,
    ) {
        let may_leave = self.settings.leaves_to.is_some() && pin != Some(Pin::Local);
        let effect = Effect::Generate { turn, generation, pin };
        let asks = may_leave && !self.sessions[index].asked_to_leave;
        if asks && index == self.current {
            self.held = Some(effect);
            self.overlay = Some(Overlay::Egress);
        } else {
            effects.push(effect);
        }
    }

    /// Takes the answer to whether a session may leave this device. "No" is remembered as well: the
    /// turn goes on as it can without.
    pub(super) fn egress_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        let answer = match super::leaving::answer(key) {
            None if action == Some(Action::Interrupt) => Some(false),
            answer => answer,
        };
        let Some(may) = answer else { return };
        self.overlay = None;
        let session = self.current_mut();
        session.asked_to_leave = true;
        let id = session.id;
        if may {
            effects.push(Effect::Allow(id));
        }
        self.let_go(effects);
    }

    /// Begins what was held, allowed or not.
    pub(super) fn let_go(&mut self, effects: &mut Vec<Effect>) {
        effects.extend(self.held.take());
    }
}
