//! The list of saved sessions, with the end of the selected one beside or below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::Asks;
use crate::app::Model;
use crate::app::Picker;
use crate::chat;
use crate::chat::Listed;
use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::field;
use crate::ui::figures::age;
use crate::ui::figures::figure;
use crate::ui::figures::fit;
use crate::ui::overlay::boxed;
use crate::ui::overlay::centred;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::words::say;
use crate::words::word;

/// The widest box, in columns.
const WIDEST: u16 = 120;

/// The narrowest box that has the preview beside the list.
const BESIDE: u16 = 100;

/// The lowest box that has the preview below the list.
const BELOW: u16 = 18;

/// Draws the picker over the screen; returns where the next character goes.
pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Position {
    let picker = model.picker();
    let width = if area.width < WIDEST + 8 { area.width } else { WIDEST };
    let frame = centred(area, width, area.height.saturating_sub(2));
    let inner = boxed(theme, frame, buf);
    let cursor = draw_query(picker, theme, paint::row_of(inner, 0), buf);
    draw_foot(picker, theme, paint::row_of(inner, inner.height.saturating_sub(1)), buf);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(2), ..inner };
    let (list, preview) = halves(body, frame);
    draw_list(model, theme, list, buf);
    if let Some(area) = preview {
        draw_preview(picker, theme, area, buf);
    }
    cursor
}

/// Divides the body into the list and the preview, if there is room for it.
fn halves(body: Rect, frame: Rect) -> (Rect, Option<Rect>) {
    if frame.width >= BESIDE {
        let left = Rect { width: body.width / 2, ..body };
        return (left, Some(paint::after(body, left.width + 2)));
    }
    if frame.height < BELOW {
        return (body, None);
    }
    let list = Rect { height: body.height.div_ceil(2), ..body };
    let rest = body.height - list.height;
    (list, Some(Rect { y: list.y + list.height, height: rest, ..body }))
}

fn draw_query(picker: &Picker, theme: &Theme, row: Rect, buf: &mut Buffer) -> Position {
    let count = match (picker.is_listed(), picker.shown().len()) {
        (false, _) => word("picker-reads").to_owned(),
        (true, count) => say!("picker-count", count = count),
    };
    let count = Clean::one_line(&count, usize::from(row.width / 2));
    let row = paint::put_right(buf, row, &count, style(theme, Role::Dim));
    let typed = match picker.asks() {
        Asks::Title(title) => (word("picker-title"), title.as_str()),
        Asks::Nothing | Asks::Delete => (word("picker"), picker.query()),
    };
    field::draw(typed, theme, row, buf)
}

fn draw_foot(picker: &Picker, theme: &Theme, row: Rect, buf: &mut Buffer) {
    let (figures, role) = match picker.asks() {
        Asks::Delete => {
            let title = picker.current().map(|entry| entry.info.title.as_str()).unwrap_or_default();
            (
                vec![
                    figure(2, say!("picker-delete", title = title)),
                    figure(1, word("picker-delete-keys")),
                ],
                Role::Bad,
            )
        }
        Asks::Title(_) => {
            let keys = [word("picker-renames"), word("picker-keeps-title")];
            ((1..).zip(keys).map(|(rank, key)| figure(rank, key)).collect(), Role::Dim)
        }
        Asks::Nothing => {
            let undo = if picker.removed() > 0 { word("picker-undelete") } else { "" };
            let archived = if picker.shows_archived() {
                word("picker-hide-archived")
            } else {
                word("picker-show-archived")
            };
            let keys = [
                word("picker-open"),
                undo,
                word("picker-delete-key"),
                word("picker-rename"),
                word("picker-archive"),
                archived,
            ];
            ((1..).zip(keys).map(|(rank, key)| figure(rank, key)).collect(), Role::Dim)
        }
    };
    paint::put(buf, row, Shown::all(&fit(figures, row.width)), style(theme, role));
}

fn draw_list(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let picker = model.picker();
    if picker.is_listed() && picker.shown().len() == 0 {
        let none = if picker.query().is_empty() { word("picker-empty") } else { word("none-fits") };
        paint::put(buf, paint::row_of(area, 0), Shown::literal(none), style(theme, Role::Dim));
    }
    let height = usize::from(area.height.max(1));
    let first = (picker.selected() + 1).saturating_sub(height);
    for (y, (index, entry)) in (0..area.height).zip(picker.shown().enumerate().skip(first)) {
        draw_entry(model, theme, (entry, index == picker.selected()), paint::row_of(area, y), buf);
    }
}

fn draw_entry(
    model: &Model,
    theme: &Theme,
    (entry, selected): (&Listed, bool),
    row: Rect,
    buf: &mut Buffer,
) {
    let dim = style(theme, Role::Dim);
    let open = model.sessions().iter().any(|session| session.id() == entry.info.id);
    let mark = match (selected, entry.answering, open) {
        (true, ..) => "▸ ",
        (_, true, _) => "● ",
        (.., true) => "◦ ",
        _ => "  ",
    };
    let role = if selected { Role::Accent } else { Role::Text };
    let rest = paint::put(buf, row, Shown::literal(mark), style(theme, role));
    let mut figures = vec![figure(1, age(entry.info.updated, model.time()))];
    if row.width >= 50 {
        figures.insert(0, figure(2, say!("messages", count = entry.messages)));
    }
    if row.width >= 40 {
        let tags = entry.info.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>();
        figures.insert(0, figure(3, tags.join(" ")));
        figures
            .insert(0, figure(4, if entry.info.archived { word("picker-archived") } else { "" }));
    }
    let figures = fit(figures, row.width / 2);
    let rest = paint::put_right(buf, rest, &figures, dim);
    let title = match entry.info.title.as_str() {
        "" => word("picker-untitled"),
        title => title,
    };
    let title = Clean::one_line(title, usize::from(rest.width.saturating_sub(1)));
    paint::put(buf, rest, Shown::all(&title), style(theme, role));
}

fn draw_preview(picker: &Picker, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(preview) = picker.preview() else { return };
    let columns = usize::from(area.width.saturating_sub(2).max(1));
    let mut rows = Vec::new();
    for (role, text) in &preview.messages {
        let (mark, look) = match role {
            chat::Role::User => ("›", Role::User),
            _ => ("•", Role::Text),
        };
        for (index, range) in text::wrap(text.as_str(), columns).into_iter().enumerate() {
            rows.push((if index == 0 { mark } else { " " }, look, text, range));
        }
    }
    let height = usize::from(area.height.saturating_sub(1));
    let first = rows.len().saturating_sub(height);
    paint::fill(buf, paint::row_of(area, 0), "─", style(theme, Role::Border));
    for (y, (mark, look, text, range)) in (1..area.height).zip(&rows[first..]) {
        let row = paint::row_of(area, y);
        paint::put(buf, row, Shown::literal(mark), style(theme, *look));
        let shown = Shown::row(text, range.clone());
        paint::put(buf, paint::after(row, 2), shown, style(theme, *look));
    }
}
