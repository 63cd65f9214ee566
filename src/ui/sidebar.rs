//! The sessions beside the conversation: of the open ones titles, what they do and where they are
//! answered, and below them those that were saved last.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Action;
use crate::app::Model;
use crate::app::Overlay;
use crate::app::Recent;
use crate::app::SIDEBAR_FROM;
use crate::app::Session;
use crate::app::Turn;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::route::Pin;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::ui::view::View;
use crate::words::word;

/// Its columns, with the line beside it.
const COLUMNS: u16 = 28;

/// The most columns of a route.
const ROUTE_COLUMNS: usize = 9;

/// What a session does, as its mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Rests,
    Runs,
    Unread,
    Failed,
}

impl State {
    fn of(session: &Session) -> Self {
        match session {
            _ if session.running().is_some() => Self::Runs,
            _ if session.has_news() => Self::Unread,
            _ if session.has_failed() => Self::Failed,
            _ => Self::Rests,
        }
    }

    fn mark(self) -> (Shown<'static>, Role) {
        match self {
            Self::Rests => (Shown::literal(" "), Role::Dim),
            Self::Runs => (Shown::literal("●"), Role::Good),
            Self::Unread => (Shown::literal("+"), Role::Accent),
            Self::Failed => (Shown::literal("✗"), Role::Bad),
        }
    }
}

/// One session as it was made to be drawn, and what it was made of.
#[derive(Debug)]
struct Entry {
    id: SessionId,
    title: Option<Clean>,
    route: Option<Route>,
    shown_title: Clean,
    shown_route: Clean,
}

/// The rows of the sidebar, kept until a title or a route changes.
#[derive(Debug, Default)]
pub(super) struct Sidebar {
    entries: Vec<Entry>,
}

impl Sidebar {
    /// Returns the entry of a session, made anew where something of it is another one.
    fn entry(&mut self, at: usize, session: &Session) -> &Entry {
        let route = route(session);
        let same = self.entries.get(at).is_some_and(|entry| {
            entry.id == session.id()
                && entry.title.as_ref() == session.title()
                && entry.route.as_ref() == route
        });
        if !same {
            let title = session.title().map_or(word("untitled"), Clean::as_str);
            let shown_route = match route {
                None | Some(Route::Local) => String::new(),
                Some(Route::Remote(name)) => format!("↗{name}"),
            };
            let entry = Entry {
                id: session.id(),
                title: session.title().cloned(),
                route: route.cloned(),
                shown_title: Clean::one_line(title, usize::from(COLUMNS)),
                shown_route: Clean::one_line(&shown_route, ROUTE_COLUMNS),
            };
            self.entries.truncate(at);
            self.entries.push(entry);
        }
        &self.entries[at]
    }
}

/// Returns where a session was answered last.
fn route(session: &Session) -> Option<&Route> {
    // The newest may not be decided yet; of what was imported nothing is known.
    let newest = session.turns().iter().rev().take(2);
    newest.filter_map(Turn::decision).map(|decision| &decision.route).next()
}

impl View {
    /// Draws the sidebar where it is wanted and there is room for it; returns what is left of the
    /// screen.
    pub(super) fn draw_sidebar(
        &mut self,
        model: &Model,
        theme: &Theme,
        area: Rect,
        buf: &mut Buffer,
    ) -> Rect {
        if !model.has_sidebar() || area.width < SIDEBAR_FROM {
            return area;
        }
        let side = Rect { width: COLUMNS - 1, ..area };
        for y in 0..area.height {
            let edge = paint::after(paint::row_of(area, y), COLUMNS - 1);
            let edge = Rect { width: 1, ..edge };
            paint::put(buf, edge, Shown::literal("│"), style(theme, Role::Border));
        }
        let head = paint::after(paint::row_of(side, 0), 1);
        let key = Clean::one_line(&model.settings().keys.shown(Action::Sidebar), 8);
        let key_row = Rect { width: head.width.saturating_sub(1), ..head };
        let head = paint::put_right(buf, key_row, &key, style(theme, Role::Dim));
        paint::put(buf, head, Shown::literal(word("sidebar")), style(theme, Role::Dim));
        let rows = usize::from(area.height.saturating_sub(1));
        let open = model.sessions().len();
        let selected = match model.overlay() {
            Some(Overlay::Sidebar(selected)) => Some(selected),
            _ => None,
        };
        // The heading between them is a row as well.
        let at = |index: usize| index + usize::from(index >= open);
        let first = (at(selected.unwrap_or(model.current_index())) + 1).saturating_sub(rows);
        let sessions = model.sessions().iter().enumerate().skip(first);
        for (y, (index, session)) in (1..area.height).zip(sessions) {
            let row = paint::row_of(side, y);
            self.found.sessions.push((row, session.id()));
            let entry = self.sidebar.entry(index - first, session);
            let front = selected.unwrap_or(model.current_index()) == index;
            draw_entry((entry, session), (index, front), theme, row, buf);
        }
        for (index, saved) in model.recent().enumerate() {
            let row =
                |at: usize| Some(u16::try_from((at + 1).checked_sub(first)?).unwrap_or(u16::MAX));
            if let (0, Some(y @ 1..)) = (index, row(open)) {
                let head = paint::after(paint::row_of(side, y), 1);
                paint::put(
                    buf,
                    head,
                    Shown::literal(word("sidebar-saved")),
                    style(theme, Role::Dim),
                );
            }
            match row(at(open + index)) {
                Some(y) if y >= area.height => break,
                Some(y @ 1..) => {
                    let row = paint::row_of(side, y);
                    self.found.sessions.push((row, saved.id));
                    draw_saved(saved, selected == Some(open + index), theme, row, buf);
                }
                _ => {}
            }
        }
        paint::after(area, COLUMNS)
    }
}

/// Draws a saved session where the titles of open ones stand.
fn draw_saved(saved: &Recent, selected: bool, theme: &Theme, row: Rect, buf: &mut Buffer) {
    let role = if selected { Role::Accent } else { Role::Dim };
    let look = style(theme, role);
    if selected {
        buf.set_style(row, style(theme, Role::Selection));
    }
    let title = paint::after(row, 5);
    let title = Rect { width: title.width.saturating_sub(1), ..title };
    paint::put(buf, title, Shown::all(&saved.title), look);
}

/// Draws ` 1 ● title   ↗work`.
fn draw_entry(
    (entry, session): (&Entry, &Session),
    (index, front): (usize, bool),
    theme: &Theme,
    row: Rect,
    buf: &mut Buffer,
) {
    let look = if front {
        style(theme, Role::Accent).patch(style(theme, Role::Selection))
    } else {
        style(theme, Role::Text)
    };
    if front {
        buf.set_style(row, style(theme, Role::Selection));
    }
    let number = Clean::one_line(&format!("{:>2} ", index + 1), 4);
    let rest = paint::put(buf, row, Shown::all(&number), style(theme, Role::Dim));
    let (mark, role) = State::of(session).mark();
    paint::put(buf, rest, mark, style(theme, role));
    let rest = paint::after(rest, 2);
    let rest = paint::put_right(buf, rest, &entry.shown_route, style(theme, Role::Dim));
    let pinned = matches!(session.pin(), Some(Pin::Local | Pin::Remote(_)));
    let title = Rect { width: rest.width.saturating_sub(1), ..rest };
    if pinned {
        let mark = Rect { x: title.x + title.width, width: 1, ..title };
        paint::put(buf, mark, Shown::literal("="), style(theme, Role::Dim));
    }
    paint::put(buf, title, Shown::all(&entry.shown_title), look);
}
