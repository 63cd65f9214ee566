//! One conversation of this run.

use crate::app::composer::Composer;
use crate::app::scroll::Scroll;
use crate::app::turn::Turn;
use crate::chat::SessionId;
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
            news: false,
        }
    }

    /// Returns its identity.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Returns the first line of its first question; `None` before there is one.
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

    /// Returns whether an answer ended while another session was in front.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Returns the running turn.
    pub fn running(&self) -> Option<&Turn> {
        self.turns.last().filter(|turn| turn.is_open())
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

    /// Adds a turn; the first one names the session.
    pub(super) fn open(&mut self, turn: Turn) {
        if self.title.is_none() {
            let line = turn.question().trim_start().lines().next().unwrap_or_default();
            self.title = Some(Clean::one_line(line, TITLE_GRAPHEMES));
        }
        self.turns.push(turn);
        self.scroll.follow();
    }

    /// Returns the running turn if it is `id`.
    pub(super) fn runs(&self, id: TurnId) -> bool {
        self.running().is_some_and(|turn| turn.id() == id)
    }
}
