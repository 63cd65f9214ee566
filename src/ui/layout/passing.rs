//! Rows that leave the screen at its top for good, where the terminal's own scrollback has them.

use std::ops::Range;

use crate::ui::layout::Layout;
use crate::ui::layout::block::Block;

impl Layout {
    /// Returns how many rows from the beginning no later word changes.
    pub(super) fn final_rows(&self) -> usize {
        let Some(start) = self.starts.get(self.settled) else { return self.rows };
        start + self.blocks.get(self.settled).map_or(0, Block::final_rows)
    }

    /// Takes note of the first row on the screen.
    pub(in crate::ui) fn show_from(&mut self, top: usize) {
        self.top = top;
    }

    /// Gives out the next rows, at most so many, that are above the screen and do not change.
    pub(in crate::ui) fn pass(&mut self, most: usize) -> Option<Range<usize>> {
        let end = self.top.min(self.final_rows());
        self.give(end, most)
    }

    /// Gives out the next rows, at most so many, wherever they are.
    pub(in crate::ui) fn rest(&mut self, most: usize) -> Option<Range<usize>> {
        self.give(self.rows, most)
    }

    /// Takes note that the terminal moved so many rows at the screen's top: into its scrollback, or
    /// back from it if negative.
    pub(in crate::ui) fn moved(&mut self, rows: isize) {
        // What is at the top comes next only where nothing above it is still to be given out.
        if rows < 0 || self.passed == self.top {
            self.passed = self.passed.saturating_add_signed(rows).min(self.final_rows());
        }
    }

    fn give(&mut self, end: usize, most: usize) -> Option<Range<usize>> {
        let end = end.min(self.passed + most);
        let rows = self.passed..end;
        self.passed = self.passed.max(end);
        (!rows.is_empty()).then_some(rows)
    }
}
