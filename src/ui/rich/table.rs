//! Tables to rows: columns as wide as their cells while that fits, cells wrapped where it does
//! not, and one line a cell where even that is too narrow.

use crate::markdown::Column;
use crate::markdown::Look;
use crate::markdown::Span;
use crate::markdown::Table;
use crate::theme::Role;
use crate::ui::rich::Row;
use crate::ui::rich::flow;
use crate::ui::rich::flow::Piece;

/// Between two columns.
const GAP: &str = " │ ";
const GAP_COLUMNS: usize = 3;
/// A column narrower than this is not read but spelled.
const LEAST: usize = 6;

/// Adds the rows of a table, at most `width` columns wide. Where it goes on, it has no head, and its
/// columns are at least as wide as before: `natural` are the widest lines of their cells so far.
pub(super) fn lay(table: &Table, natural: &mut Vec<usize>, width: usize, rows: &mut Vec<Row>) {
    let count = table.columns.len();
    if !table.goes_on || natural.len() != count {
        *natural = vec![1; count];
    }
    for (index, columns) in natural.iter_mut().enumerate() {
        *columns = widest(table, index).max(*columns);
    }
    let gaps = GAP_COLUMNS * count.saturating_sub(1);
    let least: usize = natural.iter().map(|columns| (*columns).min(LEAST)).sum();
    if count == 0 || least + gaps > width {
        return records(table, width, rows);
    }
    let columns = shares(natural, width - gaps);
    if !table.goes_on {
        head(table, &columns, rows);
    }
    for cells in &table.rows {
        line(cells, table, &columns, rows);
    }
}

/// Adds the rows of a head and the rule below it.
fn head(table: &Table, columns: &[usize], rows: &mut Vec<Row>) {
    let first = rows.len();
    line(&table.head, table, columns, rows);
    for row in &mut rows[first..] {
        for piece in row.iter_mut() {
            piece.look = piece.look.with(Look::STRONG);
        }
    }
    let rule: Vec<_> = columns.iter().map(|columns| "─".repeat(*columns)).collect();
    rows.push(vec![Piece::new(&rule.join("─┼─"), Role::Border)]);
}

/// The widest line of a column's cells, in columns.
fn widest(table: &Table, index: usize) -> usize {
    let cells = std::iter::once(&table.head).chain(&table.rows);
    let cells = cells.filter_map(|row| row.get(index));
    let columns = cells.map(|cell| flow::pieces(cell, Role::Text).iter().map(Piece::columns).sum());
    columns.max().unwrap_or(0)
}

/// Divides `room` columns: narrow columns get what they want, the others the same share of the rest.
fn shares(natural: &[usize], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..natural.len()).collect();
    order.sort_by_key(|index| natural[*index]);
    let (mut left, mut shares) = (room, vec![0; natural.len()]);
    for (done, index) in order.iter().enumerate() {
        let share = left / (natural.len() - done);
        shares[*index] = natural[*index].min(share).max(1);
        left = left.saturating_sub(shares[*index]);
    }
    shares
}

/// Adds the rows of one row of cells.
fn line(cells: &[Vec<Span>], table: &Table, columns: &[usize], rows: &mut Vec<Row>) {
    let empty = Vec::new();
    let wrapped: Vec<Vec<Row>> = columns
        .iter()
        .enumerate()
        .map(|(index, columns)| {
            let cell = cells.get(index).unwrap_or(&empty);
            flow::wrap(&flow::pieces(cell, Role::Text), *columns)
        })
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    for y in 0..height {
        let mut row = Row::new();
        for (index, (cell, columns)) in wrapped.iter().zip(columns).enumerate() {
            if index > 0 {
                row.push(Piece::new(GAP, Role::Border));
            }
            let content = cell.get(y).cloned().unwrap_or_default();
            let column = table.columns.get(index).copied().unwrap_or_default();
            let last = index + 1 == wrapped.len();
            aligned(content, column, (*columns, last), &mut row);
        }
        rows.push(row);
    }
}

/// Adds a cell's row between the blanks that its alignment asks for; the last one's are left out.
fn aligned(mut content: Row, column: Column, (columns, last): (usize, bool), row: &mut Row) {
    if let Some(end) = content.last_mut() {
        end.text = crate::text::Clean::new(end.text.as_str().trim_end());
    }
    let taken: usize = content.iter().map(Piece::columns).sum();
    let free = columns.saturating_sub(taken);
    let before = match column {
        Column::Left => 0,
        Column::Center => free / 2,
        Column::Right => free,
    };
    let blank = |count: usize| (count > 0).then(|| Piece::new(&" ".repeat(count), Role::Text));
    row.extend(blank(before));
    row.append(&mut content);
    row.extend(if last { None } else { blank(free - before) });
}

/// Each cell on lines of its own, with the head before it.
fn records(table: &Table, width: usize, rows: &mut Vec<Row>) {
    for (number, cells) in table.rows.iter().enumerate() {
        if number > 0 || table.goes_on {
            rows.push(Row::new());
        }
        for (index, cell) in cells.iter().enumerate() {
            let mut pieces = Vec::new();
            if let Some(head) = table.head.get(index).filter(|head| !head.is_empty()) {
                pieces.extend(flow::pieces(head, Role::Dim));
                pieces.push(Piece::new(": ", Role::Dim));
            }
            pieces.extend(flow::pieces(cell, Role::Text));
            rows.append(&mut flow::wrap(&pieces, width));
        }
    }
    if table.rows.is_empty() {
        let heads =
            table.head.iter().flat_map(|head| flow::wrap(&flow::pieces(head, Role::Text), width));
        rows.extend(heads);
    }
}
