//! One session's transcript as rows, at one width.
//!
//! Rows are numbered from the beginning. Finished turns are laid out once; only the open one is
//! looked at again, and of its answer only what was added.

use std::ops::Range;

use crate::app::Phase;
use crate::app::Session;
use crate::app::Turn;
use crate::chat::Decision;
use crate::chat::StopReason;
use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::ui::rich;
use crate::ui::rich::Anchor;
use crate::ui::rich::Rich;
use crate::ui::view::Stats;
use crate::ui::wrapped::Wrapped;

/// The row of a turn at which its question begins.
const QUESTION_ROW: usize = 1;

/// The longest line about an answer, in graphemes: a few paths of the longest kind.
const LINE_MAX: usize = 4000;

/// A line under an answer, or in its place while there is none.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// Words about what became of the answer.
    Note(Role, Clean),
    /// What the answer cost.
    Figures,
    /// What is being waited for.
    Progress,
}

/// One row of a turn.
#[derive(Debug)]
pub(super) enum Row<'a> {
    /// Nothing.
    Blank,
    /// Part of the question; the first one is marked.
    Question(Range<usize>, bool),
    /// Part of the answer; the first one is marked.
    Answer(&'a rich::Row, bool),
    /// A line under the answer.
    Line(&'a Line),
}

/// A turn's rows: blank, question, blank, answer, lines.
#[derive(Debug, Default)]
struct Block {
    question: Wrapped,
    answer: Rich,
    lines: Vec<Line>,
}

/// What a row shows, whatever the width.
enum Place {
    Question(usize, usize),
    Answer(usize, Anchor),
    FromEnd(usize, usize),
}

/// A transcript's rows.
#[derive(Debug, Default)]
pub(super) struct Layout {
    width: u16,
    blocks: Vec<Block>,
    starts: Vec<usize>,
    rows: usize,
    settled: usize,
}

impl Layout {
    /// Brings the rows up to date. Returns the new number of row `top` when all rows were
    /// renumbered, because `width`, in columns, is another than the last time.
    pub(super) fn update(
        &mut self,
        session: &Session,
        width: u16,
        stats: &mut Stats,
    ) -> Option<usize> {
        let place = (self.width != width).then(|| self.place(session.scroll().top()?)).flatten();
        if self.width != width {
            *self = Self { width, ..Self::default() };
        }
        self.grow(session, stats);
        place.map(|place| self.row(&place))
    }

    /// Adds new turns and what was added to the one that was open.
    fn grow(&mut self, session: &Session, stats: &mut Stats) {
        for (index, turn) in session.turns().iter().enumerate().skip(self.settled) {
            if index == self.blocks.len() {
                self.starts.push(self.rows);
                self.blocks.push(Block::default());
            }
            stats.laid_turns += 1;
            let block = &mut self.blocks[index];
            block.update(turn, self.width, stats);
            self.rows = self.starts[index] + block.height();
            self.settled += usize::from(!turn.is_open());
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
            Row::Question(range, _) => Place::Question(index, range.start),
            Row::Answer(..) => Place::Answer(index, block.answer.anchor(row - block.answer_row())),
            Row::Blank | Row::Line(_) => Place::FromEnd(index, block.height() - row),
        })
    }

    fn row(&self, place: &Place) -> usize {
        match *place {
            Place::Question(index, byte) => {
                self.starts[index] + QUESTION_ROW + self.blocks[index].question.row_of(byte)
            }
            Place::Answer(index, anchor) => {
                let block = &self.blocks[index];
                self.starts[index] + block.answer_row() + block.answer.row_of(anchor)
            }
            Place::FromEnd(index, rows) => {
                let height = self.blocks[index].height();
                self.starts[index] + height.saturating_sub(rows)
            }
        }
    }
}

impl Block {
    fn update(&mut self, turn: &Turn, width: u16, stats: &mut Stats) {
        let columns = usize::from(width);
        self.question.extend(turn.shown_question().as_str(), columns, stats);
        self.answer.extend(turn.shown_answer(), columns, stats);
        self.lines = lines(turn, columns);
    }

    fn height(&self) -> usize {
        self.answer_row() + self.answer.rows().len() + self.lines.len()
    }

    /// Returns the first row of the answer.
    fn answer_row(&self) -> usize {
        QUESTION_ROW + self.question.rows().len() + 1
    }

    fn row(&self, row: usize) -> Row<'_> {
        let (question, answer) = (self.question.rows(), self.answer.rows());
        let lines_row = self.answer_row() + answer.len();
        if let Some(line) = row.checked_sub(lines_row) {
            self.lines.get(line).map_or(Row::Blank, Row::Line)
        } else if let Some(row) = row.checked_sub(self.answer_row()) {
            Row::Answer(&answer[row], row == 0)
        } else {
            let row = row.checked_sub(QUESTION_ROW);
            let range = row.and_then(|row| question.get(row));
            range.map_or(Row::Blank, |range| Row::Question(range.clone(), row == Some(0)))
        }
    }
}

/// Returns the lines under a turn's answer.
fn lines(turn: &Turn, columns: usize) -> Vec<Line> {
    match turn.phase() {
        Phase::Streaming if turn.is_stopping() => vec![Line::Progress],
        Phase::Streaming => Vec::new(),
        Phase::Sent | Phase::Queued(_) | Phase::Prefill => match turn.decision() {
            Some(decision) => {
                let Decision { route, model, reason } = decision;
                let text = format!("{route}{DOT}{model}{DOT}{reason}");
                let mut lines: Vec<Line> = notes(Role::Dim, &text, columns).collect();
                lines.push(Line::Progress);
                lines
            }
            None => vec![Line::Progress],
        },
        Phase::Finished(reason) => {
            let mut lines = ending(turn, reason, columns);
            if reason.fault().is_none() || turn.decision().is_some() || turn.rate().count() > 0 {
                lines.push(Line::Figures);
            }
            lines
        }
    }
}

/// Wraps words into rows of their own; nothing of them is dropped on a narrow screen.
fn notes(role: Role, text: &str, columns: usize) -> impl Iterator<Item = Line> {
    // One line, however wide: a message may repeat what a file or the engine said.
    let clean = Clean::one_line(text, LINE_MAX);
    let rows = text::wrap(clean.as_str(), columns);
    rows.into_iter().map(move |row| Line::Note(role, Clean::new(&clean.as_str()[row])))
}

/// Says what became of an answer that did not simply end.
fn ending(turn: &Turn, reason: &StopReason, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |role, text: &str| lines.extend(notes(role, text, columns));
    if let Some(fault) = reason.fault() {
        say(Role::Bad, &format!("✗ {}: {}", reason.name(), fault.message));
        if let Some(hint) = &fault.hint {
            say(Role::Dim, &format!("hint: {hint}"));
        }
    }
    match reason {
        StopReason::ContextFull => {
            say(Role::Warn, "the context is full · Ctrl-N opens a new session");
        }
        StopReason::Cancelled if !turn.has_answer() => {
            say(Role::Dim, "stopped before the first word");
        }
        StopReason::EndOfTurn | StopReason::Stop if !turn.has_answer() => {
            say(Role::Dim, "an empty answer");
        }
        _ => {}
    }
    if !turn.is_remembered() {
        say(Role::Dim, "the next question is asked without this one");
    }
    lines
}
