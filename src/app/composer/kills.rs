//! What was deleted by words and lines, to be put back.

/// The most pieces kept.
const CAPACITY: usize = 32;

/// The ring of deleted pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Kills {
    pieces: Vec<String>,
    /// The draft's version after the last deletion, to which the next one belongs.
    last: Option<u64>,
    /// The draft's version after a piece was put back, its place there, and which piece it is.
    put: Option<(u64, usize, usize)>,
}

impl Kills {
    /// Takes a deleted piece in; `before` tells that it stood before the cursor. One that follows
    /// another without anything between belongs to it.
    pub(super) fn add(&mut self, piece: &str, before: bool, (was, is): (u64, u64)) {
        if piece.is_empty() {
            return;
        }
        match self.pieces.last_mut().filter(|_| self.last == Some(was)) {
            Some(last) if before => last.insert_str(0, piece),
            Some(last) => last.push_str(piece),
            None => self.pieces.push(piece.to_owned()),
        }
        if self.pieces.len() > CAPACITY {
            self.pieces.remove(0);
        }
        self.last = Some(is);
    }

    /// Returns the newest piece.
    pub(super) fn newest(&self) -> Option<(usize, &str)> {
        let index = self.pieces.len().checked_sub(1)?;
        Some((index, &self.pieces[index]))
    }

    /// Notes that piece `index` was put at byte `at`, which gave the draft this version.
    pub(super) fn put(&mut self, version: u64, at: usize, index: usize) {
        self.put = Some((version, at, index));
    }

    /// Returns where the piece stands that was just put back, how long it is, and the one before it.
    pub(super) fn older(&self, version: u64) -> Option<(usize, usize, usize, &str)> {
        let (_, at, index) = self.put.filter(|(put, ..)| *put == version)?;
        let older = index.checked_sub(1).unwrap_or(self.pieces.len() - 1);
        Some((at, self.pieces[index].len(), older, &self.pieces[older]))
    }
}
