//! One session's transcript as rows, at one width.
//!
//! Rows are numbered from the beginning. Finished turns are laid out once; only the open one is
//! looked at again, and of its answer only what was added.

use std::ops::Range;

use crate::app::Goal;
use crate::app::Phase;
use crate::app::Session;
use crate::app::Turn;
use crate::chat;
use crate::chat::Decision;
use crate::chat::MessageId;
use crate::chat::ScrollAnchor;
use crate::chat::StopReason;
use crate::chat::TurnId;
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

/// What comes under a blank row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// A turn's first message.
    Question,
    /// The answer to the question above.
    Answer,
}

/// One row of a turn.
#[derive(Debug)]
pub(super) enum Row<'a> {
    /// Nothing.
    Blank(Before),
    /// Part of the question; the first one is marked.
    Question(Range<usize>, bool),
    /// Part of the answer; the first one is marked.
    Answer(&'a rich::Row, bool),
    /// A line under the answer.
    Line(&'a Line),
}

/// A turn's rows: blank, question, blank, answer, lines; without a question, or without an answer,
/// there is no blank between them.
#[derive(Debug)]
struct Block {
    turn: TurnId,
    question: Wrapped,
    answer: Rich,
    lines: Vec<Line>,
}

/// What a row shows, whatever the width and whatever is before it.
enum Place {
    Question(TurnId, usize),
    Answer(TurnId, Anchor),
    FromEnd(TurnId, usize),
}

/// A transcript's rows.
#[derive(Debug, Default)]
pub(super) struct Layout {
    width: u16,
    epoch: u64,
    blocks: Vec<Block>,
    starts: Vec<usize>,
    rows: usize,
    settled: usize,
}

impl Layout {
    /// Brings the rows up to date. Returns the new number of row `top` when rows were renumbered,
    /// because `width`, in columns, or the path is another than the last time.
    pub(super) fn update(
        &mut self,
        session: &Session,
        width: u16,
        stats: &mut Stats,
    ) -> Option<usize> {
        let renumbered = self.width != width || self.epoch != session.epoch();
        let place = renumbered.then(|| self.place(session.scroll().top()?)).flatten();
        if self.width != width {
            *self = Self { width, epoch: session.epoch(), ..Self::default() };
        } else if self.epoch != session.epoch() {
            self.epoch = session.epoch();
            self.align(session, stats);
        }
        self.grow(session, stats);
        place.and_then(|place| self.row(&place))
    }

    /// Drops the turns that are no longer shown and makes room for those that came before.
    fn align(&mut self, session: &Session, stats: &mut Stats) {
        let turns = session.turns();
        let first = self.blocks.first().map(|block| block.turn);
        let before = turns.iter().position(|turn| Some(turn.id()) == first).unwrap_or(0);
        let both = self.blocks.iter().zip(&turns[before..]);
        let same = both.take_while(|(block, turn)| block.turn == turn.id()).count();
        self.blocks.truncate(same);
        let older = turns[..before].iter().map(|turn| {
            stats.laid_turns += 1;
            let mut block = Block::new(turn.id());
            block.update(turn, self.width, stats);
            block
        });
        let older: Vec<Block> = older.collect();
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
                self.blocks.push(Block::new(turn.id()));
            }
            stats.laid_turns += 1;
            let block = &mut self.blocks[index];
            block.update(turn, self.width, stats);
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
            Goal::Message(id) => {
                let rows = self.rows_of(session, id)?;
                let start = rows.start.saturating_sub(1);
                let end = (rows.end + 1).saturating_sub(height);
                Some(if start < top { start } else { top.max(end).min(start) })
            }
        }
    }

    /// Returns the message in row `top`, and how many of its rows are above.
    pub(super) fn anchor(&self, session: &Session, top: usize) -> Option<ScrollAnchor> {
        let turn = session.turns().get(self.block_of(top))?;
        let mut messages = turn.messages();
        let message = messages
            .clone()
            .rfind(|id| self.rows_of(session, *id).is_some_and(|rows| rows.start <= top));
        let message = message.or_else(|| messages.next())?;
        let start = self.rows_of(session, message)?.start;
        Some(ScrollAnchor { message, line: u32::try_from(top.saturating_sub(start)).ok()? })
    }

    /// Returns the rows of a message that is shown, the lines under an answer included.
    fn rows_of(&self, session: &Session, id: MessageId) -> Option<Range<usize>> {
        let shown = |turn: &Turn| turn.messages().any(|message| message == id);
        let index = session.turns().iter().rposition(shown)?;
        let (start, block) = (*self.starts.get(index)?, self.blocks.get(index)?);
        let asked = session.turns()[index].asked().is_some_and(|placed| placed.id == id);
        Some(if asked {
            start + QUESTION_ROW..start + block.question_end()
        } else {
            start + block.answer_row()..start + block.height()
        })
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
            Row::Answer(..) => {
                Place::Answer(block.turn, block.answer.anchor(row - block.answer_row()))
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

impl Block {
    fn new(turn: TurnId) -> Self {
        let (question, answer) = (Wrapped::default(), Rich::default());
        Self { turn, question, answer, lines: Vec::new() }
    }

    fn update(&mut self, turn: &Turn, width: u16, stats: &mut Stats) {
        let columns = usize::from(width);
        self.question.extend(turn.shown_question().as_str(), columns, stats);
        self.answer.extend(turn.shown_answer(), columns, stats);
        self.lines = lines(turn, columns);
    }

    fn height(&self) -> usize {
        self.answer_row() + self.answer.rows().len() + self.lines.len()
    }

    /// Returns the row behind the question.
    fn question_end(&self) -> usize {
        QUESTION_ROW + self.question.rows().len()
    }

    /// Returns the first row of the answer.
    fn answer_row(&self) -> usize {
        let nothing = self.answer.rows().is_empty() && self.lines.is_empty();
        let alone = self.question.rows().is_empty() || nothing;
        self.question_end() + usize::from(!alone)
    }

    fn row(&self, row: usize) -> Row<'_> {
        let (question, answer) = (self.question.rows(), self.answer.rows());
        let lines_row = self.answer_row() + answer.len();
        if let Some(line) = row.checked_sub(lines_row) {
            self.lines.get(line).map_or(Row::Blank(Before::Question), Row::Line)
        } else if let Some(row) = row.checked_sub(self.answer_row()) {
            Row::Answer(&answer[row], row == 0)
        } else {
            let asked = row.checked_sub(QUESTION_ROW);
            let range = asked.and_then(|row| question.get(row));
            let blank = Row::Blank(if row == 0 { Before::Question } else { Before::Answer });
            range.map_or(blank, |range| Row::Question(range.clone(), asked == Some(0)))
        }
    }
}

/// Returns the lines under a turn's answer.
fn lines(turn: &Turn, columns: usize) -> Vec<Line> {
    match turn.phase() {
        Phase::Unanswered if turn.asker() != chat::Role::User => Vec::new(),
        Phase::Unanswered => {
            notes(Role::Dim, "no answer yet · Esc, then r asks for one", columns).collect()
        }
        Phase::Elsewhere => notes(Role::Dim, "being answered in another window", columns).collect(),
        Phase::Streaming if turn.is_stopping() => vec![Line::Progress],
        Phase::Streaming => Vec::new(),
        Phase::Waiting(_, why) => {
            let mut lines: Vec<Line> = notes(Role::Dim, why.as_str(), columns).collect();
            lines.push(Line::Progress);
            lines
        }
        Phase::Sent | Phase::Queued(_) | Phase::Prefill => match turn.decision() {
            Some(decision) => {
                let Decision { route, model, reason, .. } = decision;
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
        StopReason::Interrupted(_) if turn.has_answer() => {
            say(Role::Dim, "Esc, then x continues it, r asks again");
        }
        StopReason::ContextFull => {
            say(Role::Warn, "the context is full · the next question asks what is to go");
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
