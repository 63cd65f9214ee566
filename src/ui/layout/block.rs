//! The rows of one turn.

use std::ops::Range;

use crate::app::Turn;
use crate::chat::TurnId;
use crate::ui::layout::lines::Line;
use crate::ui::layout::lines::lines;
use crate::ui::rich;
use crate::ui::rich::Anchor;
use crate::ui::rich::Rich;
use crate::ui::view::Stats;
use crate::ui::wrapped::Wrapped;

/// The row of a turn at which its question begins.
pub(super) const QUESTION_ROW: usize = 1;

/// What comes under a blank row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Before {
    /// A turn's first message.
    Question,
    /// The answer to the question above.
    Answer,
}

/// One row of a turn.
#[derive(Debug)]
pub(in crate::ui) enum Row<'a> {
    /// Nothing.
    Blank(Before),
    /// Part of the question; the first one is marked.
    Question(Range<usize>, bool),
    /// That there is reasoning, how much, and whether it is shown.
    Fold,
    /// Part of the reasoning.
    Thought(Range<usize>),
    /// Between reasoning and answer.
    Gap,
    /// Part of the answer; the first one is marked; and the code block that it is part of.
    Answer(&'a rich::Row, bool, Option<usize>),
    /// Part of the answer as it was written; the first one is marked.
    Source(Range<usize>, bool),
    /// A line under the answer.
    Line(&'a Line),
}

/// How a transcript is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Shape {
    /// Columns of text.
    pub(in crate::ui) width: u16,
    /// Answers stand as they were written.
    pub(in crate::ui) raw: bool,
    /// Reasoning is not folded.
    pub(in crate::ui) thoughts: bool,
}

/// An answer's rows.
#[derive(Debug)]
pub(super) enum Answer {
    Rendered(Box<Rich>),
    Source(Wrapped),
}

/// A turn's rows: blank, question, blank, reasoning, answer, lines; without a question, or without
/// an answer, there is no blank between them.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) turn: TurnId,
    pub(super) question: Wrapped,
    /// Rows of reasoning that is not folded.
    thought: Wrapped,
    /// Whether something was told apart from the answer.
    told_apart: bool,
    /// Whether there is reasoning: more than blanks.
    thinks: bool,
    pub(super) answer: Answer,
    lines: Vec<Line>,
}

impl Answer {
    fn new(shape: Shape) -> Self {
        if shape.raw { Self::Source(Wrapped::default()) } else { Self::Rendered(Box::default()) }
    }

    fn height(&self) -> usize {
        match self {
            Self::Rendered(rich) => rich.rows().len(),
            Self::Source(wrapped) => wrapped.rows().len(),
        }
    }

    fn row(&self, row: usize) -> Option<Row<'_>> {
        match self {
            Self::Rendered(rich) => {
                Some(Row::Answer(rich.rows().get(row)?, row == 0, rich.code_at(row)))
            }
            Self::Source(wrapped) => Some(Row::Source(wrapped.rows().get(row)?.clone(), row == 0)),
        }
    }

    pub(super) fn anchor(&self, row: usize) -> Anchor {
        match self {
            Self::Rendered(rich) => rich.anchor(row),
            Self::Source(wrapped) => {
                let byte = wrapped.rows().get(row).map_or(0, |row| row.start);
                Anchor { byte, behind: 0 }
            }
        }
    }

    pub(super) fn row_of(&self, anchor: Anchor) -> usize {
        match self {
            Self::Rendered(rich) => rich.row_of(anchor),
            Self::Source(wrapped) => wrapped.row_of(anchor.byte),
        }
    }
}

impl Block {
    pub(super) fn new(turn: TurnId, shape: Shape) -> Self {
        let (question, thought) = (Wrapped::default(), Wrapped::default());
        let answer = Answer::new(shape);
        let (told_apart, thinks, lines) = (false, false, Vec::new());
        Self { turn, question, thought, told_apart, thinks, answer, lines }
    }

    pub(super) fn update(&mut self, turn: &Turn, shape: Shape, stats: &mut Stats) {
        let columns = usize::from(shape.width);
        self.question.extend(turn.shown_question().as_str(), columns, stats);
        let told_apart = !turn.shown_thought().is_empty();
        if told_apart && !self.told_apart {
            // What was shown may turn out to have been reasoning, were it nothing but a blank.
            self.answer = Answer::new(shape);
        }
        self.told_apart = told_apart;
        let thinks = !turn.shown_thought().as_str().trim().is_empty();
        self.thinks = thinks;
        if thinks && shape.thoughts {
            self.thought.extend(turn.shown_thought().as_str(), columns, stats);
        }
        match &mut self.answer {
            Answer::Rendered(rich) => {
                rich.extend(turn.shown_answer(), columns, stats);
                if !turn.is_open() {
                    rich.end();
                }
            }
            Answer::Source(raw) => raw.extend(turn.shown_answer().as_str(), columns, stats),
        }
        self.lines = lines(turn, columns);
    }

    pub(super) fn height(&self) -> usize {
        self.answer_row() + self.answer.height() + self.lines.len()
    }

    /// Returns how many of its rows no later word changes, while it is open: those of closed
    /// blocks of the answer, and all before them.
    pub(super) fn final_rows(&self) -> usize {
        let closed = match &self.answer {
            Answer::Rendered(rich) => rich.closed_rows(),
            Answer::Source(_) => 0,
        };
        if closed > 0 { self.answer_row() + closed } else { 0 }
    }

    /// Returns the row behind the question.
    pub(super) fn question_end(&self) -> usize {
        QUESTION_ROW + self.question.rows().len()
    }

    /// Returns the first row behind the question and the blank there.
    fn thought_row(&self) -> usize {
        let nothing = self.answer.height() == 0 && self.lines.is_empty() && !self.thinks;
        let alone = self.question.rows().is_empty() || nothing;
        self.question_end() + usize::from(!alone)
    }

    /// Returns the first row of the answer.
    pub(super) fn answer_row(&self) -> usize {
        let shown = self.thought.rows().len();
        let gap = usize::from(shown > 0 && self.answer.height() > 0);
        self.thought_row() + usize::from(self.thinks) + shown + gap
    }

    pub(super) fn row(&self, row: usize) -> Row<'_> {
        let lines_row = self.answer_row() + self.answer.height();
        if let Some(line) = row.checked_sub(lines_row) {
            return self.lines.get(line).map_or(Row::Blank(Before::Question), Row::Line);
        }
        if let Some(row) = row.checked_sub(self.answer_row()) {
            return self.answer.row(row).unwrap_or(Row::Gap);
        }
        if let Some(row) = row.checked_sub(self.thought_row()) {
            let Some(row) = row.checked_sub(1) else { return Row::Fold };
            return self.thought.rows().get(row).map_or(Row::Gap, |row| Row::Thought(row.clone()));
        }
        let asked = row.checked_sub(QUESTION_ROW);
        let range = asked.and_then(|row| self.question.rows().get(row));
        let blank = Row::Blank(if row == 0 { Before::Question } else { Before::Answer });
        range.map_or(blank, |range| Row::Question(range.clone(), asked == Some(0)))
    }
}
