//! The only way onto the screen for text.

use std::num::NonZeroU16;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::buffer::CellDiffOption;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text::Address;
use crate::text::Clean;
use crate::text::TAB_WIDTH;
use crate::text::width;

/// Text that may be drawn: clean, or a literal of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a>(&'a str);

impl<'a> Shown<'a> {
    /// All of a clean text.
    pub(super) fn all(text: &'a Clean) -> Self {
        Self(text.as_str())
    }

    /// One wrapped row of a clean text.
    pub(super) fn row(text: &'a Clean, row: Range<usize>) -> Self {
        Self(&text.as_str()[row])
    }

    /// A literal of ours.
    pub(super) fn literal(text: &'static str) -> Self {
        Self(text)
    }
}

/// Writes one row of text at the beginning of `row`, with tabs expanded, cut at its end; returns
/// what is left of `row`.
pub(super) fn put(buf: &mut Buffer, row: Rect, text: Shown<'_>, style: Style) -> Rect {
    let tab = u16::try_from(TAB_WIDTH).unwrap_or(1);
    let mut x = row.x;
    if row.is_empty() {
        return row;
    }
    for (index, piece) in text.0.split('\t').enumerate() {
        if index > 0 {
            x = (x + tab - (x - row.x) % tab).min(row.right());
        }
        x = put_piece(buf, (x, row), piece, style);
    }
    after(row, x - row.x)
}

/// Writes text without tabs into `row` from column `x` on; returns the column behind it.
fn put_piece(buf: &mut Buffer, (x, row): (u16, Rect), piece: &str, style: Style) -> u16 {
    let room = row.right().min(buf.area.right()).saturating_sub(x);
    if room == 0 || !piece.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return buf.set_stringn(x, row.y, piece, usize::from(room), style).0;
    }
    // For speed alone: of such text each byte is one cell, and a screen is full of it.
    let columns = u16::try_from(piece.len()).unwrap_or(u16::MAX).min(room);
    let first = buf.index_of(x, row.y);
    let cells = &mut buf.content[first..first + usize::from(columns)];
    for (cell, byte) in cells.iter_mut().zip(piece.bytes()) {
        cell.set_char(char::from(byte)).set_style(style);
    }
    x + columns
}

/// Makes what stands in `row` lead to an address (OSC 8). Each cell says so by itself, because any
/// of them may be drawn without the others; what is repeated is left out when bytes are written.
pub(super) fn link(buf: &mut Buffer, row: Rect, address: &Address) {
    let mut x = row.x;
    while let Some(cell) = buf.cell_mut((x, row.y)).filter(|_| x < row.right()) {
        let columns = u16::try_from(width(cell.symbol())).unwrap_or(1).max(1);
        let linked = format!("\x1b]8;;{address}\x1b\\{}\x1b]8;;\x1b\\", cell.symbol());
        cell.set_symbol(&linked);
        if let Some(columns) = NonZeroU16::new(columns) {
            cell.set_diff_option(CellDiffOption::ForcedWidth(columns));
        }
        x += columns;
    }
}

/// Writes one row of text at the end of `row`; returns what is left of `row` before it.
pub(super) fn put_right(buf: &mut Buffer, row: Rect, text: &Clean, style: Style) -> Rect {
    let left = row.width - columns(text).min(row.width);
    put(buf, after(row, left), Shown::all(text), style);
    Rect { width: left, ..row }
}

/// Repeats a literal of one column over the whole `row`.
pub(super) fn fill(buf: &mut Buffer, row: Rect, glyph: &'static str, style: Style) {
    for x in row.left()..row.right() {
        put(buf, Rect { x, width: 1, ..row }, Shown::literal(glyph), style);
    }
}

/// Blanks a wide character that reaches into `row` from before it: the terminal would draw it over
/// the row's first column.
pub(super) fn cut_before(buf: &mut Buffer, row: Rect) {
    let Some(x) = row.x.checked_sub(1).filter(|_| !row.is_empty()) else { return };
    if let Some(cell) = buf.cell_mut((x, row.y)).filter(|cell| width(cell.symbol()) > 1) {
        cell.set_symbol(" ");
    }
}

/// Returns `row` without its first `columns`.
pub(super) fn after(row: Rect, columns: u16) -> Rect {
    let columns = columns.min(row.width);
    Rect { x: row.x + columns, width: row.width - columns, ..row }
}

/// Returns row `index` of `area`, empty when there is no such row.
pub(super) fn row_of(area: Rect, index: u16) -> Rect {
    let height = u16::from(index < area.height);
    Rect { y: area.y + index.min(area.height), height, ..area }
}

/// Returns the columns that a line of text takes.
pub(super) fn columns(text: &Clean) -> u16 {
    u16::try_from(width(text.as_str())).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Cell;

    use super::*;

    fn drawn(text: &str, width: u16) -> String {
        let mut buf = Buffer::filled(Rect::new(0, 0, 12, 1), Cell::new("."));
        put(&mut buf, Rect::new(1, 0, width, 1), Shown::all(&Clean::new(text)), Style::default());
        buf.content().iter().map(Cell::symbol).collect()
    }

    #[test]
    fn text_is_cut_at_the_end_and_never_in_a_wide_character() {
        assert_eq!(drawn("abcdef", 4), ".abcd.......");
        assert_eq!(drawn("漢字漢", 5), ".漢 字 .......");
        assert_eq!(drawn("a", 0), "............");
    }

    proptest! {
        /// The oracle is the terminal library.
        #[test]
        fn text_is_drawn_as_the_terminal_library_draws_it(
            raw in "[ -~]{0,16}|[ -~é漢👍🏽\u{301}]{0,12}",
            x in 0_u16..13,
            width in 0_u16..14,
        ) {
            let (text, style) = (Clean::new(&raw), Style::default().bold());
            let row = Rect::new(x, 0, width, 1);
            let mut drawn = Buffer::filled(Rect::new(0, 0, 12, 1), Cell::new("."));
            let mut wanted = drawn.clone();
            let rest = put(&mut drawn, row, Shown::all(&text), style);
            let (column, _) = wanted.set_stringn(x, 0, text.as_str(), width.into(), style);
            prop_assert_eq!(&drawn, &wanted);
            prop_assert_eq!(rest.x, column.max(x));
        }
    }

    #[test]
    fn tabs_stop_at_every_fourth_column_of_the_row() {
        assert_eq!(drawn("a\tb\tc", 10), ".a...b...c..");
        assert_eq!(drawn("a\tb", 3), ".a..........");
    }
}
