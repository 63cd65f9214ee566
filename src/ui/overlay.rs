//! What lies over everything else: the keys, and questions to answer.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::HelpLine;
use crate::app::Model;
use crate::app::Overlay;
use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::field;
use crate::ui::full;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::palette;
use crate::ui::panel;
use crate::ui::picker;
use crate::ui::search;
use crate::ui::style::base;
use crate::ui::style::style;
use crate::ui::why;
use crate::words::say;
use crate::words::word;

/// The narrowest help that has keys and words side by side.
const TWO_COLUMNS: u16 = 78;

/// Columns for the keys when words stand beside them.
pub(super) const KEYS: u16 = 34;

/// Draws the overlay, if there is one; returns by how many rows it can be scrolled, and where the
/// next character goes if it is typed into.
pub(super) fn draw(
    model: &Model,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> (u16, Option<Position>) {
    match model.overlay() {
        // That is beside the conversation, not over it.
        None | Some(Overlay::Sidebar(_)) => (0, None),
        Some(Overlay::Help(top)) => (draw_help(model, top, (theme, area), buf), None),
        Some(Overlay::Why(top)) => {
            let rows = |beside, columns| why::rows(model, beside, columns);
            (scrolled(top, rows, theme, area, buf), None)
        }
        Some(Overlay::Device(top)) => {
            let rows = |beside, columns| panel::rows(model, beside, columns);
            (scrolled(top, rows, theme, area, buf), None)
        }
        Some(Overlay::Full) => {
            full::draw(model, theme, area, buf);
            (0, None)
        }
        Some(Overlay::Sessions) => (0, Some(picker::draw(model, theme, area, buf))),
        Some(Overlay::Search) => (0, Some(search::draw(model, theme, area, buf))),
        Some(Overlay::Palette) => (0, Some(palette::draw(model.palette(), theme, area, buf))),
        Some(Overlay::SaveTo) => (0, Some(draw_save_to(model.line(), theme, area, buf))),
        Some(Overlay::Quit(_) | Overlay::Egress | Overlay::Close) => {
            draw_question(model, theme, area, buf);
            (0, None)
        }
    }
}

/// Draws a question that is answered by one key.
fn draw_question(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    match model.overlay() {
        Some(Overlay::Quit(_)) => {
            let running = model.open_turns().count();
            let told = say!("quit-running", count = running);
            ask((word("quit"), &told, word("quit-keys")), theme, area, buf);
        }
        Some(Overlay::Egress) => {
            let (name, origin) = model.asks_about().unwrap_or_default();
            let to = say!("egress-to", name = name, origin = origin);
            ask((word("egress"), &to, word("egress-keys")), theme, area, buf);
        }
        _ => {
            let title = model.current().title().map_or(word("untitled"), Clean::as_str);
            let keys = if model.settings().ephemeral {
                word("close-keys-ephemeral")
            } else {
                word("close-keys")
            };
            ask((word("close"), title, keys), theme, area, buf);
        }
    }
}

/// The widest field for a file's name, in columns.
const FILE_COLUMNS: u16 = 70;

/// Asks for a file's name; returns where the next character goes.
fn draw_save_to(line: &str, theme: &Theme, area: Rect, buf: &mut Buffer) -> Position {
    let inner = boxed(theme, centred(area, FILE_COLUMNS, 5), buf);
    let head = Shown::literal(word("save-to"));
    paint::put(buf, paint::row_of(inner, 0), head, style(theme, Role::Accent));
    let keys = Shown::literal(word("save-to-keys"));
    paint::put(buf, paint::row_of(inner, 2), keys, style(theme, Role::Dim));
    field::draw(("", line), theme, paint::row_of(inner, 1), buf)
}

fn ask((head, body, keys): (&str, &str, &str), theme: &Theme, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width.saturating_sub(6).max(1));
    let lines = [
        (Clean::one_line(head, room), Role::Accent),
        (Clean::one_line(body, room), Role::Text),
        (Clean::one_line(keys, room), Role::Dim),
    ];
    let width = lines.iter().map(|(line, _)| paint::columns(line)).max().unwrap_or(0) + 6;
    let inner = boxed(theme, centred(area, width, 5), buf);
    for (y, (line, role)) in (0..inner.height).zip(&lines) {
        paint::put(buf, paint::row_of(inner, y), Shown::all(line), style(theme, *role));
    }
}

