//! One conversation of this run.

use std::collections::VecDeque;

use crate::app::composer::Composer;
use crate::app::scroll::Scroll;
use crate::app::turn::Phase;
use crate::app::turn::Turn;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TurnId;
use crate::text::Clean;

/// The longest title, in graphemes.
const TITLE_GRAPHEMES: usize = 40;

/// A conversation, its draft and where it is looked at. At most its last turn is open.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) id: SessionId,
    pub(super) title: Option<Clean>,
    pub(super) turns: Vec<Turn>,
    pub(super) composer: Composer,
    pub(super) scroll: Scroll,
    pub(super) queue: VecDeque<String>,
    pub(super) news: bool,
}

impl Session {
    /// Opens an empty session.
    pub(super) fn new(id: SessionId) -> Self {
        Self {
            id,
            title: None,
            turns: Vec::new(),
            composer: Composer::default(),
            scroll: Scroll::default(),
            queue: VecDeque::new(),
            news: false,
        }
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

    /// Returns its turns, oldest first; only the last may be open.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
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

    /// Returns whether an answer ended while another session was in front.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Returns the running turn.
    pub fn running(&self) -> Option<&Turn> {
        self.turns.last().filter(|turn| turn.is_open())
    }

    /// Returns whether the newest answer ended by itself, so that what is queued may follow it.
    pub(super) fn goes_on(&self) -> bool {
        self.turns.last().is_some_and(|turn| match turn.phase() {
            Phase::Finished(reason) => {
                matches!(reason, StopReason::EndOfTurn | StopReason::Stop | StopReason::Length)
            }
            Phase::Sent | Phase::Queued(_) | Phase::Prefill | Phase::Streaming => false,
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

    /// Names the session.
    pub(super) fn rename(&mut self, title: &str) {
        self.title = Some(Clean::one_line(title, TITLE_GRAPHEMES));
    }

    /// Adds a turn; the first one names the session.
    pub(super) fn open(&mut self, turn: Turn) {
        if self.title.is_none() {
            let line = turn.question().trim_start().lines().next().unwrap_or_default();
            let line = Clean::one_line(line, TITLE_GRAPHEMES);
            self.title = Some(line);
        }
        self.turns.push(turn);
    }

    /// Returns the running turn if it is `id`.
    pub(super) fn runs(&self, id: TurnId) -> bool {
        self.running().is_some_and(|turn| turn.id() == id)
    }
}
