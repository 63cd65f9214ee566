//! Where the cursor goes: offsets in bytes, steps in graphemes, words, lines and screen rows.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// Returns the start of the grapheme before `cursor`.
pub(super) fn left(text: &str, cursor: usize) -> usize {
    let before = text[..cursor].graphemes(true).next_back();
    cursor - before.map_or(0, str::len)
}

/// Returns the end of the grapheme behind `cursor`.
pub(super) fn right(text: &str, cursor: usize) -> usize {
    let behind = text[cursor..].graphemes(true).next();
    cursor + behind.map_or(0, str::len)
}

/// Returns the start of the line.
pub(super) fn line_start(text: &str, cursor: usize) -> usize {
    text[..cursor].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Returns the end of the line, before its break.
pub(super) fn line_end(text: &str, cursor: usize) -> usize {
    text[cursor..].find('\n').map_or(text.len(), |newline| cursor + newline)
}

/// Returns the start of the word before `cursor`.
pub(super) fn word_left(text: &str, cursor: usize) -> usize {
    let words = text[..cursor].split_word_bound_indices();
    words.rev().find(|(_, word)| is_word(word)).map_or(0, |(start, _)| start)
}

/// Returns the end of the word behind `cursor`.
pub(super) fn word_right(text: &str, cursor: usize) -> usize {
    let mut words = text[cursor..].split_word_bound_indices();
    let found = words.find(|(_, word)| is_word(word));
    found.map_or(text.len(), |(start, word)| cursor + start + word.len())
}

/// Returns the column of `cursor` in its row.
pub(super) fn column(text: &str, cursor: usize, width: u16) -> usize {
    let rows = text::wrap(text, usize::from(width));
    let row = &rows[row_of(&rows, cursor)];
    text::width(&text[row.start..cursor.min(row.end)])
}

/// Returns the place at column `goal` one row up; `None` in the first row.
pub(super) fn row_up(text: &str, cursor: usize, goal: usize, width: u16) -> Option<usize> {
    let rows = text::wrap(text, usize::from(width));
    let above = row_of(&rows, cursor).checked_sub(1)?;
    Some(at_column(text, &rows, above, goal))
}

/// Returns the place at column `goal` one row down; `None` in the last row.
pub(super) fn row_down(text: &str, cursor: usize, goal: usize, width: u16) -> Option<usize> {
    let rows = text::wrap(text, usize::from(width));
    let below = row_of(&rows, cursor) + 1;
    (below < rows.len()).then(|| at_column(text, &rows, below, goal))
}

/// Returns the index of the row that holds `cursor`: at a soft break, the later one.
fn row_of(rows: &[Range<usize>], cursor: usize) -> usize {
    rows.partition_point(|row| row.start <= cursor).saturating_sub(1)
}

fn at_column(text: &str, rows: &[Range<usize>], row: usize, goal: usize) -> usize {
    let range = rows[row].clone();
    let mut column = 0;
    let mut last = range.start;
    for (start, grapheme) in text[range.clone()].grapheme_indices(true) {
        let next = text::width(&text[range.start..range.start + start + grapheme.len()]);
        if next > goal {
            break;
        }
        last = range.start + start + grapheme.len();
        column = next;
    }
    // The end of a softly broken row is the start of the next one: stay before it.
    let wraps = rows.get(row + 1).is_some_and(|next| next.start == last);
    if wraps && column > 0 { left(text, last) } else { last }
}

fn is_word(segment: &str) -> bool {
    segment.contains(char::is_alphanumeric)
}
