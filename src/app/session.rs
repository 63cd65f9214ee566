//! One conversation: the tree of its messages, and its selected path as it is shown.

mod path;
mod saved;

pub(super) use saved::DESK_WITHIN;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use crate::app::composer::Composer;
use crate::app::scroll::Scroll;
use crate::app::turn::Phase;
use crate::app::turn::Turn;
use crate::chat::MessageId;
use crate::chat::PrivacyClass;
use crate::chat::ScrollAnchor;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Tree;
use crate::chat::TurnId;
use crate::route::Pin;
use crate::text::Clean;

/// The longest title, in graphemes.
const TITLE_GRAPHEMES: usize = 40;

/// A conversation, its draft and where it is looked at. At most its last turn is open.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) id: SessionId,
    pub(super) title: Option<Clean>,
    pub(super) tree: Tree,
    turns: Vec<Turn>,
    /// Turns of the loaded path that are before the first shown one.
    hidden: usize,
    /// Counts the changes of the turns that are not additions at their end.
    epoch: u64,
    pub(super) composer: Composer,
    pub(super) scroll: Scroll,
    pub(super) queue: VecDeque<String>,
    /// The message that keys act on, while the transcript has them.
    pub(super) reading: Option<MessageId>,
    /// The code block of the marked message that keys act on, from 0.
    pub(super) block: Option<(MessageId, usize)>,
    /// The question that the draft is another wording of.
    pub(super) editing: Option<MessageId>,
    pub(super) news: bool,
    /// Whether the user lets it go to an endpoint, where that was asked.
    pub(super) consents: BTreeMap<String, bool>,
    /// The strictest class of its messages; of one without any it is the profile's alone.
    pub(super) class: PrivacyClass,
    pub(super) tags: Vec<String>,
    pub(super) archived: bool,
    /// How much of it is here; nothing is asked before all is.
    pub(super) loaded: Loaded,
    /// What is saved of it.
    pub(super) kept: Kept,
    /// The oldest message that is sent, where the user had earlier ones left out.
    pub(super) window: Option<MessageId>,
    /// The summary that is being made.
    pub(super) summary: Option<Summary>,
    /// How the newest turn is taken back.
    pub(super) undo: Option<Undo>,
    /// The model that the user chose for it; `None` is the profile's.
    pub(super) model: Option<String>,
    /// Where the user wants its turns to run.
    pub(super) pin: Option<Pin>,
    /// What held for the newest question.
    pub(super) pin_asked: Option<Pin>,
    /// The same for the next turn only.
    pub(super) pin_once: Option<Pin>,
}

/// A summary as far as it has come.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    pub(super) turn: TurnId,
    /// The first message behind what is summed up.
    pub(super) kept: MessageId,
    pub(super) text: String,
}

/// What a turn added, and what was selected before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undo {
    pub(super) before: Option<MessageId>,
    pub(super) asked: Option<MessageId>,
    pub(super) answer: MessageId,
}

/// How much of a session has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// Its newest messages.
    Page,
    /// Its newest messages, and a prompt waits for the others, in the queue.
    PageAndAsked,
    /// All of it.
    Whole,
}

/// What is saved of a session beside its messages, and what is not yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// Whether the store knows the session.
    pub(super) known: bool,
    /// The desk as it was last saved.
    pub(super) desk: Desk,
    /// Since when it is another one.
    pub(super) stale_since: Option<Duration>,
}

/// The composer, what waits, and where the transcript is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Desk {
    version: u64,
    cursor: usize,
    queue: VecDeque<String>,
    scroll: Option<ScrollAnchor>,
}

impl Session {
    /// Opens an empty session.
    pub(super) fn new(id: SessionId) -> Self {
        Self {
            id,
            title: None,
            tree: Tree::default(),
            turns: Vec::new(),
            hidden: 0,
            epoch: 0,
            composer: Composer::default(),
            scroll: Scroll::default(),
            queue: VecDeque::new(),
            reading: None,
            block: None,
            editing: None,
            news: false,
            consents: BTreeMap::new(),
            class: PrivacyClass::Open,
            tags: Vec::new(),
            archived: false,
            loaded: Loaded::Whole,
            kept: Kept::default(),
            window: None,
            summary: None,
            undo: None,
            model: None,
            pin: None,
            pin_asked: None,
            pin_once: None,
        }
    }

