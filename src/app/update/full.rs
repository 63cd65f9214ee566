//! A conversation that no longer fits its context: nothing is left out unless the user says so.

use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::app::session::Session;
use crate::app::session::Summary;
use crate::app::turn::Turn;
use crate::app::update::turns::Asking;
use crate::chat::Change;
use crate::chat::Constraint;
use crate::chat::FaultKind;
use crate::chat::Generation;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Priority;
use crate::chat::Role;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::config::OnFull;
use crate::prompt::Density;
use crate::prompt::oldest_to_drop;
use crate::route::Pin;
use crate::words::word;

/// The part of the context that is kept free for the answer.
const FOR_THE_ANSWER: u32 = 4;

/// The longest summary, in tokens.
const SUMMARY_TOKENS: u32 = 300;

const SUMMARISE: &str =
    "You sum conversations up. Keep names, numbers, decisions and open questions.";

impl Model {
    /// Returns what would go so that the newest question fits: the questions, oldest first, and the
    /// first message that is kept.
    pub fn dropping(&self) -> Option<(Vec<&str>, MessageId)> {
        let (dropped, kept) = self.dropped(self.current)?;
        Some((dropped.iter().map(|turn| turn.question()).collect(), kept))
    }

    /// Decides what happens with a turn that failed because it did not fit.
    pub(super) fn overflowed(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let session = &self.sessions[index];
        let Some(turn) = session.turns().last() else { return };
        let full = turn.end().and_then(StopReason::fault).map(|fault| fault.kind);
        if full != Some(FaultKind::TooLong) || self.is_leaving() {
            return;
        }
        // What goes is to be seen, and it is the oldest.
        self.sessions[index].reveal_all(&mut self.next_turn);
        let session = &self.sessions[index];
        let Some(turn) = session.turns().last() else { return };
        // What was tried once and was still too much is for the user to decide.
        let again = turn.replied().is_some_and(|placed| placed.of > 1);
        match self.settings.on_full {
            OnFull::DropOldest if !again => self.drop_oldest(index, effects),
            OnFull::Summarise if !again => self.summarise(index, effects),
            OnFull::Stop => {}
            OnFull::Ask | OnFull::DropOldest | OnFull::Summarise => {
                if index == self.current && self.overlay.is_none() {
                    self.overlay = Some(Overlay::Full);
                }
            }
        }
    }

    /// Takes a key of the question.
    pub(super) fn full_key(&mut self, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
        let index = self.current;
        match (key.code, action) {
            (KeyCode::Esc, _) | (_, Some(Action::Interrupt)) => self.overlay = None,
            _ if key.mods.ctrl || key.mods.alt => {}
            (KeyCode::Char('d'), _) => {
                self.overlay = None;
                self.drop_oldest(index, effects);
            }
            (KeyCode::Char('s'), _) => {
                self.overlay = None;
                self.summarise(index, effects);
            }
            (KeyCode::Char('l'), _) => self.enlarge(effects),
            (KeyCode::Char('f'), _) => {
                self.overlay = None;
                // The fork is the same conversation; there the oldest are left out, here nothing is.
                let asked = self.current().turns().last().and_then(Turn::asked);
                let before = asked.and_then(|placed| self.current().tree.node(placed.id)?.parent);
                let question = self.current().turns().last().map(|turn| turn.question().to_owned());
                self.current_mut().reading = before;
                self.fork(effects);
                if let Some(question) = question {
                    self.current_mut().composer.paste(&question);
                }
            }
            _ => {}
        }
    }

    /// Asks the newest question again without the oldest turns; they stay where they are.
    fn drop_oldest(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let kept = self.dropped(index).map(|(_, kept)| kept);
        let session = &self.sessions[index];
        let asked = session.turns().last().and_then(Turn::asked);
        let (Some(kept), Some(asked)) = (kept, asked) else {
            return self.nothing_to_drop();
        };
        let before = session.tree.leaf();
        let asking = Asking { window: Some(kept), ..Asking::again(asked.id, before) };
        self.answer(index, asking, effects);
    }

    /// Has the oldest turns summed up by the engine, then asks again with the summary in their
    /// place.
    fn summarise(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let Some((dropped, kept)) = self.dropped(index) else { return self.nothing_to_drop() };
        let said = dropped
            .iter()
            .map(|turn| format!("User: {}\n\nAssistant: {}\n\n", turn.question(), turn.answer()));
        let text =
            format!("Sum this conversation up in a few sentences.\n\n{}", said.collect::<String>());
        let turn = TurnId(self.next_turn);
        self.next_turn += 1;
        let generation = Generation {
            session: self.mint.session(self.now),
            messages: vec![Message::text(Role::System, SUMMARISE), Message::text(Role::User, text)],
            class: self.settings.privacy.strictest(self.sessions[index].class),
            sampling: self.settings.sampling.clone(),
            constraint: Constraint::Free,
            limits: Limits { max_tokens: Some(SUMMARY_TOKENS), ..self.settings.limits.clone() },
            priority: Priority::Interactive,
            ephemeral: true,
        };
        self.sessions[index].summary = Some(Summary { turn, kept, text: String::new() });
        self.orphans.push(turn);
        self.notice = Some(Notice::info(word("summing-up")));
        // A summary holds all that was said: it runs where nothing leaves.
        let pin = Some(Pin::Local);
        effects.push(Effect::Generate { turn, generation, pin, broke_off: None });
    }

