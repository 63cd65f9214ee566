//! Questions go out, answers come in.

use crate::app::conversation;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::turn::Turn;
use crate::chat::Generation;
use crate::chat::Priority;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;

impl Model {
    /// Sends the draft in the session in front, or queues it while an answer is running there.
    pub(super) fn ask(&mut self, question: String, effects: &mut Vec<Effect>) {
        let draft = self.current_mut().composer.take();
        self.history.push(draft.trim_end());
        self.notice = None;
        if self.current().running().is_some() {
            self.current_mut().queue.push_back(question);
        } else {
            self.current_mut().scroll.follow();
            self.begin(self.current, question, effects);
        }
    }

    /// Sends the next queued prompt of the session in front, which waits there since its answer was
    /// stopped.
    pub(super) fn send_queued(&mut self, effects: &mut Vec<Effect>) {
        if self.current().running().is_none()
            && let Some(question) = self.current_mut().queue.pop_front()
        {
            self.current_mut().scroll.follow();
            self.begin(self.current, question, effects);
        }
    }

    /// Takes the newest queued prompt back into an empty draft; `false` if there is none.
    pub(super) fn unqueue(&mut self) -> bool {
        let session = self.current_mut();
        let queued = session.composer.is_empty().then(|| session.queue.pop_back()).flatten();
        queued.map(|prompt| session.composer.paste(&prompt)).is_some()
    }

    /// Asks a question in a session that runs nothing.
    fn begin(&mut self, index: usize, question: String, effects: &mut Vec<Effect>) {
        let id = TurnId(self.next_turn);
        self.next_turn += 1;
        let generation = self.generation(index, &question);
        let turn = Turn::new(id, question, self.now);
        self.sessions[index].open(turn);
        effects.push(Effect::Generate { turn: id, generation });
    }

    /// Puts a question behind the conversation of a session.
    pub(super) fn generation(&self, index: usize, question: &str) -> Generation {
        let session = &self.sessions[index];
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
    /// One that ended by itself lets the next queued prompt go.
    pub(super) fn turn(&mut self, id: TurnId, event: TurnEvent, effects: &mut Vec<Effect>) {
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
        if self.sessions[index].goes_on()
            && !self.is_leaving()
            && let Some(question) = self.sessions[index].queue.pop_front()
        {
            self.begin(index, question, effects);
        }
    }
}