    /// Returns where the user wants its turns to run; `None` leaves it to the mode.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin_once.as_ref().or(self.pin.as_ref())
    }

    /// Returns what of it may leave this device, whatever the profile says.
    pub fn class(&self) -> PrivacyClass {
        self.class
    }

    /// Returns its identity.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Returns its name: the one that it was given, or the first line of its first question; `None`
    /// before there is one.
    pub fn title(&self) -> Option<&Clean> {
        self.title.as_ref()
    }

    /// Returns all its messages.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Returns the turns that are shown, oldest first; only the last may be open.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Returns a number that changes when turns changed otherwise than by another one at the end.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns how many earlier turns are not shown.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Returns its draft.
    pub fn composer(&self) -> &Composer {
        &self.composer
    }

    /// Returns where its transcript is looked at.
    pub fn scroll(&self) -> &Scroll {
        &self.scroll
    }

    /// Returns the prompts that wait for the running answer, the next one first.
    pub fn queue(&self) -> impl ExactSizeIterator<Item = &str> {
        self.queue.iter().map(String::as_str)
    }

    /// Returns the message that keys act on, while the transcript has them.
    pub fn reading(&self) -> Option<MessageId> {
        self.reading
    }

    /// Returns the code block of the marked message that keys act on, from 0.
    pub fn block(&self) -> Option<(MessageId, usize)> {
        self.block.filter(|(id, _)| self.reading == Some(*id))
    }

    /// Returns the question that the draft is another wording of.
    pub fn editing(&self) -> Option<MessageId> {
        self.editing
    }

    /// Returns the oldest message that is sent with the next question, where earlier ones are not.
    pub fn sent_from(&self) -> Option<MessageId> {
        self.window
    }

    /// Returns whether its oldest turns are being summed up.
    pub fn is_summarising(&self) -> bool {
        self.summary.is_some()
    }

    /// Returns whether an answer ended while another session was in front.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Returns whether its newest answer broke off or never came.
    pub fn has_failed(&self) -> bool {
        let end = self.turns.last().and_then(Turn::end);
        matches!(end, Some(StopReason::Failed(_) | StopReason::Interrupted(_)))
    }

    /// Returns the running turn.
    pub fn running(&self) -> Option<&Turn> {
        self.turns.last().filter(|turn| turn.is_open())
    }

    /// Returns whether all its messages are here.
    pub(super) fn is_whole(&self) -> bool {
        self.loaded == Loaded::Whole
    }

    /// Returns whether another window answers in it, as far as is known here.
    pub(super) fn is_answered_elsewhere(&self) -> bool {
        self.turns.last().is_some_and(|turn| *turn.phase() == Phase::Elsewhere)
    }

    /// Returns whether it is saved, read to its end, and nobody answers in it as far as is known here.
    pub(super) fn rests(&self) -> bool {
        let busy = self.running().is_some() || self.is_answered_elsewhere();
        self.kept.known && self.is_whole() && !busy
    }

    /// Returns the turn that shows a message.
    pub(super) fn turn_of(&self, id: MessageId) -> Option<&Turn> {
        self.turns.iter().rev().find(|turn| turn.messages().any(|shown| shown == id))
    }

    /// Returns whether the newest answer ended by itself, so that what is queued may follow it.
    pub(super) fn goes_on(&self) -> bool {
        self.turns.last().is_some_and(|turn| match turn.phase() {
            Phase::Finished(reason) => {
                matches!(reason, StopReason::EndOfTurn | StopReason::Stop | StopReason::Length)
            }
            _ => false,
        })
    }

    /// Returns the tokens of context in use after the newest turn that got that far.
    pub fn context_tokens(&self) -> u32 {
        let known = self.turns.iter().rev().map(Turn::context_tokens).find(|tokens| *tokens > 0);
        known.unwrap_or(0)
    }

    /// Returns the running turn to change it.
    pub(super) fn running_mut(&mut self) -> Option<&mut Turn> {
        self.turns.last_mut().filter(|turn| turn.is_open())
    }

    /// Returns the newest turn to begin it.
    pub(super) fn last_mut(&mut self) -> Option<&mut Turn> {
        self.turns.last_mut()
    }

    /// Takes the end of the newest turn over into the tree.
    pub(super) fn settle(&mut self) {
        let Self { turns, tree, .. } = self;
        let Some(turn) = turns.last().filter(|turn| !turn.is_open()) else { return };
        if let Some(placed) = turn.replied() {
            // One that has ended already stays as it is.
            tree.stream(placed.id, |node| *node = turn.ended(node)).ok();
        }
    }

    /// Names the session.
    pub(super) fn rename(&mut self, title: &str) {
        self.title = Some(Clean::one_line(title, TITLE_GRAPHEMES));
    }

    /// Names the session by its first question, unless it has a name.
    pub(super) fn name_by(&mut self, question: &str) {
        if self.title.is_none() {
            self.rename(question.trim_start().lines().next().unwrap_or_default());
        }
    }

    /// Returns the running turn if it is `id`.
    pub(super) fn runs(&self, id: TurnId) -> bool {
        self.running().is_some_and(|turn| turn.id() == id)
    }
}
