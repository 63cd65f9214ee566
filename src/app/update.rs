//! One message in, effects out. Each file under it handles one kind.

mod acting;
mod ahead;
mod beside;
mod choosing;
mod egress;
mod filling;
mod finding;
mod full;
mod growing;
mod keys;
mod leaving;
mod lines;
mod opening;
mod outlook;
mod reading;
mod routing;
mod saving;
mod selecting;
mod sessions;
#[cfg(test)]
mod tests;
mod turns;
mod variants;

pub(super) use acting::source;
pub(super) use ahead::Ahead;
pub(super) use ahead::Typing;
pub use beside::Recent;
pub(super) use egress::Held;
pub(super) use filling::Files;
pub use growing::Larger;
pub use outlook::Cost;
pub(super) use outlook::Sight;

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::app::notice::Level;
use crate::app::notice::Notice;
use crate::app::scroll::Laid;
use crate::chat::Fault;
use crate::chat::Health;
use crate::chat::LoadState;

impl Model {
    /// Takes one message in and returns what is to be done, in order.
    ///
    /// No I/O, no clock. After [`Effect::Exit`] it does nothing any more.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.gone {
            return effects;
        }
        self.take(msg, &mut effects);
        self.notice_desk();
        self.fit_model(&mut effects);
        self.look_beside(&mut effects);
        self.watch(&mut effects);
        self.look_for_files(&mut effects);
        self.look_ahead(&mut effects);
        self.look_out(&mut effects);
        self.depart(&mut effects);
        effects
    }

    fn take(&mut self, msg: Msg, effects: &mut Vec<Effect>) {
        match msg {
            Msg::Key { key, at } => {
                self.observe(at);
                self.key(key, effects);
            }
            Msg::Line { line, at } => self.line_typed(&line, at, effects),
            Msg::Paste(text) => self.paste(&text, effects),
            Msg::Resize { width, height } => self.resize(width, height),
            Msg::Turn { turn, event, at } => {
                self.observe(at);
                self.turn(turn, event, effects);
            }
            Msg::Load { state, at } => {
                self.observe(at);
                self.load(state);
            }
            Msg::Health(health) => self.health(health),
            Msg::Lost(fault) => self.lost(fault, effects),
            Msg::Tick(at) => {
                self.observe(at);
                self.look_again(effects);
                self.save_due(effects);
                self.touch();
            }
            Msg::Refused { turn, fault } => self.refused(turn, &fault),
            Msg::Told(line) => self.say(Notice::info(&line)),
            Msg::Edited(_)
            | Msg::Attached(_)
            | Msg::Files { .. }
            | Msg::Wheel(_)
            | Msg::Mouse(_)
            | Msg::Click { .. }
            | Msg::ClickSession(_)
            | Msg::Saving(_)
            | Msg::Foreseen { .. }
            | Msg::Places(_)
            | Msg::Shelved(_)
            | Msg::Recent(_)
            | Msg::NoModel { .. } => {
                self.by_hand(msg, effects);
            }
            Msg::Opened { info, page } => self.opened(&info, page),
            Msg::Whole { session, nodes, leaf, class } => {
                self.tighten(session, class);
                self.whole(session, nodes, leaf, effects);
            }
            Msg::Grown { session, nodes, leaf, class } => {
                self.tighten(session, class);
                self.grown(session, nodes, leaf);
            }
            Msg::Changed => self.changed(effects),
            Msg::Listed(entries) => self.listed(entries, effects),
            Msg::Previewed { session, messages } => self.previewed(session, &messages),
            Msg::Found { query, hits } => self.found(&query, hits),
            Msg::Missing(fault) | Msg::Damaged(fault) => self.say(Notice::fault(&fault)),
            Msg::Laid(laid) => self.laid(&laid),
            Msg::Quit(at) => self.leave_at(at, effects),
            Msg::Deadline => self.abandon(effects),
            Msg::Redraw => self.touch(),
        }
    }

    /// Takes what comes of the mouse and of the user's editor, and what was asked for.
    fn by_hand(&mut self, msg: Msg, effects: &mut Vec<Effect>) {
        match msg {
            Msg::Edited(text) => self.edited(&text),
            Msg::Attached(read) => self.attached(read, effects),
            Msg::Files { asked, names } => self.files(&asked, names),
            Msg::Wheel(rows) => self.wheel(rows),
            Msg::Mouse(taken) => self.mouse = taken,
            Msg::Click { message, block } => self.click(message, block, effects),
            Msg::ClickSession(session) => self.click_session(session, effects),
            Msg::Saving(saving) => self.saving = saving,
            _ => return self.learn(msg),
        }
        self.touch();
    }

    /// Takes in what is known of routes and models.
    fn learn(&mut self, msg: Msg) {
        match msg {
            Msg::Foreseen { number, outlook } => self.foreseen(number, outlook),
            Msg::Places(places) => self.places_told(places),
            Msg::Shelved(models) => self.shelf_told(models),
            Msg::Recent(listed) => self.recently_saved(&listed),
            Msg::NoModel { session, fault } => self.no_model(session, &fault),
            _ => {}
        }
    }

    fn say(&mut self, notice: Notice) {
        self.notice = Some(notice);
        self.touch();
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        for session in &mut self.sessions {
            session.conceal();
        }
        self.touch();
    }

    fn load(&mut self, state: LoadState) {
        if matches!(state, LoadState::Ready(_))
            && self.notice.as_ref().is_some_and(|notice| notice.level == Level::Bad)
        {
            self.notice = None;
        }
        if let LoadState::Ready(info) = &state {
            self.smaller = None;
            if let Some(words) = info.fall_back() {
                self.notice = Some(Notice::info(words));
            }
        }
        self.engine.load(state, self.now);
        self.touch();
    }

    fn health(&mut self, health: Health) {
        if self.engine.health.as_ref() != Some(&health) {
            self.engine.observe(health);
            self.touch();
        }
    }

    fn leave_at(&mut self, at: Duration, effects: &mut Vec<Effect>) {
        self.observe(at);
        self.leave(effects);
    }

    /// The engine is gone. An answer that it cut short says so itself.
    fn lost(&mut self, fault: Fault, effects: &mut Vec<Effect>) {
        self.shrink_again(effects);
        if self.current().running().is_none() {
            self.notice = Some(Notice::fault(&fault));
        }
        self.engine.lost(fault);
        // A new engine has nothing evaluated.
        self.ahead = None;
        self.touch();
    }

    /// Remembers what was drawn; nothing on the screen depends on it before the next key.
    fn laid(&mut self, laid: &Laid) {
        self.composer_width = laid.composer_width;
        self.help_slack = laid.help_slack;
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == laid.session) {
            session.scroll.laid(laid);
        }
    }
}
