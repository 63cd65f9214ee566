//! Bytes to lines, whatever way they are cut up: LF, CR or CRLF, with limits.

use thiserror::Error;

/// The longest line, in bytes: no server's event comes near it.
pub(super) const LINE_MAX: usize = 1024 * 1024;

/// The most bytes of one stream: an answer of 64 MiB is a defect of the server.
pub(super) const STREAM_MAX: usize = 64 * 1024 * 1024;

/// Why a stream cannot be read any further.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// A line does not end.
    #[error("a line is longer than {} KiB", LINE_MAX / 1024)]
    Line,
    /// An event does not end.
    #[error("an event is longer than {} KiB", super::sse::EVENT_MAX / 1024)]
    Event,
    /// The stream does not end.
    #[error("the stream is longer than {} MiB", STREAM_MAX / 1024 / 1024)]
    Stream,
    /// The bytes are no text.
    #[error("it is not UTF-8")]
    Utf8,
}

/// Cuts a stream into lines. What it holds back is at most one line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// The last byte was a CR: an LF behind it belongs to it.
    after_cr: bool,
    total: usize,
    begun: bool,
}

impl Lines {
    /// Takes a piece in and gives each line that it completes to `take`, without its end.
    ///
    /// # Errors
    /// A limit is passed, a line is no UTF-8, or `take` fails; the stream is not to be used again.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&str) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.total = self.total.saturating_add(piece.len());
        if self.total > STREAM_MAX {
            return Err(DecodeError::Stream);
        }
        let mut rest = piece;
        if self.after_cr && !rest.is_empty() {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_cr = false;
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.hold(&rest[..end])?;
            let cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if cr {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            self.complete(&mut take)?;
        }
        self.hold(rest)
    }

    /// Ends the stream: gives its last line to `take` if it has no end of its own.
    ///
    /// # Errors
    /// As for [`Lines::push`].
    pub(super) fn end(
        &mut self,
        mut take: impl FnMut(&str) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        if self.held.is_empty() { Ok(()) } else { self.complete(&mut take) }
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.held.len() + bytes.len() > LINE_MAX {
            return Err(DecodeError::Line);
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    fn complete(
        &mut self,
        take: &mut impl FnMut(&str) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let line = str::from_utf8(&self.held).map_err(|_| DecodeError::Utf8)?;
        // A byte order mark is no part of the first line.
        let first = !self.begun;
        let line = if first { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        self.begun = true;
        let taken = take(line);
        self.held.clear();
        taken
    }
}
