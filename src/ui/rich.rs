//! An answer's Markdown as rows at one width. Closed blocks are laid out once, and highlighted once, when
//! they are first on the screen; only the open tail is done again, and of an open code block only its
//! new lines.

mod blocks;
mod code;
mod flow;
mod table;

pub(super) use flow::Piece;

use std::ops::Range;

use crate::markdown::Block;
use crate::markdown::Document;
use crate::markdown::Placed;
use crate::text::Clean;
use crate::ui::rich::code::Ink;
use crate::ui::rich::code::OpenCode;
use crate::ui::view::Stats;

/// The longest text of which more is to come, in bytes, whose code has its colours all the same; that
/// of an outermost code block has them line by line.
const COLOURED_MAX: usize = 1024;

/// One row: pieces from left to right.
pub(super) type Row = Vec<Piece>;

/// An outermost block's rows.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Where the block begins in the source, in bytes.
    byte: usize,
    /// Its first row, the blank one before it included.
    row: usize,
    /// It has code without its colours.
    plain: bool,
}

/// A place in a text that a change of width does not move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) byte: usize,
    /// Characters of the block before it, blanks left out.
    pub(super) behind: usize,
}

/// Rows of a Markdown text that only grows at its end.
#[derive(Debug, Default)]
pub(super) struct Rich {
    document: Document,
    bytes: usize,
    rows: Vec<Row>,
    extents: Vec<Extent>,
    /// How many blocks and rows are of closed blocks.
    closed: (usize, usize),
    /// The rows of each code block, and how many of them are in closed blocks.
    codes: Vec<Range<usize>>,
    closed_codes: usize,
    code: OpenCode,
    /// How wide the columns of the newest table would be: further rows of it stand below the first.
    columns: Vec<usize>,
    /// Nothing more comes.
    ended: bool,
}

impl Rich {
    /// Lays out what was added to `text` since the last call; the width must be the same.
    pub(super) fn extend(&mut self, text: &Clean, width: usize, stats: &mut Stats) {
        if text.len() == self.bytes {
            return;
        }
        self.bytes = text.len();
        // Set apart while its blocks are read and the rows change.
        let mut document = std::mem::take(&mut self.document);
        stats.wrapped_bytes += document.extend(text);
        self.lay_new(&document, width);
        self.document = document;
    }

    /// Takes note that nothing more comes.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    fn lay_new(&mut self, document: &Document, width: usize) {
        let (blocks, rows) = self.closed;
        self.extents.truncate(blocks);
        let closed = document.closed().get(blocks..).unwrap_or_default();
        let open = document.open();
        // Of a code block that was open, what is done stays, even if the block is closed now.
        let next = closed.first().or(open.first());
        let is_code = |placed: &&Placed| matches!(placed.block, Block::Code(_));
        let kept = next.filter(is_code).map_or(0, |placed| self.code.kept(placed));
        if kept == 0 {
            self.code = OpenCode::default();
        }
        self.rows.truncate(rows + kept);
        self.codes.truncate(self.closed_codes);
        for placed in closed {
            self.lay(placed, width);
            self.closed = (self.closed.0 + 1, self.rows.len());
            self.closed_codes = self.codes.len();
        }
        let columns = self.columns.clone();
        for placed in open {
            self.lay(placed, width);
        }
        self.columns = columns;
    }

    /// Adds the rows of a block; of an open code block those that the rows do not end with.
    fn lay(&mut self, placed: &Placed, width: usize) {
        let kept = self.code.kept(placed);
        let first = self.rows.len() - kept;
        self.extents.push(Extent { byte: placed.range.start, row: first, plain: false });
        match &placed.block {
            Block::Code(code) if kept > 0 || !code.ended => {
                self.code.grow(placed, code, width, &mut self.rows);
                self.codes.push(first + usize::from(placed.spaced)..self.rows.len());
            }
            Block::Table(table) => {
                self.rows.extend(placed.spaced.then(Row::new));
                table::lay(table, &mut self.columns, width, &mut self.rows);
            }
            block => {
                self.rows.extend(placed.spaced.then(Row::new));
                let codes = self.codes.len();
                blocks::lay(block, (width, Ink::Plain), &mut self.rows, &mut self.codes);
                let has_code = self.codes.len() > codes;
                self.extents.last_mut().into_iter().for_each(|extent| extent.plain = has_code);
            }
        }
    }

    /// Gives the code in some rows its colours; `width` is that of the rows.
    pub(super) fn colour(&mut self, rows: Range<usize>, width: usize) {
        let first = self.extents.partition_point(|extent| extent.row <= rows.start);
        for index in first.saturating_sub(1)..self.extents.len() {
            let Extent { row, plain, .. } = self.extents[index];
            if row >= rows.end {
                return;
            }
            let end = self.extents.get(index + 1).map_or(self.rows.len(), |next| next.row);
            let Some(placed) = self.document.blocks().nth(index).filter(|_| plain) else {
                continue;
            };
            let grows = index >= self.closed.0 && !self.ended;
            if grows && placed.range.len() > COLOURED_MAX {
                continue;
            }
            let mut coloured: Vec<Row> = placed.spaced.then(Row::new).into_iter().collect();
            blocks::lay(&placed.block, (width, Ink::Coloured), &mut coloured, &mut Vec::new());
            // Where colours divide what joins, a row may have another text: then it stays as it is.
            if coloured.len() == end - row {
                self.rows.splice(row..end, coloured);
            }
            self.extents[index].plain = false;
        }
    }

    /// Returns which code block stands in a row.
    pub(super) fn code_at(&self, row: usize) -> Option<usize> {
        let index = self.codes.partition_point(|rows| rows.end <= row);
        self.codes.get(index).filter(|rows| rows.contains(&row)).map(|_| index)
    }

    /// Returns the rows of a code block.
    pub(super) fn code(&self, index: usize) -> Option<Range<usize>> {
        self.codes.get(index).cloned()
    }

    /// Returns how many rows no later text changes.
    pub(super) fn closed_rows(&self) -> usize {
        self.closed.1
    }

    /// Returns the rows.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns what a row shows, whatever the width.
    pub(super) fn anchor(&self, row: usize) -> Anchor {
        let index = self.extents.partition_point(|extent| extent.row <= row).saturating_sub(1);
        let Some(extent) = self.extents.get(index) else { return Anchor { byte: 0, behind: 0 } };
        let behind = self.rows[extent.row..row].iter().map(weight).sum();
        Anchor { byte: extent.byte, behind }
    }

    /// Returns the row that shows it.
    pub(super) fn row_of(&self, anchor: Anchor) -> usize {
        let found = self.extents.partition_point(|extent| extent.byte <= anchor.byte);
        let index = found.saturating_sub(1);
        let Some(extent) = self.extents.get(index) else { return 0 };
        let end = self.extents.get(index + 1).map_or(self.rows.len(), |next| next.row);
        let mut behind = 0;
        for row in extent.row..end {
            let weight = weight(&self.rows[row]);
            behind += weight;
            if behind > anchor.behind || (weight == 0 && behind == anchor.behind) {
                return row;
            }
        }
        end.saturating_sub(1).max(extent.row)
    }
}

/// Counts what a row shows and another width does not change.
fn weight(row: &Row) -> usize {
    let shown =
        |piece: &Piece| piece.text.as_str().chars().filter(|it| !it.is_whitespace()).count();
    row.iter().map(shown).sum()
}

#[cfg(test)]
mod tests;
