//! One session's transcript as rows, at one width.
//!
//! Rows are numbered from the beginning. Finished turns are laid out once; only the open one is
//! looked at again, and of its answer only what was added.

mod block;
mod lines;
mod passing;

pub(super) use block::Before;
pub(super) use block::Row;
pub(super) use block::Shape;
pub(super) use lines::Line;

use std::ops::Range;

use crate::app::Goal;
use crate::app::Session;
use crate::app::Turn;
use crate::chat::MessageId;
use crate::chat::ScrollAnchor;
use crate::chat::TurnId;
use crate::ui::rich::Anchor;
use crate::ui::view::Stats;
use block::Answer;
use block::Block;
use block::QUESTION_ROW;

/// Turns that are let go within a frame: letting go of all of a long conversation takes far longer.
const LET_GO: usize = 128;

/// What a row shows, whatever the width and whatever is before it.
enum Place {
    Question(TurnId, usize),
    Answer(TurnId, Anchor),
    FromEnd(TurnId, usize),
}

/// A transcript's rows.
#[derive(Debug, Default)]
pub(super) struct Layout {
    shape: Shape,
    epoch: u64,
    blocks: Vec<Block>,
    starts: Vec<usize>,
    rows: usize,
    settled: usize,
    /// Rows that left the screen at its top for good, and were given to the terminal.
    passed: usize,
    /// The first row on the screen.
    top: usize,
    /// What is not shown any more, to be let go bit by bit.
    spent: Vec<Block>,
}

impl Layout {
    /// Brings the rows up to date. Returns the new number of row `top` when rows were renumbered,
    /// because the shape or the path is another than the last time.
    pub(super) fn update(
        &mut self,
        session: &Session,
        shape: Shape,
        stats: &mut Stats,
    ) -> Option<usize> {
        let renumbered = self.shape != shape || self.epoch != session.epoch();
        let place = renumbered.then(|| self.place(session.scroll().top()?)).flatten();
        let passed = renumbered.then(|| self.place(self.passed)).flatten();
        let opened = self.blocks.is_empty() && session.epoch() > 0;
        self.spent.truncate(self.spent.len().saturating_sub(LET_GO));
        if self.shape != shape {
            self.spent.append(&mut self.blocks);
            let spent = std::mem::take(&mut self.spent);
            *self = Self { shape, epoch: session.epoch(), spent, ..Self::default() };
        } else if self.epoch != session.epoch() {
            self.epoch = session.epoch();
            self.align(session, stats);
        }
        self.grow(session, stats);
        if opened {
            // What was said before is in no terminal's scrollback, and need not be.
            self.passed = self.final_rows();
        } else if renumbered {
            self.passed = passed.and_then(|place| self.row(&place)).unwrap_or(self.passed);
        }
        self.passed = self.passed.min(self.rows);
        place.and_then(|place| self.row(&place))
    }

    /// Drops the turns that are no longer shown and makes room for those that came before.
    fn align(&mut self, session: &Session, stats: &mut Stats) {
        let turns = session.turns();
        let first = self.blocks.first().map(|block| block.turn);
        let before = turns.iter().position(|turn| Some(turn.id()) == first).unwrap_or(0);
        let both = self.blocks.iter().zip(&turns[before..]);
        let same = both.take_while(|(block, turn)| block.turn == turn.id()).count();
        self.spent.extend(self.blocks.drain(same..));
        let kept: usize = self.blocks.iter().map(Block::height).sum();
        self.passed = self.passed.min(kept);
        let older = turns[..before].iter().map(|turn| {
            stats.laid_turns += 1;
            let mut block = Block::new(turn.id(), self.shape);
            block.update(turn, self.shape, stats);
            block
        });
        let older: Vec<Block> = older.collect();
        self.passed += older.iter().map(Block::height).sum::<usize>();
        self.blocks.splice(0..0, older);
        self.settled = self.blocks.len().saturating_sub(1);
        self.rows = 0;
        self.starts.clear();
        for block in &self.blocks {
            self.starts.push(self.rows);
            self.rows += block.height();
        }
    }

    /// Adds new turns and what was added to the one that was open.
    fn grow(&mut self, session: &Session, stats: &mut Stats) {
        for (index, turn) in session.turns().iter().enumerate().skip(self.settled) {
            if index == self.blocks.len() {
                self.starts.push(self.rows);
                self.blocks.push(Block::new(turn.id(), self.shape));
            }
            stats.laid_turns += 1;
            let block = &mut self.blocks[index];
            block.update(turn, self.shape, stats);
            self.rows = self.starts[index] + block.height();
            self.settled += usize::from(!turn.is_open() && index == self.settled);
        }
    }

    /// Returns the first row to show so that the goal is reached in `height` rows, when `top` is the
    /// first row now.
    pub(super) fn reach(
        &self,
        session: &Session,
        goal: Goal,
        (top, height): (usize, usize),
    ) -> Option<usize> {
        match goal {
            Goal::Top => Some(0),
            Goal::Line(anchor) => {
                let rows = self.rows_of(session, anchor.message)?;
                Some(
                    rows.start + usize::try_from(anchor.line).unwrap_or(usize::MAX).min(rows.len()),
                )
            }
            Goal::Message(_) | Goal::Block(..) => {
                let rows = match goal {
                    Goal::Block(id, index) => self.rows_of_code(session, id, index)?,
                    Goal::Message(id) => self.rows_of(session, id)?,
                    Goal::Top | Goal::Line(_) => return None,
                };
                let start = rows.start.saturating_sub(1);
                let end = (rows.end + 1).saturating_sub(height);
                Some(if start < top { start } else { top.max(end).min(start) })
            }
        }
    }

