//! Blocks to rows.

use std::ops::Range;

use crate::markdown::Block;
use crate::markdown::Item;
use crate::markdown::List;
use crate::markdown::Look;
use crate::markdown::Span;
use crate::text::Clean;
use crate::theme::Role;
use crate::ui::rich::Row;
use crate::ui::rich::code;
use crate::ui::rich::code::Ink;
use crate::ui::rich::flow;
use crate::ui::rich::flow::Piece;
use crate::ui::rich::table;

/// The longest rule, in columns.
const RULE_MAX: usize = 40;
/// The least room for text behind margins; deeper margins are left out.
const LEAST: usize = 12;

/// Adds the rows of a block, `width` columns wide, and which of them are of code blocks.
pub(super) fn lay(
    block: &Block,
    (width, ink): (usize, Ink),
    rows: &mut Vec<Row>,
    codes: &mut Vec<Range<usize>>,
) {
    Pen { rows, codes, width, ink, margins: Vec::new(), role: Role::Text }.block(block);
}

/// What stands before each row of a container.
struct Margin {
    /// Before the first row, until it is written.
    first: Option<Piece>,
    rest: Piece,
}

struct Pen<'a> {
    rows: &'a mut Vec<Row>,
    codes: &'a mut Vec<Range<usize>>,
    width: usize,
    ink: Ink,
    margins: Vec<Margin>,
    /// The role of running text.
    role: Role,
}

impl Pen<'_> {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, spans) => self.heading(*level, spans),
            Block::Paragraph(spans) => self.text(&flow::pieces(spans, self.role)),
            Block::Code(block) => {
                let (room, first) = (self.room(), self.rows.len());
                self.all(code::rows(block, self.ink, room));
                self.codes.push(first..self.rows.len());
            }
            Block::Quote(inner) => self.quote(inner),
            Block::List(list) => self.list(list),
            Block::Table(block) => {
                let (room, mut rows) = (self.room(), Vec::new());
                table::lay(block, &mut Vec::new(), room, &mut rows);
                self.all(rows);
            }
            Block::Rule => {
                let rule = "─".repeat(self.room().min(RULE_MAX));
                self.row(vec![Piece::new(&rule, Role::Border)]);
            }
            Block::Html(html) => self.text(&[trimmed(html, Role::Dim)]),
            Block::Footnote(label, inner) => {
                self.within(&format!("[^{label}] "), Role::Dim, |pen| pen.blocks(inner, false));
            }
            Block::Definition(label, address) => {
                let text = format!("[{label}]: {address}");
                self.text(&[Piece::new(&text, Role::Dim)]);
            }
        }
    }

    /// Adds blocks, set apart from each other where there is room between them.
    fn blocks(&mut self, blocks: &[Block], tight: bool) {
        for (index, block) in blocks.iter().enumerate() {
            let close = tight && !matches!(block, Block::Code(_) | Block::Table(_));
            if index > 0 && !close {
                self.row(Row::new());
            }
            self.block(block);
        }
    }

    fn heading(&mut self, level: u8, spans: &[Span]) {
        let mut pieces = flow::pieces(spans, Role::Heading);
        for piece in &mut pieces {
            piece.look = piece.look.with(Look::STRONG);
        }
        // Without colours and sizes, the marks alone tell levels apart.
        let marks = format!("{} ", "#".repeat(usize::from(level)));
        pieces.insert(0, Piece { look: Look::STRONG, ..Piece::new(&marks, Role::Dim) });
        self.text(&pieces);
    }

    fn quote(&mut self, inner: &[Block]) {
        let outer = std::mem::replace(&mut self.role, Role::Quote);
        let bar = Piece::new("│ ", Role::Border);
        self.margin(Margin { first: None, rest: bar }, |pen| pen.blocks(inner, false));
        self.role = outer;
    }

    fn list(&mut self, list: &List) {
        let count = list.items.len().saturating_sub(1) as u64;
        let digits = |number: u64| number.to_string().len();
        let widest = list.start.map(|start| digits(start.saturating_add(count)));
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 && list.loose {
                self.row(Row::new());
            }
            let number = list.start.map(|start| start.saturating_add(index as u64));
            self.item(item, number.zip(widest), list.loose);
        }
    }

    fn item(&mut self, item: &Item, number: Option<(u64, usize)>, loose: bool) {
        let mark = match (number, item.task) {
            (Some((number, digits)), _) => format!("{number:>digits$}. "),
            (None, _) if item.task.is_some() => String::new(),
            (None, _) => "• ".to_owned(),
        };
        let task = match item.task {
            Some(true) => "[x] ",
            Some(false) => "[ ] ",
            None => "",
        };
        self.within(&(mark + task), Role::Accent, |pen| {
            if item.blocks.is_empty() {
                pen.row(Row::new());
            }
            pen.blocks(&item.blocks, !loose);
        });
    }

    /// Writes with `mark` before the first row and as much blank before the others.
    fn within(&mut self, mark: &str, role: Role, write: impl FnOnce(&mut Self)) {
        let first = Piece::new(mark, role);
        let rest = Piece::new(&" ".repeat(first.columns()), role);
        self.margin(Margin { first: Some(first), rest }, write);
    }

    fn margin(&mut self, margin: Margin, write: impl FnOnce(&mut Self)) {
        self.margins.push(margin);
        write(self);
        self.margins.pop();
    }

    /// Returns the columns that the margins leave.
    fn room(&self) -> usize {
        let taken: usize = self.shown().map(|margin| margin.rest.columns()).sum();
        self.width.saturating_sub(taken).max(1)
    }

    /// The outer margins that leave room for text.
    fn shown(&self) -> impl Iterator<Item = &Margin> {
        let mut left = self.width;
        self.margins.iter().take_while(move |margin| {
            let after = left.saturating_sub(margin.rest.columns());
            let fits = after >= LEAST.min(self.width / 2);
            left = after;
            fits
        })
    }

    fn text(&mut self, pieces: &[Piece]) {
        let rows = flow::wrap(pieces, self.room());
        self.all(rows);
    }

    fn all(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.row(row);
        }
    }

    fn row(&mut self, content: Row) {
        let shown = self.shown().count();
        let margins = self.margins.iter_mut().take(shown);
        let mut row: Row = margins
            .map(|margin| margin.first.take().unwrap_or_else(|| margin.rest.clone()))
            .collect();
        row.extend(content);
        self.rows.push(row);
    }
}

fn trimmed(text: &Clean, role: Role) -> Piece {
    Piece::new(text.as_str().trim_end_matches('\n'), role)
}
