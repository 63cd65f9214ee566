//! Chance for waits that many programs are not to end at once.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// A run of numbers (splitmix64, Steele, Lea and Flood 2014), another one in every process.
#[derive(Debug)]
pub(super) struct Chance(AtomicU64);

impl Default for Chance {
    fn default() -> Self {
        Self::seeded(RandomState::new().hash_one(0_u8))
    }
}

impl Chance {
    /// Makes the run of numbers that follows from `seed`.
    pub(super) fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Draws a number from 0 to 1.
    pub(super) fn draw(&self) -> f64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut drawn = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        drawn ^= drawn >> 31;
        (drawn >> 11) as f64 / (1_u64 << 53) as f64
    }
}
