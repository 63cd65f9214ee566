//! Code blocks to rows: the language above, the lines indented, wrapped where they must be.

use std::ops::Range;

use crate::markdown::Code;
use crate::markdown::Placed;
use crate::text::TAB_WIDTH;
use crate::text::width;
use crate::theme::Highlighter;
use crate::theme::Role;
use crate::ui::rich::Row;
use crate::ui::rich::flow;
use crate::ui::rich::flow::Piece;

/// Blanks before each line.
const INDENT: usize = 2;

/// Longer lines are data rather than code: they are laid out plain, and so many bytes by themselves, so
/// that the end of a long one costs no more than its beginning.
const LINE_MAX: usize = 2000;

/// Whether code has its colours: finding them takes far longer than laying a whole text out without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Coloured,
}

/// Returns the rows of a whole block: as many, and with the same text, whatever the ink.
pub(super) fn rows(code: &Code, ink: Ink, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    Lines::begin(code, ink, width, &mut rows).add(code.text.as_str(), &mut rows);
    rows
}

/// Makes rows of complete lines, one after the other.
#[derive(Debug, Default)]
struct Lines {
    width: usize,
    highlighter: Option<Highlighter>,
    /// What comes next is in the midst of a long line.
    midst: bool,
}

impl Lines {
    /// Begins a block: with the language, where one is named.
    fn begin(code: &Code, ink: Ink, width: usize, rows: &mut Vec<Row>) -> Self {
        if !code.info.is_empty() {
            let name = Piece::new(&format!("  {}", code.info), Role::Dim);
            rows.append(&mut flow::wrap(&[name], width));
        }
        let language = Some(code.language()).filter(|_| ink == Ink::Coloured);
        Self { width, highlighter: language.and_then(Highlighter::new), midst: false }
    }

    /// Adds the rows of some lines.
    fn add(&mut self, lines: &str, rows: &mut Vec<Row>) {
        for line in lines.split_inclusive('\n') {
            let rest = &line[self.cut(line, rows)..];
            let rest = &expanded(rest);
            let pieces = match &mut self.highlighter {
                Some(highlighter) if !self.midst => highlighter.line(rest),
                _ => vec![(0..rest.len(), Role::Text)],
            };
            self.lay(rest, pieces, rows);
            self.midst &= !line.ends_with('\n');
        }
    }

    /// Adds the rows of the beginning of a line that is too long; returns how many bytes that are.
    fn cut(&mut self, line: &str, rows: &mut Vec<Row>) -> usize {
        let (line, mut done) = (line.trim_end_matches('\n'), 0);
        while line.len() - done > LINE_MAX {
            let rest = &line[done..];
            let most = (0..=LINE_MAX).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
            let blank = rest[..most].rfind(' ').map(|at| at + 1);
            let piece = &rest[..blank.filter(|at| *at > LINE_MAX / 2).unwrap_or(most)];
            done += piece.len();
            let piece = &expanded(piece);
            self.lay(piece, vec![(0..piece.len(), Role::Text)], rows);
            self.midst = true;
        }
        done
    }

    fn lay(&self, line: &str, pieces: Vec<(Range<usize>, Role)>, rows: &mut Vec<Row>) {
        let room = self.width.saturating_sub(INDENT).max(1);
        let end = line.trim_end_matches('\n').len();
        let piece = |(range, role): (Range<usize>, Role)| {
            Piece::new(&line[range.start.min(end)..range.end.min(end)], role)
        };
        let pieces: Vec<_> = pieces.into_iter().map(piece).collect();
        for mut row in flow::wrap(&pieces, room) {
            row.insert(0, Piece::new(&" ".repeat(INDENT.min(self.width - 1)), Role::Text));
            rows.push(row);
        }
    }
}

/// Returns a line with its tabs as blanks up to the next stop.
fn expanded(line: &str) -> String {
    let mut expanded = String::with_capacity(line.len());
    for (index, piece) in line.split('\t').enumerate() {
        if index > 0 {
            let column = width(&expanded);
            expanded.push_str(&" ".repeat(TAB_WIDTH - column % TAB_WIDTH));
        }
        expanded.push_str(piece);
    }
    expanded
}

/// An outermost code block that still grows: its complete lines are laid out once, and their rows
/// stay where they are.
#[derive(Debug, Default)]
pub(super) struct OpenCode {
    /// Where the block begins in the source, and how much of its text is laid out for good.
    at: Option<(usize, usize)>,
    /// How many rows that made, the blank one before the block included.
    rows: usize,
    lines: Lines,
}

impl OpenCode {
    /// Returns how many rows of a block stay as they are.
    pub(super) fn kept(&self, placed: &Placed) -> usize {
        if self.at.is_some_and(|(at, _)| at == placed.range.start) { self.rows } else { 0 }
    }

    /// Adds the rows of what is new in a block to `rows`, whose end is those that were kept of it.
    pub(super) fn grow(&mut self, placed: &Placed, code: &Code, width: usize, rows: &mut Vec<Row>) {
        let first = rows.len() - self.kept(placed);
        let (start, text) = (placed.range.start, code.text.as_str());
        let done = match self.at {
            Some((at, done)) if at == start && done <= text.len() => done,
            _ => {
                rows.truncate(first);
                rows.extend(placed.spaced.then(Row::new));
                self.lines = Lines::begin(code, Ink::Coloured, width, rows);
                0
            }
        };
        let complete = text[done..].rfind('\n').map_or(done, |at| done + at + 1);
        let complete = if code.ended { text.len() } else { complete };
        self.lines.add(&text[done..complete], rows);
        let complete = complete + self.lines.cut(&text[complete..], rows);
        self.at = Some((start, complete));
        self.rows = rows.len() - first;
        // The line that is being written is shown plain: its end may change what its words are.
        Lines { width, ..Lines::default() }.add(&text[complete..], rows);
    }
}
