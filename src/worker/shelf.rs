//! Idle sessions in memory: what each had cached, in pieces that sessions with the same beginning
//! share. Least recently used go first.
//!
//! Never: the cache itself.

use std::collections::HashSet;
use std::sync::Arc;

use super::keep::Keep;
use crate::chat::SessionId;
use crate::prompt::Unit;
use crate::prompt::common_prefix;

/// The bytes of some consecutive tokens of a sequence.
#[derive(Debug)]
pub(super) struct Piece {
    /// How many tokens.
    pub(super) tokens: usize,
    /// What the cache holds of them.
    pub(super) bytes: Vec<u8>,
}

/// What a session had cached.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) session: SessionId,
    pub(super) keep: Keep,
    /// All tokens of `pieces`, in order.
    pub(super) units: Vec<Unit>,
    pub(super) pieces: Vec<Arc<Piece>>,
}

impl Saved {
    /// Returns the pieces that lie wholly within the first `len` tokens, and how many tokens those
    /// are.
    pub(super) fn within(&self, len: usize) -> (Vec<Arc<Piece>>, usize) {
        let mut tokens = 0;
        let pieces = self.pieces.iter().take_while(|piece| {
            let fits = tokens + piece.tokens <= len;
            tokens += if fits { piece.tokens } else { 0 };
            fits
        });
        (pieces.cloned().collect(), tokens)
    }
}

/// What idle sessions had cached, the one used last at the end.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    saved: Vec<Saved>,
    most_bytes: u64,
}

impl Shelf {
    /// Sets how many bytes there may be; what is too much goes at once.
    pub(super) fn limit(&mut self, most_bytes: u64) {
        self.most_bytes = most_bytes;
        self.shrink();
    }

    /// Returns whether anything may be kept at all.
    pub(super) fn is_open(&self) -> bool {
        self.most_bytes > 0
    }

    /// Keeps a session's state in place of its previous one. Returns whether there was room.
    pub(super) fn put(&mut self, saved: Saved) -> bool {
        let session = saved.session;
        self.forget(session);
        self.saved.push(saved);
        self.shrink();
        self.saved.iter().any(|saved| saved.session == session)
    }

    /// Returns the states, least recently used first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Saved> {
        self.saved.iter()
    }

    /// Returns a session's state, which is used now.
    pub(super) fn touch(&mut self, session: SessionId) -> Option<Saved> {
        let place = self.saved.iter().position(|saved| saved.session == session)?;
        let saved = self.saved.remove(place);
        self.saved.push(saved.clone());
        Some(saved)
    }

    /// Returns the pieces at the beginning of `units` that some session has, and how many tokens
    /// those are.
    pub(super) fn pieces_of(&self, units: &[Unit]) -> (Vec<Arc<Piece>>, usize) {
        let found = self.saved.iter().map(|saved| saved.within(common_prefix(&saved.units, units)));
        found.max_by_key(|(_, tokens)| *tokens).unwrap_or_default()
    }

    /// Drops a session's state.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.saved.retain(|saved| saved.session != session);
    }

    /// Drops what is kept only as long as `client` is there.
    pub(super) fn drop_client(&mut self, client: u32) {
        self.saved.retain(|saved| !saved.keep.ends_with(client));
    }

    /// Counts the bytes; a piece of several sessions counts once.
    pub(super) fn bytes(&self) -> u64 {
        let mut seen = HashSet::new();
        let pieces = self.saved.iter().flat_map(|saved| &saved.pieces);
        let new = pieces.filter(|piece| seen.insert(Arc::as_ptr(piece)));
        new.map(|piece| piece.bytes.len() as u64).sum()
    }

    fn shrink(&mut self) {
        while self.bytes() > self.most_bytes {
            self.saved.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(session: u128, pieces: &[&Arc<Piece>]) -> Saved {
        let units = pieces.iter().flat_map(|piece| vec![Unit::Token(7); piece.tokens]).collect();
        let pieces = pieces.iter().map(|piece| Arc::clone(piece)).collect();
        Saved { session: SessionId(session), keep: Keep::Session, units, pieces }
    }

    fn piece(tokens: usize, bytes: usize) -> Arc<Piece> {
        Arc::new(Piece { tokens, bytes: vec![0; bytes] })
    }

    fn sessions(shelf: &Shelf) -> Vec<u128> {
        shelf.iter().map(|saved| saved.session.0).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut shelf = Shelf::default();
        assert!(!shelf.put(saved(1, &[&piece(4, 10)])), "nothing is kept without room");
        shelf.limit(25);
        for session in 1..=2 {
            assert!(shelf.put(saved(session, &[&piece(4, 10)])));
        }
        shelf.touch(SessionId(1)).expect("it is there");
        assert!(shelf.put(saved(3, &[&piece(4, 10)])));
        assert_eq!(sessions(&shelf), [1, 3]);
        assert!(!shelf.put(saved(4, &[&piece(4, 30)])), "larger than all the room");
        shelf.limit(0);
        assert_eq!((sessions(&shelf), shelf.bytes()), (vec![], 0));
    }

    #[test]
    fn a_shared_piece_counts_once_and_outlives_either_session() {
        let mut shelf = Shelf::default();
        shelf.limit(100);
        let system = piece(4, 40);
        shelf.put(saved(1, &[&system, &piece(2, 20)]));
        shelf.put(saved(2, &[&system, &piece(3, 30)]));
        assert_eq!(shelf.bytes(), 90);
        shelf.forget(SessionId(1));
        assert_eq!(shelf.bytes(), 70);
        let (pieces, tokens) = shelf.pieces_of(&[Unit::Token(7); 6]);
        assert_eq!((pieces.len(), tokens), (1, 4), "half a piece is none");
        assert_eq!(shelf.pieces_of(&[Unit::Token(8); 6]).1, 0);
    }

    #[test]
    fn a_client_takes_along_what_was_kept_for_it() {
        let mut shelf = Shelf::default();
        shelf.limit(100);
        shelf.put(saved(1, &[&piece(4, 10)]));
        shelf.put(Saved { keep: Keep::Client(5), ..saved(2, &[&piece(4, 10)]) });
        shelf.drop_client(6);
        assert_eq!(sessions(&shelf), [1, 2]);
        shelf.drop_client(5);
        assert_eq!(sessions(&shelf), [1]);
    }
}
