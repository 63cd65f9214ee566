//! A line that is typed into at its end. What does not fit goes at the beginning, so that the cursor
//! is always where the next character goes: input methods compose there.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;

/// What stands between what is asked for and what is typed.
const MARK: &str = " › ";

/// Draws a field in `row`; returns where the next character goes.
pub(super) fn draw(
    (label, typed): (&str, &str),
    theme: &Theme,
    row: Rect,
    buf: &mut Buffer,
) -> Position {
    let label = if label.is_empty() { String::new() } else { format!("{label}{MARK}") };
    // Half of the row is for what is typed, whatever it is called.
    let label = Clean::one_line(&label, usize::from(row.width / 2));
    let look = style(theme, Role::Accent);
    let rest = paint::put(buf, row, Shown::all(&label), look);
    // The cursor takes a column of its own.
    let shown = tail(typed, usize::from(rest.width.saturating_sub(1)));
    let behind = paint::put(buf, rest, Shown::all(&shown), look);
    Position { x: behind.x.min(row.right().saturating_sub(1)), y: row.y }
}

/// Returns the end of a text that fits in `columns`, `…` before it if that is not all.
fn tail(typed: &str, columns: usize) -> Clean {
    let all = Clean::one_line(typed, usize::MAX);
    let mut over = text::width(all.as_str()).saturating_sub(columns);
    if over == 0 {
        return all;
    }
    // The dots take a column as well.
    over += 1;
    let mut cut = 0;
    for grapheme in text::graphemes(all.as_str()) {
        if over == 0 {
            break;
        }
        over = over.saturating_sub(text::width(grapheme));
        cut += grapheme.len();
    }
    let mut shown = Clean::from_static("…");
    shown.push(&all.slice(cut..all.len()));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_last_is_seen() {
        assert_eq!(tail("abcdef", 6).as_str(), "abcdef");
        assert_eq!(tail("abcdef", 4).as_str(), "…def");
        assert_eq!(tail("漢字漢字", 6).as_str(), "…漢字");
        assert_eq!(tail("a b ", 4).as_str(), "a b ");
        assert_eq!(tail("a\u{1b}[2Jb", 9).as_str(), "ab");
    }
}
