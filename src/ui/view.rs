//! What is kept between frames.

use std::collections::BTreeMap;

use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::Model;
use crate::chat::MessageId;
use crate::chat::SessionId;
use crate::text::Address;
use crate::ui::composer::Draft;
use crate::ui::layout::Layout;
use crate::ui::sidebar::Sidebar;

/// What drawing has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of text that were broken into rows.
    pub wrapped_bytes: usize,
    /// Turns that were looked at for new rows.
    pub laid_turns: usize,
    /// Rows of transcript that were written.
    pub drawn_rows: usize,
}

/// Something on the screen that can be clicked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A message, and which of its code blocks if it is one.
    Message(MessageId, Option<usize>),
    /// An open session in the sidebar.
    Session(SessionId),
}

/// What the last frame has where.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Links and where they stand.
    pub(super) links: Vec<(Rect, Address)>,
    /// Each row of a message: where it is on the screen, the message, and the code block there.
    pub(super) rows: Vec<(Rect, MessageId, Option<usize>)>,
    /// The open sessions in the sidebar.
    pub(super) sessions: Vec<(Rect, SessionId)>,
}

impl Found {
    /// Forgets the frame before.
    pub(super) fn clear(&mut self) {
        self.links.clear();
        self.rows.clear();
        self.sessions.clear();
    }
}

/// Caches: wrapped rows of every session that was drawn, by width, and of the draft.
#[derive(Debug, Default)]
pub struct View {
    pub(super) layouts: BTreeMap<SessionId, Layout>,
    pub(super) draft: Draft,
    pub(super) sidebar: Sidebar,
    pub(super) stats: Stats,
    pub(super) found: Found,
    pub(super) hyperlinks: bool,
}

impl View {
    /// Makes a view for a terminal that follows links by itself (OSC 8).
    pub fn with_hyperlinks() -> Self {
        Self { hyperlinks: true, ..Self::default() }
    }

    /// Returns what stands in a cell of the screen, as it was drawn last.
    pub fn at(&self, column: u16, row: u16) -> Option<Target> {
        let cell = Position { x: column, y: row };
        let session = self.found.sessions.iter().find(|(area, _)| area.contains(cell));
        if let Some((_, id)) = session {
            return Some(Target::Session(*id));
        }
        let message = self.found.rows.iter().find(|(area, ..)| area.contains(cell));
        message.map(|(_, message, block)| Target::Message(*message, *block))
    }

    /// Takes note that the terminal moved so many rows at its top into its scrollback, or back from
    /// it if negative: it was given another height.
    pub fn moved(&mut self, session: SessionId, rows: isize) {
        if let Some(layout) = self.layouts.get_mut(&session) {
            layout.moved(rows);
        }
    }

    /// Returns what drawing has cost so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Forgets the sessions that are closed.
    pub(super) fn prune(&mut self, model: &Model) {
        if self.layouts.len() > 1 {
            let open = |id: &SessionId| model.sessions().iter().any(|one| one.id() == *id);
            self.layouts.retain(|id, _| open(id));
        }
    }
}
