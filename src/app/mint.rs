//! New identities and moments, without a clock: from those of the first session and the time since.

use std::time::Duration;

use crate::chat::MessageId;
use crate::chat::SessionId;
use crate::chat::Timestamp;

/// Bits of a `UUIDv7` below its milliseconds: version, 12 bits, variant, 62 bits (RFC 9562, 5.7).
const BELOW_MS: u32 = 80;
const VERSION_7: u128 = 0x7 << 76;
const VARIANT: u128 = 0b10 << 62;
const RANDOM_HIGH: u128 = 0xfff << 64;
const RANDOM_LOW: u128 = (1 << 62) - 1;

/// Makes identities that sort by time and differ from those of every other window.
#[derive(Clone, Debug)]
pub(super) struct Mint {
    start_ms: u128,
    state: u64,
    last: u128,
}

impl Mint {
    /// Takes the wall clock's time and the randomness from an identity that was just made.
    pub(super) fn new(first: SessionId) -> Self {
        let low = u64::try_from(first.0 & u128::from(u64::MAX)).unwrap_or_default();
        Self { start_ms: first.0 >> BELOW_MS, state: low, last: first.0 }
    }

    /// Returns the wall clock's time at `now` since the start.
    pub(super) fn time(&self, now: Duration) -> Timestamp {
        let ms = self.start_ms.saturating_add(now.as_millis());
        Timestamp(i64::try_from(ms).unwrap_or(i64::MAX))
    }

    /// Makes a message's identity.
    pub(super) fn message(&mut self, now: Duration) -> MessageId {
        MessageId(self.next(now))
    }

    /// Makes a session's identity.
    pub(super) fn session(&mut self, now: Duration) -> SessionId {
        SessionId(self.next(now))
    }

    fn next(&mut self, now: Duration) -> u128 {
        let ms = self.start_ms.saturating_add(now.as_millis()) << BELOW_MS;
        let random = u128::from(self.random()) << 64 | u128::from(self.random());
        let made = ms | VERSION_7 | (random & RANDOM_HIGH) | VARIANT | (random & RANDOM_LOW);
        // Two in one millisecond sort by their order as well.
        self.last = made.max(self.last.saturating_add(1));
        self.last
    }

    /// `SplitMix64` (Steele, Lea, Flood 2014).
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: SessionId = SessionId(0x0198_0000_1111_7222_8333_4444_5555_6666);

    #[test]
    fn identities_are_of_version_7_sort_by_time_and_differ() {
        let mut mint = Mint::new(FIRST);
        let times = [0, 0, 0, 5, 5, 70_000].map(Duration::from_millis);
        let made = times.map(|now| mint.message(now).0);
        assert!(made.is_sorted() && made.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(made[0] > FIRST.0);
        assert_eq!(made[5] >> BELOW_MS, (FIRST.0 >> BELOW_MS) + 70_000);
        let text = MessageId(made[3]).to_string();
        assert_eq!((&text[14..15], made[3] >> 62 & 3), ("7", 2), "{text}");
        let mut other = Mint::new(SessionId(FIRST.0 + 1));
        assert_ne!(other.message(times[5]).0, made[5]);
    }

    #[test]
    fn the_time_is_that_of_the_first_identity() {
        let mint = Mint::new(FIRST);
        assert_eq!(mint.time(Duration::from_secs(1)), Timestamp(0x0198_0000_1111 + 1000));
    }
}
