//! The draft: text, cursor, undo, and the way back to earlier prompts.
//!
//! Line breaks are `\n` only and control characters but tabs never get in. A paste goes in as
//! [`Clean`]: what it hides becomes visible here and is sent as it is seen.

mod folds;
mod history;
mod kills;
mod motion;
mod undo;

pub(super) use history::History;
use kills::Kills;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::app::composer::folds::Folds;
use crate::app::composer::undo::Undo;
use crate::text::Clean;

/// What a key does to the draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Back by one grapheme.
    Left,
    /// On by one grapheme.
    Right,
    /// Up one row; from the first row of an empty draft, to the previous prompt.
    Up,
    /// Down one row; from the last row of a recalled prompt, to the next one.
    Down,
    /// To the beginning of the line.
    LineStart,
    /// To the end of the line.
    LineEnd,
    /// To the beginning of the word before.
    WordLeft,
    /// To the end of the word behind.
    WordRight,
    /// Breaks the line.
    Newline,
    /// Deletes the grapheme before the cursor.
    DeleteLeft,
    /// Deletes the grapheme behind the cursor.
    DeleteRight,
    /// Deletes to the beginning of the word before.
    DeleteWordLeft,
    /// Deletes to the end of the word behind.
    DeleteWordRight,
    /// Deletes to the beginning of the line.
    DeleteToStart,
    /// Deletes to the end of the line, or the line break there.
    DeleteToEnd,
    /// Takes the last change back.
    Undo,
    /// Makes it again.
    Redo,
    /// Puts back what was deleted last by words or lines.
    Yank,
    /// Takes an older deletion in its place.
    YankOlder,
    /// Shows folded pastes whole.
    Unfold,
}

/// A draft being written.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    text: String,
    cursor: usize,
    goal: Option<usize>,
    recalled: Option<usize>,
    undo: Undo,
    folds: Folds,
    version: u64,
}

impl Composer {
    /// Returns the draft.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the draft with every folded paste in its place: what is sent and saved.
    pub fn whole(&self) -> String {
        self.folds.whole(&self.text)
    }

    /// Returns the cursor as a byte offset in that.
    pub fn whole_cursor(&self) -> usize {
        self.folds.whole(&self.text[..self.cursor]).len()
    }

