//! The search over all saved messages.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::Model;
use crate::chat;
use crate::chat::Hit;
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

/// Rows of one hit: what it is in, and the words.
const HIT_ROWS: u16 = 2;

/// Draws the search over the screen; returns where the next character goes.
pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Position {
    let search = model.search();
    let width = if area.width < WIDEST + 8 { area.width } else { WIDEST };
    let frame = centred(area, width, area.height.saturating_sub(2));
    let inner = boxed(theme, frame, buf);
    let row = paint::row_of(inner, 0);
    let count = match (search.query().trim().is_empty(), search.is_current(), search.hits().len()) {
        (true, ..) => String::new(),
        (_, false, _) => word("search-runs").to_owned(),
        (.., count) => say!("messages", count = count),
    };
    let count = Clean::one_line(&count, usize::from(row.width / 2));
    let rest = paint::put_right(buf, row, &count, style(theme, Role::Dim));
    let cursor = field::draw((word("search"), search.query()), theme, rest, buf);
    let foot = paint::row_of(inner, inner.height.saturating_sub(1));
    let keys = vec![
        figure(1, word("search-shows")),
        figure(4, word("search-moves")),
        figure(2, word("search-closes")),
        figure(3, "tag: model: route: profile: since: before:"),
    ];
    paint::put(buf, foot, Shown::all(&fit(keys, foot.width)), style(theme, Role::Dim));
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(2), ..inner };
    if let Some(told) = search.told() {
        paint::put(buf, paint::row_of(body, 0), Shown::all(told), style(theme, Role::Bad));
    }
    let fitting = usize::from((body.height / HIT_ROWS).max(1));
    let first = (search.selected() + 1).saturating_sub(fitting);
    for (y, (index, hit)) in (0..).zip(search.hits().iter().enumerate().skip(first)) {
        let top = y * HIT_ROWS;
        if top >= body.height {
            break;
        }
        let rows = (paint::row_of(body, top), paint::row_of(body, top + 1));
        draw_hit(model, theme, (hit, index == search.selected()), rows, buf);
    }
    cursor
}

fn draw_hit(
    model: &Model,
    theme: &Theme,
    (hit, selected): (&Hit, bool),
    (head, row): (Rect, Rect),
    buf: &mut Buffer,
) {
    let role = if selected { Role::Accent } else { Role::Text };
    let rest = paint::put(
        buf,
        head,
        Shown::literal(if selected { "▸ " } else { "  " }),
        style(theme, role),
    );
    let when = Clean::one_line(&age(hit.created, model.time()), usize::from(head.width / 2));
    let rest = paint::put_right(buf, rest, &when, style(theme, Role::Dim));
    let title = Clean::one_line(&hit.title, usize::from(rest.width.saturating_sub(1)));
    paint::put(buf, rest, Shown::all(&title), style(theme, role));
    let mark = if hit.role == chat::Role::User { "  › " } else { "  • " };
    let rest = paint::put(buf, row, Shown::literal(mark), style(theme, Role::Dim));
    let (before, found, behind) = parts(hit, usize::from(rest.width));
    let rest = paint::put(buf, rest, Shown::all(&before), style(theme, Role::Text));
    let rest = paint::put(buf, rest, Shown::all(&found), style(theme, Role::Accent));
    paint::put(buf, rest, Shown::all(&behind), style(theme, Role::Text));
}

/// Cuts a hit's words so that what was found is in sight.
fn parts(hit: &Hit, columns: usize) -> (Clean, Clean, Clean) {
    let (start, end) = (hit.place.start, hit.place.end);
    let text = |range: Option<&str>| Clean::one_line(range.unwrap_or_default(), usize::MAX);
    let (before, found) = (hit.context.get(..start), hit.context.get(start..end));
    let before = before.unwrap_or_default();
    // At least a third of the row is for what comes behind.
    let room = columns / 2;
    let from = before.char_indices().rev().take(room).last().map_or(0, |(at, _)| at);
    let cut = if from > 0 { format!("…{}", &before[from..]) } else { before.to_owned() };
    // A blank at the edge parts the words: it must not be lost.
    let keep = |words: &str| Clean::new(&words.replace(['\n', '\r'], " "));
    (keep(&cut), text(found), keep(hit.context.get(end..).unwrap_or_default()))
}
