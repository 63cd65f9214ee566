//! The chat on the terminal's normal screen: what is above it is the terminal's scrollback.
//!
//! Rows get there as any program's do: they are written, and the screen scrolls. Nothing is erased by a
//! sequence that some terminals answer by keeping what was erased.

use std::io;
use std::io::Write as _;

use ratatui::backend::Backend as _;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;

/// Returns the bytes that write rows over the top of the screen.
fn written(rows: &Buffer) -> io::Result<Vec<u8>> {
    let mut bytes = erased(rows.area.height);
    let blank = Buffer::empty(rows.area);
    CrosstermBackend::new(&mut bytes).draw(blank.diff(rows).into_iter())?;
    Ok(bytes)
}

/// Returns the bytes that put rows above a screen of `height` rows; of what is on the screen only
/// the lower part is left, at the top.
///
/// # Errors
/// None: memory takes all bytes.
pub(super) fn above(rows: &Buffer, height: u16) -> io::Result<Vec<u8>> {
    let mut bytes = written(rows)?;
    // Without a colour, which would fill the new rows.
    write!(bytes, "\x1b[0m\x1b[{height};1H")?;
    bytes.extend(b"\n".repeat(rows.area.height.into()));
    Ok(bytes)
}

/// Returns the bytes that leave nothing but rows at the top of a screen of `height` rows, with the
/// cursor in the last of them.
///
/// # Errors
/// None: memory takes all bytes.
pub(super) fn last(rows: Option<&Buffer>, height: u16) -> io::Result<Vec<u8>> {
    let mut bytes = erased(height);
    if let Some(rows) = rows {
        bytes.extend(written(rows)?);
    }
    write!(bytes, "\x1b[0m\x1b[{};1H", rows.map_or(1, |rows| rows.area.height))?;
    Ok(bytes)
}

/// Returns how many rows the terminal moves into its scrollback when its height changes, with the
/// cursor in a row from 0; negative for those that it brings back. Terminals keep the cursor on the
/// screen, drop what is below it first, and fill a larger screen from above.
pub(super) fn moved(before: u16, cursor: u16, after: u16) -> isize {
    if after >= before {
        return -isize::try_from(after - before).unwrap_or(0);
    }
    isize::try_from((cursor + 1).saturating_sub(after)).unwrap_or(0)
}

fn erased(rows: u16) -> Vec<u8> {
    (1..=rows).flat_map(|row| format!("\x1b[0m\x1b[{row};1H\x1b[2K").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_moves_what_it_must() {
        assert_eq!(moved(24, 22, 24), 0);
        assert_eq!(moved(24, 22, 30), -6);
        assert_eq!(moved(24, 22, 20), 3);
        assert_eq!(moved(24, 2, 20), 0);
    }
}
