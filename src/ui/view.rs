//! What is kept between frames.

use std::collections::BTreeMap;

use crate::app::Model;
use crate::chat::SessionId;
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

/// Caches: wrapped rows of every session that was drawn, by width, and of the draft.
#[derive(Debug, Default)]
pub struct View {
    pub(super) layouts: BTreeMap<SessionId, Layout>,
    pub(super) draft: Draft,
    pub(super) stats: Stats,
}

impl View {
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
