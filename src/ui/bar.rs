//! A progress bar of one row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::style::style;

/// The widest bar: beyond it a bar says no more.
pub(super) const MAX_COLUMNS: u16 = 32;

/// Draws a bar over all of `row`, filled up to `share`, 0 to 1. The filled part is a heavy line
/// and the rest a light one, so that it reads without colour.
pub(super) fn draw(buf: &mut Buffer, row: Rect, share: f64, theme: &Theme) {
    let done = filled(row.width, share);
    let bar = Rect { width: done, ..row };
    paint::fill(buf, bar, "━", style(theme, Role::Bar));
    paint::fill(buf, paint::after(row, done), "─", style(theme, Role::Border));
}

/// Returns the filled columns: all of them only when all is done.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to `width`, by the clamp"
)]
pub(super) fn filled(width: u16, share: f64) -> u16 {
    (f64::from(width) * share.clamp(0.0, 1.0)).floor() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_is_full() {
        assert_eq!(filled(10, 0.0), 0);
        assert_eq!(filled(10, 0.999), 9);
        assert_eq!(filled(10, 1.0), 10);
        assert_eq!(filled(10, 7.0), 10);
        assert_eq!(filled(0, 0.5), 0);
        assert_eq!(filled(10, f64::NAN), 0);
    }
}
