//! The whole screen: tabs, transcript, notice, rule, draft, status.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::Laid;
use crate::app::Level;
use crate::app::Model;
use crate::chat::Saving;
use crate::chat::ScrollAnchor;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::complete;
use crate::ui::composer;
use crate::ui::cost;
use crate::ui::layout::Shape;
use crate::ui::overlay;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::queue;
use crate::ui::status;
use crate::ui::style::base;
use crate::ui::style::style;
use crate::ui::tabs;
use crate::ui::transcript;
use crate::ui::transcript::Scene;
use crate::ui::view::View;
use crate::ui::welcome;
use crate::words::say;
use crate::words::word;

/// The smallest screen that holds a conversation.
const LEAST: (u16, u16) = (20, 5);

/// What came out of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Where the cursor is to be shown, if at all.
    pub cursor: Option<Position>,
    /// What the model wants to know, as `Msg::Laid`, before the next message. `None` when the
    /// screen was too small to draw anything.
    pub laid: Option<Laid>,
}

/// The rows of the screen, from the top.
struct Areas {
    tabs: Rect,
    transcript: Rect,
    notice: Rect,
    queue: Rect,
    rule: Rect,
    draft: Rect,
    status: Rect,
}

impl Areas {
    fn new(area: Rect, draft_rows: u16, notices: u16, queued: u16) -> Self {
        let draft = draft_rows.clamp(1, (area.height / 3).max(1));
        let transcript = area.height.saturating_sub(3 + draft + notices + queued);
        let mut y = area.y;
        let mut take = |height: u16| {
            let height = height.min(area.bottom() - y);
            let taken = Rect { y, height, ..area };
            y += height;
            taken
        };
        Self {
            tabs: take(1),
            transcript: take(transcript),
            notice: take(notices),
            queue: take(queued),
            rule: take(1),
            draft: take(draft),
            status: take(1),
        }
    }

    /// Puts the tabs under the transcript: what leaves the screen at its top is transcript.
    fn with_tabs_below(mut self) -> Self {
        self.transcript.y = self.tabs.y;
        self.tabs.y = self.transcript.bottom();
        self
    }
}

/// Draws the model into `area` of `buf`.
pub fn draw(model: &Model, theme: &Theme, view: &mut View, area: Rect, buf: &mut Buffer) -> Drawn {
    let whole = area.intersection(*buf.area());
    let area = whole;
    buf.set_style(area, base(theme));
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let row = paint::row_of(area, 0);
        paint::put(buf, row, Shown::literal(word("too-small")), style(theme, Role::Warn));
        return Drawn { cursor: None, laid: None };
    }
    view.prune(model);
    view.found.clear();
    let area = view.draw_sidebar(model, theme, whole, buf);
    let session = model.current();
    let composer_width = composer::text_width(area);
    let draft_rows = view.draft.update(session, composer_width);
    let banner = banner(model);
    let notices = u16::from(model.notice().is_some()) + u16::from(banner.is_some());
    let offered = complete::rows(model, area);
    let areas = Areas::new(area, draft_rows, notices + offered, queue::rows(session, area));
    let areas = if model.settings().inline { areas.with_tabs_below() } else { areas };
    tabs::draw(model, theme, (areas.tabs, area != whole), buf);
    let (top, rows, anchor) = draw_transcript(Scene { model, theme }, view, areas.transcript, buf);
    complete::draw(model, theme, (areas.notice, offered), buf);
    draw_notice(model, theme, areas.notice, buf);
    if let Some(banner) = banner {
        let row = paint::row_of(areas.notice, areas.notice.height.saturating_sub(offered + 1));
        draw_told(&banner, Role::Bad, theme, row, buf);
    }
    queue::draw(session, theme, areas.queue, buf);
    let height = areas.transcript.height;
    let behind = rows.saturating_sub(top + usize::from(height));
    let rule = draw_rule(theme, (behind, session.scroll().unseen(rows)), areas.rule, buf);
    draw_on_rule(Scene { model, theme }, areas.rule.width, paint::after(rule, 2), buf);
    let cursor = view.draft.draw(session.composer(), theme, areas.draft, buf);
    status::draw(model, theme, areas.status, buf);
    let (help_slack, field) = overlay::draw(model, theme, whole, buf);
    if view.hyperlinks && model.overlay().is_none() {
        for (place, address) in &view.found.links {
            paint::link(buf, *place, address);
        }
    }
    let width = transcript::text_width(areas.transcript);
    let (session, epoch) = (session.id(), session.epoch());
    let typing = model.overlay().is_none() && model.current().reading().is_none();
    let laid =
        Laid { session, width, height, rows, top, anchor, epoch, composer_width, help_slack };
    Drawn { cursor: typing.then_some(cursor).or(field), laid: Some(laid) }
}

