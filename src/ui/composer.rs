//! The draft at the bottom: grows with its text, scrolls within its room.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::app::Composer;
use crate::app::Session;
use crate::chat::SessionId;
use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::ui::transcript::GUTTER;
use crate::words::word;

/// The draft's rows, kept until its text, session or width changes.
#[derive(Debug, Default)]
pub(super) struct Draft {
    key: Option<(SessionId, u64, u16)>,
    shown: Clean,
    rows: Vec<Range<usize>>,
    first: usize,
}

/// Returns the columns that a draft is wrapped to: a mark before it, the cursor behind it.
pub(super) fn text_width(area: Rect) -> u16 {
    area.width.saturating_sub(GUTTER + 1).max(1)
}

impl Draft {
    /// Brings the rows up to date; returns how many there are.
    pub(super) fn update(&mut self, session: &Session, width: u16) -> u16 {
        let composer = session.composer();
        let key = (session.id(), composer.version(), width);
        if self.key != Some(key) {
            self.key = Some(key);
            self.shown = Clean::new(composer.text());
            self.rows = text::wrap(self.shown.as_str(), usize::from(width));
        }
        u16::try_from(self.rows.len()).unwrap_or(u16::MAX)
    }

    /// Draws what fits around the cursor; returns where the cursor is.
    pub(super) fn draw(
        &mut self,
        composer: &Composer,
        theme: &Theme,
        area: Rect,
        buf: &mut Buffer,
    ) -> Position {
        let cursor = self.cursor(composer);
        let row = self.rows.partition_point(|row| row.start <= cursor).saturating_sub(1);
        let height = usize::from(area.height.max(1));
        let last = self.rows.len().saturating_sub(height);
        self.first = self.first.clamp((row + 1).saturating_sub(height), row).min(last);
        paint::put(buf, area, Shown::literal("›"), style(theme, Role::User));
        if composer.is_empty() {
            let hint = Shown::literal(word("composer-empty"));
            paint::put(
                buf,
                paint::row_of(paint::after(area, GUTTER), 0),
                hint,
                style(theme, Role::Dim),
            );
        }
        for (y, range) in (0..area.height).zip(&self.rows[self.first..]) {
            let line = paint::row_of(paint::after(area, GUTTER), y);
            paint::put(buf, line, Shown::row(&self.shown, range.clone()), style(theme, Role::Text));
        }
        let start = self.rows[row].start;
        let column = text::width(&self.shown.as_str()[start..cursor]);
        let x = u16::try_from(column).unwrap_or(u16::MAX).min(text_width(area));
        let y = u16::try_from(row - self.first).unwrap_or(0);
        Position { x: area.x + (GUTTER + x).min(area.width.saturating_sub(1)), y: area.y + y }
    }

    /// Returns the cursor in the text as shown, which is the draft unless something in it is
    /// invisible and stands in words.
    fn cursor(&self, composer: &Composer) -> usize {
        let (text, cursor) = (composer.text(), composer.cursor());
        if self.shown.as_str() == text {
            return cursor;
        }
        let before = Clean::new(&text[..cursor]).len().min(self.shown.len());
        (0..=before).rev().find(|at| self.shown.as_str().is_char_boundary(*at)).unwrap_or(0)
    }
}