fn draw_help(model: &Model, top: u16, (theme, area): (&Theme, Rect), buf: &mut Buffer) -> u16 {
    let help = model.settings().keys.help();
    let all = |beside, columns| {
        help.iter().flat_map(|line| rows(line, beside, columns)).collect::<Vec<_>>()
    };
    scrolled(top, all, theme, area, buf)
}

/// Draws rows in a box, with their words beside them where there is room, from the row `top` on;
/// returns by how many rows it can be scrolled.
fn scrolled(
    top: u16,
    rows: impl Fn(bool, usize) -> Vec<Row>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    // Beside the box there is room for more than a sliver of what lies under it, or for nothing.
    let width = if area.width < TWO_COLUMNS + 8 { area.width } else { TWO_COLUMNS };
    let columns = usize::from(width.saturating_sub(4));
    let beside = width >= TWO_COLUMNS;
    let lines = rows(beside, columns);
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let frame = centred(area, width, count.saturating_add(2));
    let inner = boxed(theme, frame, buf);
    let slack = count.saturating_sub(inner.height);
    let top = top.min(slack);
    for (y, (indent, role, text, words)) in (0..inner.height).zip(&lines[usize::from(top)..]) {
        let row = paint::row_of(inner, y);
        paint::put(buf, paint::after(row, *indent), Shown::all(text), style(theme, *role));
        paint::put(buf, paint::after(row, KEYS), Shown::all(words), style(theme, Role::Dim));
    }
    if top < slack {
        let row = paint::row_of(frame, frame.height - 1);
        let row = Rect { width: row.width.saturating_sub(2), ..row };
        let more = Clean::one_line(&format!(" ↓ {} ", word("more-below")), columns);
        paint::put_right(buf, row, &more, style(theme, Role::Accent));
    }
    slack
}

/// One row in a box: indent, role, text, and the words beside it.
pub(super) type Row = (u16, Role, Clean, Clean);

/// Returns a line of the help as rows.
fn rows(line: &HelpLine, beside: bool, columns: usize) -> Vec<Row> {
    let (keys, words) = (Clean::one_line(&line.keys, columns), Clean::new(line.does));
    let none = Clean::default;
    if line.keys.is_empty() {
        return vec![(0, Role::Accent, words, none())];
    }
    if beside {
        return vec![(2, Role::Text, keys, words)];
    }
    let wrapped = text::wrap(words.as_str(), columns.saturating_sub(4));
    let below = wrapped.into_iter().map(|row| {
        let row = Clean::new(&words.as_str()[row]);
        (4, Role::Dim, row, none())
    });
    std::iter::once((2, Role::Text, keys, none())).chain(below).collect()
}

pub(super) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    Rect { x, y, width, height }
}

/// Clears an area and frames it; returns the room inside.
pub(super) fn boxed(theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let border = style(theme, Role::Border);
    for y in 0..area.height {
        let row = paint::row_of(area, y);
        paint::cut_before(buf, row);
        buf.set_style(row, Style::reset());
        paint::fill(buf, row, " ", base(theme));
        let edges = match y {
            0 => ("╭", "╮"),
            _ if y + 1 == area.height => ("╰", "╯"),
            _ => ("│", "│"),
        };
        if y == 0 || y + 1 == area.height {
            paint::fill(buf, row, "─", border);
        }
        paint::put(buf, row, Shown::literal(edges.0), border);
        let last = paint::after(row, row.width.saturating_sub(1));
        paint::put(buf, last, Shown::literal(edges.1), border);
    }
    Rect {
        x: area.x + 2.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}
