//! The question what is to become of a conversation that does not fit its context.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Larger;
use crate::app::Model;
use crate::app::Turn;
use crate::chat::StopReason;
use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::overlay::boxed;
use crate::ui::overlay::centred;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::words::say;
use crate::words::word;

/// The widest box, in columns.
const WIDEST: u16 = 76;

/// Rows of the box that are its edges.
const EDGES: usize = 2;

/// Draws the question, with what would go.
pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let dropped = model.dropping().map(|(dropped, _)| dropped).unwrap_or_default();
    let width = if area.width < WIDEST + 8 { area.width } else { WIDEST };
    let columns = usize::from(width.saturating_sub(4).max(1));
    let end = model.current().turns().last().and_then(Turn::end);
    let fault = end.and_then(StopReason::fault).map_or("", |fault| fault.message.as_str());
    let told = say!("full-dropped", count = dropped.len());
    let mut above = rows(word("full"), Role::Accent, columns);
    above.extend(rows(fault, Role::Text, columns));
    above.extend(rows(&told, Role::Text, columns));
    let mut below = rows(word("full-keys"), Role::Accent, columns);
    if let Some(larger) = model.larger() {
        below.extend(rows(&say!("full-larger", cost = cost(larger)), Role::Accent, columns));
        below.extend(rows(word("full-escape"), Role::Dim, columns));
    } else {
        below.extend(rows(word("full-escape-largest"), Role::Dim, columns));
    }
    let others = above.len() + below.len() + EDGES;
    let room = usize::from(area.height).saturating_sub(others);
    let hidden = if dropped.len() > room { dropped.len() + 1 - room.max(1) } else { 0 };
    let listed = dropped[..dropped.len() - hidden].iter().map(|question| format!("  › {question}"));
    let more = (hidden > 0).then(|| format!("  … {}", say!("full-hidden", count = hidden)));
    let listed = listed.chain(more).map(|line| (Clean::one_line(&line, columns), Role::Dim));
    let lines: Vec<(Clean, Role)> = above.into_iter().chain(listed).chain(below).collect();
    let height = u16::try_from(lines.len() + EDGES).unwrap_or(u16::MAX);
    let inner = boxed(theme, centred(area, width, height), buf);
    for (y, (line, role)) in (0..inner.height).zip(&lines) {
        paint::put(buf, paint::row_of(inner, y), Shown::all(line), style(theme, *role));
    }
}

/// Words a context and what it takes.
pub(super) fn cost(larger: Larger) -> String {
    let Larger { n_ctx, more_bytes } = larger;
    match more_bytes {
        0 => say!("full-cost-free", tokens = n_ctx),
        more => say!("full-cost", tokens = n_ctx, memory = text::bytes(more)),
    }
}

/// Wraps a sentence.
fn rows(text: &str, role: Role, columns: usize) -> Vec<(Clean, Role)> {
    let clean = Clean::one_line(text, usize::MAX);
    let rows = text::wrap(clean.as_str(), columns);
    rows.into_iter().map(|row| (Clean::new(&clean.as_str()[row]), role)).collect()
}
