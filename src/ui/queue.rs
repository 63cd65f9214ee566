//! The prompts that wait for the running answer, above the draft.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Session;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::words::say;
use crate::words::word;

/// The most rows: the conversation matters more than what will be asked.
const MAX_ROWS: u16 = 3;

/// The least height of a screen that shows more than one row.
const TALL: u16 = 16;

/// Returns the rows that the queue takes on a screen.
pub(super) fn rows(session: &Session, area: Rect) -> u16 {
    let most = if area.height < TALL { 1 } else { MAX_ROWS };
    u16::try_from(session.queue().len()).unwrap_or(u16::MAX).min(most)
}

/// Draws the newest prompts, the next one first; the first row says how many came before.
pub(super) fn draw(session: &Session, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let count = session.queue().len();
    let hidden = count.saturating_sub(usize::from(area.height));
    for (y, prompt) in (0..area.height).zip(session.queue().skip(hidden)) {
        let told = match (y, hidden, y + 1 == area.height) {
            (0, 1.., _) => say!("queued-behind", count = hidden, prompt = prompt),
            _ => say!("queued", prompt = prompt),
        };
        let row = paint::row_of(area, y);
        let row = Rect { width: row.width.saturating_sub(2), ..paint::after(row, 1) };
        let row = if y + 1 == area.height {
            let keys = Clean::one_line(&format!("  {}", word("queued-key")), 60);
            let keys = if row.width < 60 { Clean::default() } else { keys };
            paint::put_right(buf, row, &keys, style(theme, Role::Dim))
        } else {
            row
        };
        let line = Clean::one_line(&told, usize::from(row.width));
        paint::put(buf, row, Shown::all(&line), style(theme, Role::Dim));
    }
}
