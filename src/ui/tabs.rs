//! The first line: the sessions of this run, and what the engine takes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Model;
use crate::app::Session;
use crate::route::Pin;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::figures::Figure;
use crate::ui::figures::bytes;
use crate::ui::figures::figure;
use crate::ui::figures::fit_whole;
use crate::ui::paint;
use crate::ui::style::style;
use crate::words::say;
use crate::words::word;

/// Title lengths to try, in graphemes, the longest that fits wins.
const TITLES: [usize; 6] = [32, 24, 16, 12, 8, 4];

/// Draws the engine's figures in the last third at most, and as many tabs as fit before them
/// around the one in front; only that one where the others stand `beside` it.
pub(super) fn draw(model: &Model, theme: &Theme, (row, beside): (Rect, bool), buf: &mut Buffer) {
    let row = Rect { width: row.width - 1, ..row };
    let engine = fit_whole(engine(model), row.width / 3);
    let row = paint::put_right(buf, row, &engine, style(theme, Role::Dim));
    let labels = labels(model, row.width);
    let first = first(&labels, model.current_index(), row.width);
    let mut rest = row;
    for (index, label) in labels.iter().enumerate().skip(first) {
        if !beside && index > first && paint::columns(label) > rest.width {
            break;
        }
        let front = index == model.current_index();
        if beside && !front {
            continue;
        }
        let look = if front {
            style(theme, Role::Accent).patch(style(theme, Role::Selection))
        } else {
            style(theme, Role::Dim)
        };
        rest = paint::put(buf, rest, paint::Shown::all(label), look);
    }
}

fn engine(model: &Model) -> Vec<Figure> {
    let settings = model.settings();
    let route = match model.current().pin() {
        Some(Pin::Local) => word("pinned-local").to_owned(),
        Some(Pin::Remote(None)) => word("pinned-remote").to_owned(),
        Some(Pin::Remote(Some(endpoint))) => say!("pinned-to", endpoint = endpoint),
        None => settings.mode.name().to_owned(),
    };
    let mut figures = vec![figure(4, route), figure(3, settings.profile.clone())];
    if let Some(health) = model.engine().health() {
        if health.threads > 0 {
            figures.push(figure(2, say!("tabs-threads", count = health.threads)));
        }
        if health.resident_bytes > 0 {
            figures.push(figure(1, bytes(health.resident_bytes)));
        }
    }
    figures
}

fn labels(model: &Model, columns: u16) -> Vec<Clean> {
    let made = |title| {
        let sessions = model.sessions().iter().enumerate();
        sessions.map(|(index, session)| label(index, session, title)).collect::<Vec<_>>()
    };
    let fits = |labels: &Vec<Clean>| {
        labels.iter().map(|label| u32::from(paint::columns(label))).sum::<u32>() <= columns.into()
    };
    let fitting = TITLES.into_iter().map(made).find(fits);
    fitting.unwrap_or_else(|| made(TITLES[TITLES.len() - 1]))
}

/// Returns ` 1 title ● `: running; `+`: an answer that was not looked at.
fn label(index: usize, session: &Session, graphemes: usize) -> Clean {
    let title = session.title().map_or(word("untitled"), Clean::as_str);
    let title = Clean::one_line(title, graphemes);
    let mark = match session {
        _ if session.running().is_some() => " ●",
        _ if session.has_news() => " +",
        _ => "",
    };
    Clean::one_line(&format!(" {} {title}{mark} ", index + 1), usize::MAX)
}

/// Returns the first tab to draw so that the one in front is on the screen.
fn first(labels: &[Clean], front: usize, columns: u16) -> usize {
    let mut room = columns;
    let mut first = front;
    for (index, label) in labels.iter().enumerate().take(front + 1).rev() {
        let Some(left) = room.checked_sub(paint::columns(label)) else { break };
        (room, first) = (left, index);
    }
    first
}
