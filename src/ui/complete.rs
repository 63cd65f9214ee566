//! What a draft may become, above it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Model;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::words::say;

/// The most lines.
const MOST: u16 = 6;

/// Columns for the commands when words stand beside them.
const NAMES: u16 = 16;

/// Returns how many rows the offers take.
pub(super) fn rows(model: &Model, area: Rect) -> u16 {
    let offers = u16::try_from(model.completions().len()).unwrap_or(MOST);
    if model.overlay().is_some() { 0 } else { offers.min(MOST).min(area.height / 4) }
}

/// Draws them in the last rows of an area; Tab takes the first.
pub(super) fn draw(model: &Model, theme: &Theme, (area, rows): (Rect, u16), buf: &mut Buffer) {
    let first = area.height.saturating_sub(rows);
    for (y, (name, does)) in (first..area.height).zip(model.completions()) {
        let row = paint::after(paint::row_of(area, y), 2);
        let role = if y == first { Role::Accent } else { Role::Text };
        let name = Clean::one_line(&name, usize::from(row.width));
        paint::put(buf, row, Shown::all(&name), style(theme, role));
        let words = if y == first { say!("complete-first", does = does) } else { does.to_owned() };
        let words = Clean::one_line(&words, usize::from(row.width.saturating_sub(NAMES + 1)));
        paint::put(buf, paint::after(row, NAMES), Shown::all(&words), style(theme, Role::Dim));
    }
}
