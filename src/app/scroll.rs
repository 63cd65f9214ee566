//! Where a transcript is looked at: following its end, or staying put.
//!
//! Positions are wrapped rows from the transcript's beginning. Only its end ever grows, so a row
//! keeps its number while an answer streams or a turn is added; only another width renumbers the
//! rows, and the view, which has both layouts at hand, then tells the new number.

use crate::chat::SessionId;

/// What the view drew, for the next scroll key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Laid {
    /// The session that was drawn.
    pub session: SessionId,
    /// Columns that its text was wrapped to.
    pub width: u16,
    /// Rows of transcript on the screen.
    pub height: u16,
    /// Rows of transcript in all.
    pub rows: usize,
    /// The first row on the screen.
    pub top: usize,
    /// Columns that the draft was wrapped to.
    pub composer_width: u16,
    /// Rows by which the help can be scrolled at the most.
    pub help_slack: u16,
}

/// The position in one transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    top: Option<usize>,
    seen: usize,
    laid: Option<Laid>,
}

impl Scroll {
    /// Returns the first row to show, or `None` when the end is followed.
    pub fn top(&self) -> Option<usize> {
        self.top
    }

    /// Returns how many of `rows` have come since the end was last on the screen.
    pub fn unseen(&self, rows: usize) -> usize {
        self.top.map_or(0, |_| rows.saturating_sub(self.seen))
    }

    /// Follows the end from now on.
    pub fn follow(&mut self) {
        self.top = None;
    }

    /// Goes to the beginning.
    pub fn to_top(&mut self) {
        self.by(isize::MIN);
    }

    /// Moves by `pages` of what was last on the screen, with two rows kept in sight.
    pub fn by_pages(&mut self, pages: isize) {
        let height = self.laid.map_or(0, |laid| laid.height);
        let page = isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1);
        self.by(pages.saturating_mul(page));
    }

    /// Moves by `rows`, down if positive; at the end it follows.
    pub fn by(&mut self, rows: isize) {
        let Some(laid) = self.laid else { return };
        let (rows_laid, height) = (laid.rows, usize::from(laid.height));
        let last = rows_laid.saturating_sub(height);
        let top = self.top.unwrap_or(last).min(last).saturating_add_signed(rows);
        if top >= last {
            self.top = None;
            return;
        }
        if self.top.is_none() {
            self.seen = rows_laid;
        }
        self.seen = self.seen.max(top + height);
        self.top = Some(top);
    }

    /// Takes in what was drawn.
    pub fn laid(&mut self, laid: &Laid) {
        let renumbered = self.laid.filter(|before| before.width != laid.width);
        if let (Some(before), Some(_)) = (renumbered, self.top) {
            self.seen = laid.rows.saturating_sub(self.unseen(before.rows));
            self.top = Some(laid.top);
        }
        self.laid = Some(*laid);
        if self.top.is_some_and(|top| top + usize::from(laid.height) >= laid.rows) {
            self.top = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(width: u16, rows: usize, top: usize) -> Laid {
        let session = SessionId(1);
        Laid { session, width, height: 10, rows, top, composer_width: 80, help_slack: 0 }
    }

    #[test]
    fn it_follows_until_scrolled_up_and_again_at_the_end() {
        let mut scroll = Scroll::default();
        scroll.laid(&laid(80, 100, 90));
        scroll.by_pages(-1);
        assert_eq!(scroll.top(), Some(82));
        scroll.by_pages(1);
        assert_eq!(scroll.top(), None);
    }

    #[test]
    fn what_comes_while_scrolled_up_is_counted_and_moves_nothing() {
        let mut scroll = Scroll::default();
        scroll.laid(&laid(80, 100, 90));
        scroll.by(-20);
        scroll.laid(&laid(80, 130, 70));
        assert_eq!((scroll.top(), scroll.unseen(130)), (Some(70), 30));
        scroll.by(35);
        assert_eq!((scroll.top(), scroll.unseen(130)), (Some(105), 15));
        scroll.by(-50);
        assert_eq!(scroll.unseen(130), 15, "what was seen stays seen");
        scroll.by(1000);
        assert_eq!((scroll.top(), scroll.unseen(130)), (None, 0));
    }

    #[test]
    fn a_short_transcript_does_not_scroll() {
        let mut scroll = Scroll::default();
        scroll.by(-1);
        scroll.laid(&laid(80, 10, 0));
        scroll.by(-1);
        scroll.to_top();
        assert_eq!(scroll.top(), None);
    }

    #[test]
    fn another_width_takes_the_row_that_the_view_found() {
        let mut scroll = Scroll::default();
        scroll.laid(&laid(80, 100, 90));
        scroll.to_top();
        scroll.by(40);
        scroll.laid(&laid(80, 105, 40));
        scroll.laid(&laid(40, 210, 81));
        assert_eq!((scroll.top(), scroll.unseen(210)), (Some(81), 5));
    }

    #[test]
    fn a_screen_that_shows_the_end_follows() {
        let mut scroll = Scroll::default();
        scroll.laid(&laid(80, 100, 90));
        scroll.by(-3);
        scroll.laid(&Laid { height: 50, ..laid(80, 100, 87) });
        assert_eq!(scroll.top(), None);
    }
}
