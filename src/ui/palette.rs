//! A list to choose from, narrowed by what is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::Palette;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::field;
use crate::ui::overlay::boxed;
use crate::ui::overlay::centred;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::words::word;

/// The widest box, in columns.
const WIDEST: u16 = 90;

/// The most lines at a time.
const MOST: usize = 20;

/// Draws the list over the screen; returns where the next character goes.
pub(super) fn draw(palette: &Palette, theme: &Theme, area: Rect, buf: &mut Buffer) -> Position {
    let lines = u16::try_from(palette.shown().len().clamp(1, MOST)).unwrap_or(1);
    let width = if area.width < WIDEST + 8 { area.width } else { WIDEST };
    let inner = boxed(theme, centred(area, width, lines + 3), buf);
    let dim = style(theme, Role::Dim);
    let row = paint::row_of(inner, 0);
    let count = Clean::one_line(&palette.shown().len().to_string(), usize::from(row.width / 2));
    let row = paint::put_right(buf, row, &count, dim);
    let cursor = field::draw((word(palette.title()), palette.query()), theme, row, buf);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    if palette.shown().len() == 0 {
        paint::put(buf, paint::row_of(body, 0), Shown::literal(word("none-fits")), dim);
    }
    let first = (palette.selected() + 1).saturating_sub(usize::from(body.height.max(1)));
    for (y, (index, choice)) in (0..body.height).zip(palette.shown().enumerate().skip(first)) {
        let selected = index == palette.selected();
        let role = if selected { Role::Accent } else { Role::Text };
        let mark = if selected { "▸ " } else { "  " };
        let row = paint::put(buf, paint::row_of(body, y), Shown::literal(mark), style(theme, role));
        let most = usize::from(row.width / 2);
        let detail = Clean::one_line(choice.detail.as_str(), most);
        let row = paint::put_right(buf, row, &detail, dim);
        let label =
            Clean::one_line(choice.label.as_str(), usize::from(row.width.saturating_sub(1)));
        paint::put(buf, row, Shown::all(&label), style(theme, role));
    }
    cursor
}
