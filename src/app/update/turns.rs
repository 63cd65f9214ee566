//! Questions go out, answers come in.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::app::session::Loaded;
use crate::app::session::Undo;
use crate::app::settings::Settings;
use crate::app::turn::Turn;
use crate::chat::Answer;
use crate::chat::Constraint;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Priority;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::TurnSettings;
use crate::prompt;
use crate::words::word;

impl Model {
    /// Sends the draft in the session in front: as another wording of the question that is being
    /// edited, or behind the conversation, where it queues while an answer is running.
    pub(super) fn ask(&mut self, question: String, effects: &mut Vec<Effect>) {
        let running = self.current().running().is_some() || self.current().is_summarising();
        let editing = self.current().editing;
        if running && editing.is_some() {
            self.notice = Some(Notice::info(word("busy")));
            return;
        }
        let draft = self.current_mut().composer.take();
        self.history.push(draft.trim_end());
        self.notice = None;
        let session = self.current_mut();
        session.reading = None;
        session.editing = None;
        if running || !session.is_whole() {
            if !session.is_whole() {
                session.loaded = Loaded::PageAndAsked;
            }
            session.queue.push_back(question);
            return;
        }
        session.scroll.follow();
        let parent = match editing.and_then(|id| session.tree.node(id)) {
            Some(node) => node.parent,
            None => session.tree.leaf(),
        };
        self.begin(self.current, question, parent, effects);
    }

    /// Sends the next queued prompt of the session in front, which waits there since its answer was
    /// stopped.
    pub(super) fn send_queued(&mut self, effects: &mut Vec<Effect>) {
        if self.current().running().is_none() && self.current().is_whole() {
            self.current_mut().scroll.follow();
            self.take_queued(self.current, effects);
        }
    }

    /// Takes the newest queued prompt back into an empty draft; `false` if there is none.
    pub(super) fn unqueue(&mut self) -> bool {
        let session = self.current_mut();
        let queued = session.composer.is_empty().then(|| session.queue.pop_back()).flatten();
        queued.map(|prompt| session.composer.paste(&prompt)).is_some()
    }

    pub(super) fn take_queued(&mut self, index: usize, effects: &mut Vec<Effect>) {
        if let Some(question) = self.sessions[index].queue.pop_front() {
            let parent = self.sessions[index].tree.leaf();
            self.begin(index, question, parent, effects);
        }
    }

    /// Asks a question behind `parent` in a session that runs nothing.
    fn begin(
        &mut self,
        index: usize,
        question: String,
        parent: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        self.begin_from(index, question, (parent, None), effects);
    }

    /// Asks a question behind `parent`; with `window`, what is before that message is not sent.
    pub(super) fn begin_from(
        &mut self,
        index: usize,
        question: String,
        (parent, window): (Option<MessageId>, Option<MessageId>),
        effects: &mut Vec<Effect>,
    ) {
        let session = &mut self.sessions[index];
        session.name_by(&question);
        let node = Node {
            id: self.mint.message(self.now),
            parent,
            created: self.mint.time(self.now),
            message: Message::text(Role::User, question),
            state: NodeState::Complete,
            answer: None,
        };
        let before = session.tree.leaf();
        // What it follows was found in the tree, and its identity is new.
        if session.tree.add(node.clone()).is_ok() {
            let asked = node.id;
            let asking = Asking { new: Some(node), window, ..Asking::again(asked, before) };
            self.answer(index, asking, effects);
        }
    }

    /// Has a question of a session that runs nothing answered.
    pub(super) fn answer(&mut self, index: usize, asking: Asking, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Asking { asked, new, begun, before, window: wanted, broke_off } = asking;
        let session = &mut self.sessions[index];
        if session.tree.stop_at(asked).is_err() {
            return;
        }
        session.window = wanted.or_else(|| prompt::sent_from(&session.tree.path()));
        let mut generation = self.generation(index, None);
        generation.messages.extend(begun.iter().map(|begun| begun.message.clone()));
        let spans = begun.as_ref().and_then(|begun| begun.answer.as_deref());
        let mut node = Node {
            id: self.mint.message(now),
            parent: Some(asked),
            created: self.mint.time(now),
            message: Message::text(Role::Assistant, ""),
            state: NodeState::Streaming,
            answer: Some(Box::new(Answer {
                spans: spans.map(|answer| answer.spans.clone()).unwrap_or_default(),
                settings: TurnSettings {
                    sent_from: self.sessions[index].window,
                    model: self.sessions[index].model.clone(),
                    ..in_force(&self.settings)
                },
                ..Answer::default()
            })),
        };
        self.taint(index);
        let session = &mut self.sessions[index];
        let nodes: Vec<Node> = new.iter().cloned().chain([node.clone()]).collect();
        session.undo = Some(Undo { before, asked: new.map(|new| new.id), answer: node.id });
        node.message = begun.map_or(node.message, |begun| begun.message);
        if session.tree.add(node).is_err() {
            return;
        }
        session.follow_path(&mut self.next_turn);
        let Some(turn) = session.last_mut() else { return };
        turn.run(now);
        let turn = turn.id();
        let pin = match &broke_off {
            // It is the same question still.
            Some(_) => session.pin_asked.clone(),
            None => session.pin_once.take().or_else(|| session.pin.clone()),
        };
        session.pin_asked.clone_from(&pin);
        self.save_begin(index, nodes, effects);
        self.save_progress(index, effects);
        self.send_out(index, (turn, pin, broke_off), generation, effects);
    }