    /// Returns the message in row `top`, and how many of its rows are above.
    pub(super) fn anchor(&self, session: &Session, top: usize) -> Option<ScrollAnchor> {
        let index = self.block_of(top);
        let mut messages = session.turns().get(index)?.messages();
        let start = |id: MessageId| Some(self.rows_in(session, index, id)?.start);
        let message = messages.clone().rfind(|id| start(*id).is_some_and(|start| start <= top));
        let message = message.or_else(|| messages.next())?;
        let start = start(message)?;
        Some(ScrollAnchor { message, line: u32::try_from(top.saturating_sub(start)).ok()? })
    }

    /// Returns the rows of an answer's code block, or of all of it where that has none now.
    fn rows_of_code(&self, session: &Session, id: MessageId, index: usize) -> Option<Range<usize>> {
        let replied = |turn: &Turn| turn.replied().is_some_and(|placed| placed.id == id);
        let turn = session.turns().iter().rposition(replied)?;
        let (start, block) = (*self.starts.get(turn)?, self.blocks.get(turn)?);
        let rows = match &block.answer {
            Answer::Rendered(rich) => rich.code(index),
            Answer::Source(_) => None,
        };
        let first = start + block.answer_row();
        rows.map(|rows| first + rows.start..first + rows.end).or_else(|| self.rows_of(session, id))
    }

    /// Returns the rows of a message that is shown, the lines under an answer included.
    fn rows_of(&self, session: &Session, id: MessageId) -> Option<Range<usize>> {
        let shown = |turn: &Turn| turn.messages().any(|message| message == id);
        self.rows_in(session, session.turns().iter().rposition(shown)?, id)
    }

    /// Returns the rows of a message of one turn.
    fn rows_in(&self, session: &Session, index: usize, id: MessageId) -> Option<Range<usize>> {
        let (start, block) = (*self.starts.get(index)?, self.blocks.get(index)?);
        let asked = session.turns()[index].asked().is_some_and(|placed| placed.id == id);
        Some(if asked {
            start + QUESTION_ROW..start + block.question_end()
        } else {
            start + block.answer_row()..start + block.height()
        })
    }

    /// Gives the code in some rows its colours, before they are drawn.
    pub(super) fn colour(&mut self, rows: Range<usize>) {
        let width = usize::from(self.shape.width);
        let first = self.block_of(rows.start);
        for (start, block) in self.starts.iter().zip(&mut self.blocks).skip(first) {
            if *start >= rows.end {
                return;
            }
            let above = start + block.answer_row();
            if let Answer::Rendered(rich) = &mut block.answer {
                rich.colour(
                    rows.start.saturating_sub(above)..rows.end.saturating_sub(above),
                    width,
                );
            }
        }
    }

    /// Returns how many rows there are, with the blank one at the end.
    pub(super) fn rows(&self) -> usize {
        self.rows + usize::from(self.rows > 0)
    }

    /// Returns the turn's index and the row within it for the rows from `top` on.
    pub(super) fn visible(&self, top: usize) -> impl Iterator<Item = (usize, Row<'_>)> {
        let first = self.block_of(top);
        let skipped = top.saturating_sub(self.starts.get(first).copied().unwrap_or(0));
        let blocks = self.blocks.iter().enumerate().skip(first);
        blocks.flat_map(move |(index, block)| {
            let from = if index == first { skipped } else { 0 };
            (from..block.height()).map(move |row| (index, block.row(row)))
        })
    }

    fn block_of(&self, row: usize) -> usize {
        self.starts.partition_point(|start| *start <= row).saturating_sub(1)
    }

    fn place(&self, row: usize) -> Option<Place> {
        let index = self.block_of(row);
        let block = self.blocks.get(index)?;
        let row = row.saturating_sub(self.starts[index]).min(block.height() - 1);
        Some(match block.row(row) {
            Row::Question(range, _) => Place::Question(block.turn, range.start),
            Row::Answer(..) | Row::Source(..) => {
                Place::Answer(block.turn, block.answer.anchor(row - block.answer_row()))
            }
            Row::Fold | Row::Thought(_) | Row::Gap => {
                Place::Answer(block.turn, Anchor { byte: 0, behind: 0 })
            }
            Row::Blank(_) | Row::Line(_) => Place::FromEnd(block.turn, block.height() - row),
        })
    }

    fn row(&self, place: &Place) -> Option<usize> {
        let (Place::Question(turn, _) | Place::Answer(turn, _) | Place::FromEnd(turn, _)) = place;
        let index = self.blocks.iter().position(|block| block.turn == *turn)?;
        let (start, block) = (self.starts[index], &self.blocks[index]);
        Some(match place {
            Place::Question(_, byte) => start + QUESTION_ROW + block.question.row_of(*byte),
            Place::Answer(_, anchor) => start + block.answer_row() + block.answer.row_of(*anchor),
            Place::FromEnd(_, rows) => start + block.height().saturating_sub(*rows),
        })
    }
}