    /// Takes a step of a summary in; `false` if the turn is none.
    pub(super) fn summary_step(
        &mut self,
        id: TurnId,
        event: &TurnEvent,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let of = |session: &Session| session.summary.as_ref().is_some_and(|it| it.turn == id);
        let Some(index) = self.sessions.iter().position(of) else { return false };
        match event {
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                if let Some(summary) = &mut self.sessions[index].summary {
                    summary.text.push_str(text);
                }
            }
            TurnEvent::Token(TokenEvent::Finished(reason, _)) => {
                let Some(summary) = self.sessions[index].summary.take() else { return true };
                self.notice = match reason {
                    StopReason::EndOfTurn | StopReason::Stop | StopReason::Length => None,
                    StopReason::Cancelled => Some(Notice::info(word("summary-stopped"))),
                    _ => reason.fault().map(Notice::fault),
                };
                if self.notice.is_none() && !summary.text.trim().is_empty() {
                    self.ask_with(index, &summary, effects);
                }
                self.touch();
            }
            TurnEvent::Routed(_)
            | TurnEvent::Waiting { .. }
            | TurnEvent::Anew
            | TurnEvent::Token(_) => {}
        }
        true
    }

    /// Puts a summary where the newest question was asked, and asks it behind that.
    fn ask_with(&mut self, index: usize, summary: &Summary, effects: &mut Vec<Effect>) {
        let session = &self.sessions[index];
        let Some(turn) = session.turns().last() else { return };
        let question = turn.question().to_owned();
        let Some(asked) = turn.asked().and_then(|placed| session.tree.node(placed.id)) else {
            return;
        };
        let text = format!("Summary of the conversation before this:\n{}", summary.text.trim());
        let node = Node {
            id: self.mint.message(self.now),
            parent: asked.parent,
            created: self.mint.time(self.now),
            message: Message::text(Role::System, text),
            state: NodeState::Complete,
            answer: None,
        };
        let (id, session) = (node.id, &mut self.sessions[index]);
        if session.tree.add(node.clone()).is_ok() {
            let to = session.id;
            self.save(Change::Add { session: to, nodes: vec![node] }, effects);
            self.begin_from(index, question, (Some(id), Some(summary.kept)), effects);
        }
    }

    /// Returns the turns that would go, and the first message that is kept; `None` if dropping is of
    /// no use.
    fn dropped(&self, index: usize) -> Option<(Vec<&Turn>, MessageId)> {
        let session = &self.sessions[index];
        let (newest, earlier) = session.turns().split_last()?;
        let sent = session
            .window
            .and_then(|from| earlier.iter().position(|turn| turn.messages().any(|id| id == from)));
        let earlier = &earlier[sent.unwrap_or(0)..];
        let density = density(earlier);
        let tokens = |turn: &Turn| {
            density
                .estimate(turn.question().len())
                .saturating_add(density.estimate(turn.answer().len()))
        };
        let limit = self.context_limit();
        let system = self.settings.system.as_ref().map_or(0, String::len);
        let fixed = density.estimate(system).saturating_add(tokens(newest));
        let room = limit.saturating_sub(limit / FOR_THE_ANSWER).saturating_sub(fixed);
        let sizes: Vec<u32> = earlier.iter().map(tokens).collect();
        // It did not fit: at least one goes, whatever the estimate says.
        let count = oldest_to_drop(&sizes, room).max(1).min(earlier.len());
        let kept = earlier[count..].iter().chain([newest]).find_map(Turn::asked)?;
        (count > 0).then(|| (earlier[..count].iter().collect(), kept.id))
    }

    fn nothing_to_drop(&mut self) {
        self.notice = Some(Notice::info(word("nothing-to-drop")));
    }
}

/// Learns how many tokens the conversation's bytes take from the newest turn that was counted.
fn density(turns: &[Turn]) -> Density {
    let Some(counted) = turns.iter().rposition(|turn| turn.usage().prompt_tokens > 0) else {
        return Density::default();
    };
    let before = &turns[..counted];
    let bytes =
        before.iter().map(|turn| turn.question().len() + turn.answer().len()).sum::<usize>();
    let bytes = bytes + turns[counted].question().len();
    Density::counted(bytes, before.len() * 2 + 1, turns[counted].usage().prompt_tokens)
}