    /// Takes a turn back that could not begin; what was asked is in the draft again.
    pub(super) fn refused(&mut self, id: TurnId, fault: &Fault) {
        let Some(index) = self.sessions.iter().position(|session| session.runs(id)) else { return };
        let session = &mut self.sessions[index];
        let Some(Undo { before, asked, answer }) = session.undo.take() else { return };
        let question = asked.and_then(|id| session.tree.node(id)).map(|node| node.message.plain());
        // Both were added by the turn itself.
        session.tree.remove(asked.unwrap_or(answer)).ok();
        if let Some(before) = before {
            session.tree.stop_at(before).ok();
        }
        session.follow_path(&mut self.next_turn);
        match question {
            Some(question) if session.composer.is_empty() => session.composer.paste(&question),
            Some(question) => session.queue.push_front(question),
            None => {}
        }
        self.notice = Some(Notice::fault(fault));
        self.touch();
    }

    /// Puts a draft, if there is one, behind the conversation of a session.
    pub(super) fn generation(&self, index: usize, draft: Option<&str>) -> Generation {
        let session = &self.sessions[index];
        let path = session.tree.path();
        let sent = prompt::sent(&path, session.window);
        Generation {
            session: session.id,
            messages: prompt::messages(self.settings.system.as_deref(), sent, draft),
            class: self.settings.privacy.strictest(session.class),
            sampling: self.settings.sampling.clone(),
            constraint: Constraint::Free,
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
        if self.summary_step(id, &event, effects) {
            return;
        }
        let now = self.now;
        let Some(index) = self.sessions.iter().position(|session| session.runs(id)) else { return };
        let Some(turn) = self.sessions[index].running_mut() else { return };
        let routed = matches!(event, TurnEvent::Routed(_));
        turn.step(event, now);
        if routed {
            self.save_route(index, effects);
        } else if ends {
            self.sessions[index].settle();
            self.save_end(index, effects);
            self.overflowed(index, effects);
            let broke_off = self.sessions[index].turns().last().and_then(Turn::broke_off).cloned();
            if let Some(at) = broke_off.filter(|_| !self.is_leaving()) {
                self.begin_anew(index, at, effects);
            }
        } else if self.sessions[index].running().is_some_and(Turn::is_much_unsaved) {
            self.save_progress(index, effects);
        }
        if index == self.current {
            self.touch();
        } else if ends {
            self.sessions[index].news = true;
            self.touch();
        }
        if self.sessions[index].goes_on() && !self.is_leaving() {
            self.take_queued(index, effects);
        }
    }
}

/// What is to be answered, and how a refusal is undone.
pub(super) struct Asking {
    /// The question.
    pub(super) asked: MessageId,
    /// The same, if it is a new one.
    pub(super) new: Option<Node>,
    /// The answer that is to be continued.
    pub(super) begun: Option<Node>,
    /// The leaf that was selected before.
    pub(super) before: Option<MessageId>,
    /// The oldest message that is sent, if the user has just left others out.
    pub(super) window: Option<MessageId>,
    /// Where an answer to it broke off, if this one is begun for that.
    pub(super) broke_off: Option<Route>,
}

impl Asking {
    /// Has a question that is there answered; `before` is the leaf that was selected.
    pub(super) fn again(asked: MessageId, before: Option<MessageId>) -> Self {
        Self { asked, new: None, begun: None, before, window: None, broke_off: None }
    }
}

fn in_force(settings: &Settings) -> TurnSettings {
    TurnSettings {
        profile: settings.profile.clone(),
        system: settings.system.clone(),
        sampling: settings.sampling.clone(),
        limits: settings.limits.clone(),
        sent_from: None,
        model: None,
    }
}
