//! Identities.

use std::fmt;

/// A session's identity: the 128 bits of a `UUIDv7`, made in `runtime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (first, rest) = hex.split_at(8);
        write!(f, "{first}-{}-{}-{}-{}", &rest[..4], &rest[4..8], &rest[8..12], &rest[12..])
    }
}

/// A turn's identity within one front: it is on every event, so a late one can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_reads_as_a_uuid() {
        let id = SessionId(0x0198_0000_1111_7222_8333_4444_5555_6666);
        assert_eq!(id.to_string(), "01980000-1111-7222-8333-444455556666");
    }
}