    /// Returns the cursor as a byte offset, on a grapheme boundary of what is before it.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Returns a number that changes with the text.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns whether there is no draft.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Types one character.
    pub fn type_char(&mut self, c: char) {
        if !c.is_control() {
            self.replace(self.cursor..self.cursor, c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Inserts pasted text as [`Composer::put`] does; a large one stands as one line.
    pub fn paste(&mut self, text: &str) {
        let clean = Clean::new(text);
        match self.folds.fold(clean.as_str()) {
            Some(line) => self.put(&line),
            None => self.put(clean.as_str()),
        }
    }

    /// Inserts text, cleaned, with every kind of line break as `\n`.
    pub fn put(&mut self, text: &str) {
        let clean = Clean::new(text);
        self.undo.seal();
        self.replace(self.cursor..self.cursor, clean.as_str());
        self.undo.seal();
    }

    /// Puts a saved draft back, with its cursor.
    pub fn load(&mut self, text: &str, cursor: usize) {
        self.take();
        let clean = Clean::new(text).into_string();
        self.cursor =
            (0..=cursor.min(clean.len())).rev().find(|at| clean.is_char_boundary(*at)).unwrap_or(0);
        self.text = clean;
    }

    /// Does what a key asks; `width` in columns is where rows end on the screen.
    pub fn edit(&mut self, edit: Edit, history: &mut History, width: u16) {
        match edit {
            Edit::Up => self.up(history, width),
            Edit::Down => self.down(history, width),
            Edit::Newline => self.replace(self.cursor..self.cursor, "\n"),
            Edit::Undo => self.travel(Undo::back),
            Edit::Redo => self.travel(Undo::forth),
            Edit::Yank => self.yank(&mut history.kills),
            Edit::YankOlder => self.yank_older(&mut history.kills),
            Edit::Unfold => self.unfold(),
            Edit::Left
            | Edit::Right
            | Edit::LineStart
            | Edit::LineEnd
            | Edit::WordLeft
            | Edit::WordRight => {
                let target = self.target(edit);
                self.go(target);
            }
            Edit::DeleteLeft
            | Edit::DeleteRight
            | Edit::DeleteWordLeft
            | Edit::DeleteWordRight
            | Edit::DeleteToStart
            | Edit::DeleteToEnd => {
                let target = self.target(edit);
                let range = self.cursor.min(target)..self.cursor.max(target);
                let (was, before) = (self.version, target < self.cursor);
                let removed = self.text[range.clone()].to_owned();
                self.replace(range, "");
                if !matches!(edit, Edit::DeleteLeft | Edit::DeleteRight) {
                    history.kills.add(&removed, before, (was, self.version));
                }
            }
        }
    }

    /// Puts another text in the place of a piece.
    pub fn exchange(&mut self, piece: Range<usize>, with: &str) {
        self.undo.seal();
        self.replace(piece, with);
        self.undo.seal();
    }

    /// Empties the draft; undo brings it back.
    pub fn clear(&mut self) {
        self.undo.seal();
        self.replace(0..self.text.len(), "");
    }

    /// Gives the draft away and forgets how it came to be.
    pub fn take(&mut self) -> String {
        let version = self.version + 1;
        let taken = std::mem::replace(self, Self { version, ..Self::default() });
        taken.whole()
    }

    /// Returns where a motion, or the far end of a deletion, leads.
    fn target(&self, edit: Edit) -> usize {
        let (text, cursor) = (self.text.as_str(), self.cursor);
        let target = match edit {
            Edit::Left | Edit::DeleteLeft => motion::left(text, cursor),
            Edit::Right | Edit::DeleteRight => motion::right(text, cursor),
            Edit::LineStart | Edit::DeleteToStart => motion::line_start(text, cursor),
            Edit::LineEnd => motion::line_end(text, cursor),
            Edit::DeleteToEnd => match motion::line_end(text, cursor) {
                end if end == cursor => motion::right(text, cursor),
                end => end,
            },
            Edit::WordLeft | Edit::DeleteWordLeft => motion::word_left(text, cursor),
            Edit::WordRight | Edit::DeleteWordRight => motion::word_right(text, cursor),
            Edit::Up
            | Edit::Down
            | Edit::Newline
            | Edit::Undo
            | Edit::Redo
            | Edit::Yank
            | Edit::YankOlder
            | Edit::Unfold => cursor,
        };
        self.folds.beside(text, target, target > cursor)
    }

    fn yank(&mut self, kills: &mut Kills) {
        let Some((index, piece)) = kills.newest() else { return };
        let (at, piece) = (self.cursor, piece.to_owned());
        self.undo.seal();
        self.replace(at..at, &piece);
        kills.put(self.version, at, index);
    }

    fn yank_older(&mut self, kills: &mut Kills) {
        let Some((at, length, index, piece)) = kills.older(self.version) else { return };
        let piece = piece.to_owned();
        self.replace(at..at + length, &piece);
        kills.put(self.version, at, index);
    }

    fn unfold(&mut self) {
        let whole = self.whole();
        if whole != self.text {
            self.undo.seal();
            self.replace(0..self.text.len(), &whole);
            self.undo.seal();
        }
    }

    fn up(&mut self, history: &History, width: u16) {
        let browsing = self.recalled.is_some() || self.is_empty();
        let goal = self.goal.unwrap_or_else(|| motion::column(&self.text, self.cursor, width));
        match motion::row_up(&self.text, self.cursor, goal, width) {
            Some(target) => {
                self.go(target);
                self.goal = Some(goal);
            }
            None if browsing => {
                let before = self.recalled.unwrap_or(history.len());
                if let Some(index) = before.checked_sub(1) {
                    self.recall(history.get(index), Some(index));
                }
            }
            None => self.go(0),
        }
    }

    fn down(&mut self, history: &History, width: u16) {
        let goal = self.goal.unwrap_or_else(|| motion::column(&self.text, self.cursor, width));
        match (motion::row_down(&self.text, self.cursor, goal, width), self.recalled) {
            (Some(target), _) => {
                self.go(target);
                self.goal = Some(goal);
            }
            (None, Some(index)) => match history.get(index + 1) {
                "" => self.recall("", None),
                prompt => self.recall(prompt, Some(index + 1)),
            },
            (None, None) => self.go(self.text.len()),
        }
    }

    fn recall(&mut self, prompt: &str, index: Option<usize>) {
        self.undo.seal();
        self.replace(0..self.text.len(), prompt);
        self.recalled = index;
    }

    fn go(&mut self, cursor: usize) {
        self.cursor = self.folds.beside(&self.text, cursor, cursor > self.cursor);
        self.goal = None;
        self.undo.seal();
    }

    fn travel(&mut self, step: impl Fn(&mut Undo, &mut String) -> Option<usize>) {
        if let Some(cursor) = step(&mut self.undo, &mut self.text) {
            self.changed(cursor);
        }
    }

    /// The only way in which the text changes, but for undo.
    fn replace(&mut self, range: Range<usize>, with: &str) {
        if range.is_empty() && with.is_empty() {
            return;
        }
        let at = range.start;
        let removed = self.text[range.clone()].to_owned();
        self.text.replace_range(range, with);
        self.undo.record(at, removed, with.to_owned());
        self.changed(at + with.len());
    }

    fn changed(&mut self, cursor: usize) {
        self.cursor = cursor;
        self.goal = None;
        self.recalled = None;
        self.version += 1;
    }
}

/// Returns whether `text` is one grapheme.
fn is_grapheme(text: &str) -> bool {
    text.graphemes(true).nth(1).is_none()
}