/// Says what the draft is for and what sending it costs.
fn draw_on_rule(scene: Scene<'_>, width: u16, rule: Rect, buf: &mut Buffer) {
    let Scene { model, theme } = scene;
    let rest = if model.current().editing().is_some() {
        let told = Clean::one_line(&format!(" {} ", word("rule-rewording")), width.into());
        paint::after(paint::put(buf, rule, Shown::all(&told), style(theme, Role::Accent)), 1)
    } else {
        rule
    };
    cost::draw(model, theme, rest, buf);
}

/// Draws the transcript; returns its first row on the screen, how many rows there are, and what is
/// in the first one.
fn draw_transcript(
    scene: Scene<'_>,
    view: &mut View,
    area: Rect,
    buf: &mut Buffer,
) -> (usize, usize, Option<ScrollAnchor>) {
    let session = scene.model.current();
    let layout = view.layouts.entry(session.id()).or_default();
    let width = transcript::text_width(area);
    let shape = Shape { width, raw: scene.model.is_raw(), thoughts: scene.model.shows_thoughts() };
    let renumbered = layout.update(session, shape, &mut view.stats);
    let rows = layout.rows();
    let last = rows.saturating_sub(usize::from(area.height));
    let top = renumbered.or(session.scroll().top()).map_or(last, |top| top.min(last));
    let height = usize::from(area.height);
    let reached = session.scroll().goal().and_then(|it| layout.reach(session, it, (top, height)));
    let top = reached.map_or(top, |top| top.min(last));
    layout.show_from(top);
    layout.colour(top..top + height);
    if session.turns().is_empty() {
        welcome::draw(scene.model, scene.theme, area, buf);
    } else {
        transcript::draw(scene, (layout, top), area, buf, (&mut view.found, &mut view.stats));
    }
    (top, rows, layout.anchor(session, top))
}

fn draw_notice(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(notice) = model.notice() else { return };
    let role = match notice.level {
        Level::Info => Role::Warn,
        Level::Bad => Role::Bad,
    };
    draw_told(notice.text.as_str(), role, theme, paint::row_of(area, 0), buf);
}

fn draw_told(text: &str, role: Role, theme: &Theme, row: Rect, buf: &mut Buffer) {
    let row = Rect { width: row.width.saturating_sub(1), ..paint::after(row, 1) };
    let text = Clean::one_line(text, usize::from(row.width));
    paint::put(buf, row, Shown::all(&text), style(theme, role));
}

/// Says what of the chat is not saved, as long as that is so.
fn banner(model: &Model) -> Option<String> {
    let (fault, head) = match model.saving() {
        Saving::Well => return None,
        Saving::Held { fault, .. } => (fault, word("banner-held")),
        Saving::Never(fault) => (fault, word("banner-never")),
    };
    let hint = fault.hint.as_ref().map(|hint| format!(" · {hint}")).unwrap_or_default();
    Some(format!("{head}: {}{hint}", fault.message))
}

/// Draws the rule above the draft; while the end is out of sight it says what is behind it. Returns
/// what is left of it for other words.
fn draw_rule(theme: &Theme, (behind, new): (usize, usize), row: Rect, buf: &mut Buffer) -> Rect {
    paint::fill(buf, row, "─", style(theme, Role::Border));
    let row = Rect { width: row.width.saturating_sub(2), ..row };
    if behind == 0 {
        return row;
    }
    let (told, role) = match new {
        0 => (format!(" {} ", say!("rule-below", rows = behind)), Role::Dim),
        _ => (format!(" ↓ {} ", say!("rule-new", rows = new)), Role::Accent),
    };
    let told = Clean::one_line(&told, usize::from(row.width));
    let left = paint::put_right(buf, row, &told, style(theme, role));
    Rect { width: left.width.saturating_sub(1), ..left }
}
