//! Code blocks to rows: the language above, the lines indented, wrapped where they must be.

use crate::markdown::Code;
use crate::text::TAB_WIDTH;
use crate::text::width;
use crate::theme::Highlighter;
use crate::theme::Role;
use crate::ui::rich::Row;
use crate::ui::rich::flow;
use crate::ui::rich::flow::Piece;

/// Blanks before each line.
const INDENT: usize = 2;

/// Returns the rows of a whole block.
pub(super) fn rows(code: &Code, width: usize) -> Vec<Row> {
    let mut lines = Lines::new(code, width);
    lines.add(code.text.as_str());
    lines.rows
}

/// The rows of complete lines, and where highlighting stands behind them.
#[derive(Debug, Default)]
struct Lines {
    width: usize,
    rows: Vec<Row>,
    highlighter: Option<Highlighter>,
}

impl Lines {
    fn new(code: &Code, width: usize) -> Self {
        let named = !code.info.is_empty();
        let name = Piece::new(&format!("  {}", code.info), Role::Dim);
        let rows = if named { flow::wrap(&[name], width) } else { Vec::new() };
        Self { width, rows, highlighter: Highlighter::new(code.language()) }
    }

    /// Adds the rows of some lines.
    fn add(&mut self, lines: &str) {
        let room = self.width.saturating_sub(INDENT).max(1);
        for line in lines.split_inclusive('\n') {
            let line = &expanded(line);
            let whole = (0..line.len(), Role::Text);
            let pieces = match &mut self.highlighter {
                Some(highlighter) => highlighter.line(line),
                None => vec![whole],
            };
            let end = line.trim_end_matches('\n').len();
            let piece = |(range, role): (std::ops::Range<usize>, Role)| {
                Piece::new(&line[range.start.min(end)..range.end.min(end)], role)
            };
            let pieces: Vec<_> = pieces.into_iter().map(piece).collect();
            for mut row in flow::wrap(&pieces, room) {
                row.insert(0, Piece::new(&" ".repeat(INDENT.min(self.width - 1)), Role::Text));
                self.rows.push(row);
            }
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

/// An outermost code block that still grows.
#[derive(Debug, Default)]
pub(super) struct OpenCode {
    /// Where the block begins in the source, and how much of its text is in `lines`.
    at: Option<(usize, usize)>,
    lines: Lines,
    shown: Vec<Row>,
}

impl OpenCode {
    /// Returns the rows of the open block at byte `start`; complete lines are done once.
    pub(super) fn rows(&mut self, start: usize, code: &Code, width: usize) -> &[Row] {
        let text = code.text.as_str();
        let done = match self.at {
            Some((at, done)) if at == start && done <= text.len() => done,
            _ => {
                self.lines = Lines::new(code, width);
                self.shown.clone_from(&self.lines.rows);
                0
            }
        };
        self.shown.truncate(self.lines.rows.len());
        let complete = text[done..].rfind('\n').map_or(done, |at| done + at + 1);
        self.lines.add(&text[done..complete]);
        self.shown.extend_from_slice(&self.lines.rows[self.shown.len()..]);
        // The line that is being written is shown plain: its end may change what its words are.
        let mut rest = Lines { width, ..Lines::default() };
        rest.add(&text[complete..]);
        self.shown.append(&mut rest.rows);
        self.at = Some((start, complete));
        &self.shown
    }
}
