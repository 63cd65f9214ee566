//! Questions go out, answers come in.

use crate::app::conversation;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::app::turn::Turn;
use crate::chat::Generation;
use crate::chat::Priority;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;

impl Model {
    /// Sends a question in the session in front, unless an answer is running there.
    pub(super) fn ask(&mut self, question: String, effects: &mut Vec<Effect>) {
        if self.current().running().is_some() {
            self.notice = Some(Notice::info("the answer is still running · Ctrl-C stops it"));
            return;
        }
        let id = TurnId(self.next_turn);
        self.next_turn += 1;
        let generation = self.generation(&question);
        let now = self.now;
        let draft = self.current_mut().composer.take();
        self.history.push(draft.trim_end());
        self.current_mut().open(Turn::new(id, question, now));
        self.notice = None;
        effects.push(Effect::Generate { turn: id, generation });
    }

    /// Puts a question behind the conversation in front.
    pub(super) fn generation(&self, question: &str) -> Generation {
        let session = self.current();
        Generation {
            session: session.id,
            messages: conversation::messages(&self.settings, &session.turns, question),
            sampling: self.settings.sampling.clone(),
            limits: self.settings.limits.clone(),
            priority: Priority::Interactive,
            ephemeral: self.settings.ephemeral,
        }
    }

    /// Takes a step of a turn in; a late one, of a turn that ended or is not known, is dropped.
    pub(super) fn turn(&mut self, id: TurnId, event: TurnEvent) {
        let ends = matches!(event, TurnEvent::Token(TokenEvent::Finished(..)));
        if ends {
            self.orphans.retain(|orphan| *orphan != id);
        }
        let now = self.now;
        let Some(index) = self.sessions.iter().position(|session| session.runs(id)) else { return };
        let Some(turn) = self.sessions[index].running_mut() else { return };
        turn.step(event, now);
        if index == self.current {
            self.touch();
        } else if ends {
            self.sessions[index].news = true;
            self.touch();
        }
    }
}
