//! Other wordings, other answers, other ways on: siblings in the tree, and forks of it.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::app::session::Session;
use crate::app::turn::Phase;
use crate::app::turn::Turn;
use crate::app::update::turns::Asking;
use crate::chat::Change;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::chat::Take;
use crate::route::Pin;
use crate::words::word;

impl Model {
    /// Puts the marked question into the draft; what is sent then is its sibling.
    pub(super) fn reword(&mut self) {
        let Some(question) = self.marked_question() else { return };
        let session = self.current_mut();
        let text = session.tree.node(question).map(|node| node.message.plain()).unwrap_or_default();
        session.reading = None;
        session.editing = Some(question);
        session.composer.clear();
        session.composer.paste(&text);
    }

    /// Has the marked question answered once more; the answer there is stays, as a sibling.
    pub(super) fn again(&mut self, effects: &mut Vec<Effect>) {
        if self.is_busy() {
            return;
        }
        if let Some(question) = self.marked_question() {
            self.answer_marked(question, None, effects);
        }
    }

    /// Has the marked question, or the newest one, answered once more on a route of the user's choice,
    /// beside the answer that there is.
    pub(super) fn again_on(&mut self, pin: Pin, effects: &mut Vec<Effect>) {
        if self.is_busy() {
            return;
        }
        if let Some(question) = self.marked_question() {
            self.current_mut().pin_once = Some(pin);
            self.answer_marked(question, None, effects);
        }
    }

    /// Follows `/again`: answers the newest question once more, on the route that is named if any is.
    pub(super) fn again_by_word(&mut self, word: &str, effects: &mut Vec<Effect>) {
        match word {
            "" => self.show_again(effects),
            "local" => self.again_on(Pin::Local, effects),
            "remote" => self.again_on(Pin::Remote(None), effects),
            endpoint => self.again_on(Pin::Remote(Some(endpoint.to_owned())), effects),
        }
    }

    /// Has the marked answer, which was cut short, continued; the one there is stays, as a sibling.
    pub(super) fn go_on(&mut self, effects: &mut Vec<Effect>) {
        if self.is_busy() {
            return;
        }
        let Some(question) = self.marked_question() else { return };
        let session = self.current();
        let turn = session.reading.and_then(|id| session.turn_of(id));
        match turn.map(Turn::phase) {
            Some(Phase::Finished(StopReason::EndOfTurn | StopReason::Stop)) => {
                self.notice = Some(Notice::info(word("answer-complete")));
            }
            Some(Phase::Finished(_)) if turn.is_some_and(Turn::has_answer) => {
                let begun = turn.and_then(Turn::replied);
                let begun = begun.and_then(|placed| session.tree.node(placed.id)).cloned();
                self.answer_marked(question, begun, effects);
            }
            _ => self.answer_marked(question, None, effects),
        }
    }

    /// Goes to the sibling of the marked message that is `by` further on.
    pub(super) fn sibling(&mut self, by: isize, effects: &mut Vec<Effect>) {
        if self.is_busy() {
            return;
        }
        let Self { sessions, current, next_turn, .. } = self;
        let session = &mut sessions[*current];
        let Some(marked) = session.reading else { return };
        let siblings = session.tree.siblings(marked);
        let at = siblings.iter().position(|id| *id == marked);
        let to = at.and_then(|at| at.checked_add_signed(by)).and_then(|to| siblings.get(to));
        let Some(to) = to.copied() else {
            let told =
                if siblings.len() > 1 { word("siblings-end") } else { word("siblings-none") };
            self.notice = Some(Notice::info(told));
            return;
        };
        if session.tree.select(to).is_ok() {
            session.follow_path(next_turn);
            self.mark(to);
            self.save_leaf(effects);
        }
    }

    /// Opens a session that holds the conversation up to the marked message.
    pub(super) fn fork(&mut self, effects: &mut Vec<Effect>) {
        let session = self.current();
        let running = session.running().and_then(Turn::replied).map(|placed| placed.id);
        if running.is_some() && running == session.reading {
            self.is_busy();
            return;
        }
        let into = self.mint.session(self.now);
        let created = self.mint.time(self.now);
        let session = self.current();
        let from = session.id;
        let Some(at) = session.reading.filter(|_| session.is_whole()) else { return };
        let Ok(tree) = session.tree.fork(at) else { return };
        let mut fork = Session::new(into);
        fork.title.clone_from(&session.title);
        fork.tree = tree;
        fork.class = session.class;
        fork.model.clone_from(&session.model);
        fork.follow_path(&mut self.next_turn);
        fork.kept.known = true;
        self.current_mut().reading = None;
        self.sessions.push(fork);
        self.save(Change::Fork { from, at: Some(at), take: Take::All, into, created }, effects);
        self.show(self.sessions.len() - 1);
        self.notice = Some(Notice::info(word("forked")));
    }

    fn answer_marked(
        &mut self,
        question: MessageId,
        begun: Option<Node>,
        effects: &mut Vec<Effect>,
    ) {
        let session = self.current_mut();
        session.reading = None;
        session.scroll.follow();
        let before = session.tree.leaf();
        self.answer(self.current, Asking { begun, ..Asking::again(question, before) }, effects);
    }

    /// Has the question of an answer that broke off answered elsewhere; what there is of it stays, as a
    /// sibling. `at` is where it broke off.
    pub(super) fn begin_anew(&mut self, index: usize, at: Route, effects: &mut Vec<Effect>) {
        let session = &self.sessions[index];
        let asked = session.turns().last().and_then(Turn::asked);
        let (Some(asked), before) = (asked, session.tree.leaf()) else { return };
        let asking = Asking { broke_off: Some(at), ..Asking::again(asked.id, before) };
        self.answer(index, asking, effects);
        if index == self.current {
            self.notice = Some(Notice::info(word("begun-anew")));
        }
    }

    /// Returns the question of the marked turn, of the newest one if none is marked, or says that there
    /// is none.
    pub(super) fn marked_question(&mut self) -> Option<MessageId> {
        let session = self.current();
        let turn = match session.reading {
            Some(id) => session.turn_of(id),
            None => session.turns().last(),
        };
        let asked = turn.filter(|turn| turn.asker() == Role::User).and_then(Turn::asked);
        if asked.is_none() {
            self.notice = Some(Notice::info(word("no-question")));
        }
        asked.map(|placed| placed.id)
    }

    /// Returns whether the path in front cannot change now, and says why.
    pub(super) fn is_busy(&mut self) -> bool {
        let session = self.current();
        let why = match session.running() {
            Some(_) => word("busy"),
            None if session.is_summarising() => word("busy"),
            None if !session.is_whole() => word("still-read"),
            None => return false,
        };
        self.notice = Some(Notice::info(why));
        true
    }
}
