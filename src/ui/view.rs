//! What is kept between frames.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::app::Model;
use crate::chat::MessageId;
use crate::chat::SessionId;
use crate::text::Address;
use crate::ui::composer::Draft;
use crate::ui::layout::Layout;

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

/// What the last frame has where.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Links and where they stand.
    pub(super) links: Vec<(Rect, Address)>,
    /// Each row of a message: its row on the screen, the message, and the code block there.
    pub(super) rows: Vec<(u16, MessageId, Option<usize>)>,
}

impl Found {
    /// Forgets the frame before.
    pub(super) fn clear(&mut self) {
        self.links.clear();
        self.rows.clear();
    }
}

/// Caches: wrapped rows of every session that was drawn, by width, and of the draft.
#[derive(Debug, Default)]
pub struct View {
    pub(super) layouts: BTreeMap<SessionId, Layout>,
    pub(super) draft: Draft,
    pub(super) stats: Stats,
    pub(super) found: Found,
    pub(super) hyperlinks: bool,
}

impl View {
    /// Makes a view for a terminal that follows links by itself (OSC 8).
    pub fn with_hyperlinks() -> Self {
        Self { hyperlinks: true, ..Self::default() }
    }

    /// Returns what stands in a row of the screen: the message, and the code block if it is one.
    pub fn message_at(&self, row: u16) -> Option<(MessageId, Option<usize>)> {
        let found = self.found.rows.iter().find(|(y, ..)| *y == row);
        found.map(|(_, message, block)| (*message, *block))
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
