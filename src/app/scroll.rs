//! Where a transcript is looked at: following its end, or staying put.
//!
//! Positions are wrapped rows from the transcript's beginning. Only its end ever grows, so a row
//! keeps its number while an answer streams or a turn is added; only another width or another
//! path renumbers the rows, and the view, which has both layouts at hand, then tells the new number.

use crate::chat::MessageId;
use crate::chat::ScrollAnchor;
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
    /// What is in the first row.
    pub anchor: Option<ScrollAnchor>,
    /// The session's [`epoch`](crate::app::Session::epoch) that was drawn.
    pub epoch: u64,
    /// Columns that the draft was wrapped to.
    pub composer_width: u16,
    /// Rows by which the help can be scrolled at the most.
    pub help_slack: u16,
}

/// What is to be brought onto the screen; the view, which knows the rows, finds the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The beginning of the conversation.
    Top,
    /// As much of a message as fits, its beginning in any case.
    Message(MessageId),
    /// As much of a message's code block as fits, its beginning in any case.
    Block(MessageId, usize),
    /// A line of a message at the top.
    Line(ScrollAnchor),
}

/// The position in one transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    top: Option<usize>,
    goal: Option<Goal>,
    seen: usize,
    laid: Option<Laid>,
}

impl Scroll {
    /// Returns the first row to show, or `None` when the end is followed.
    pub fn top(&self) -> Option<usize> {
        self.top
    }

    /// Returns what is to be brought onto the screen.
    pub fn goal(&self) -> Option<Goal> {
        self.goal
    }

    /// Brings something onto the screen.
    pub fn show(&mut self, goal: Goal) {
        self.goal = Some(goal);
    }

    /// Returns what was last at the top of the screen; `None` while the end is followed.
    pub fn anchor(&self) -> Option<ScrollAnchor> {
        match self.goal {
            Some(Goal::Line(anchor)) => Some(anchor),
            _ => self.top.and(self.laid?.anchor),
        }
    }

    /// Returns whether less than a screen is above what is shown.
    pub(super) fn is_near_top(&self) -> bool {
        self.laid.is_some_and(|laid| self.top.is_some_and(|top| top < usize::from(laid.height)))
    }

    /// Returns how many of `rows` have come since the end was last on the screen.
    pub fn unseen(&self, rows: usize) -> usize {
        self.top.map_or(0, |_| rows.saturating_sub(self.seen))
    }

    /// Follows the end from now on.
    pub fn follow(&mut self) {
        self.top = None;
        self.goal = None;
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
        self.goal = None;
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
        let renumbered =
            self.laid.filter(|before| before.width != laid.width || before.epoch != laid.epoch);
        let reached = self.goal.take().is_some();
        if let (Some(before), Some(_)) = (renumbered, self.top) {
            self.seen = laid.rows.saturating_sub(self.unseen(before.rows));
        } else if reached && self.top.is_none() {
            self.seen = laid.rows;
        }
        if reached || renumbered.is_some() && self.top.is_some() {
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
        Laid {
            session,
            width,
            height: 10,
            rows,
            top,
            anchor: None,
            epoch: 0,
            composer_width: 80,
            help_slack: 0,
        }
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
        scroll.by(isize::MIN);
        assert_eq!(scroll.top(), None);
    }

    #[test]
    fn another_width_takes_the_row_that_the_view_found() {
        let mut scroll = Scroll::default();
        scroll.laid(&laid(80, 100, 90));
        scroll.by(isize::MIN);
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
