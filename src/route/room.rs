//! Whether an engine that nobody uses is in the way.

use crate::chat::DeviceSample;

/// The share of memory that has to be left; below it the system soon reclaims what others use.
const AVAILABLE_SHARE_MIN: f64 = 0.15;

/// The share of the available memory that idle sessions may take where the user has not said: it
/// is the first thing to be given back, and others find enough beside it.
const SHELF_SHARE: f64 = 0.25;

/// The most of it in bytes; llama-server's prompt cache has the same.
const SHELF_BYTES_MAX: u64 = 8_000_000_000;

/// The same where nobody tells how much memory there is.
const SHELF_BYTES_UNKNOWN: u64 = 1_000_000_000;

/// Returns whether an idle engine should leave: memory runs short, or the user saves power.
/// What is unknown is no reason.
pub fn idle_engine_is_in_the_way(sample: &DeviceSample) -> bool {
    is_short(sample) || sample.saves_power == Some(true)
}

/// Returns how many bytes of memory idle sessions may take, of which they have `held` now:
/// `most_gigabytes` if the user has said so, and none while memory runs short.
pub fn idle_session_bytes(sample: &DeviceSample, most_gigabytes: Option<u32>, held: u64) -> u64 {
    if is_short(sample) {
        return 0;
    }
    if let Some(most) = most_gigabytes {
        return u64::from(most) * 1_000_000_000;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a size is positive, and the cast saturates"
    )]
    let share = |available: u64| ((available.saturating_add(held)) as f64 * SHELF_SHARE) as u64;
    sample.available_bytes.map_or(SHELF_BYTES_UNKNOWN, share).min(SHELF_BYTES_MAX)
}

fn is_short(sample: &DeviceSample) -> bool {
    match (sample.available_bytes, sample.total_bytes) {
        (Some(available), Some(total)) => (available as f64) < total as f64 * AVAILABLE_SHARE_MIN,
        (None, _) | (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_memory_and_saved_power_are_reasons_and_the_unknown_is_none() {
        let memory = |available, total| DeviceSample {
            available_bytes: available,
            total_bytes: total,
            ..DeviceSample::default()
        };
        assert!(idle_engine_is_in_the_way(&memory(Some(14), Some(100))));
        assert!(!idle_engine_is_in_the_way(&memory(Some(16), Some(100))));
        assert!(!idle_engine_is_in_the_way(&memory(None, Some(100))));
        let saving = DeviceSample { saves_power: Some(true), ..DeviceSample::default() };
        assert!(idle_engine_is_in_the_way(&saving));
    }

    #[test]
    fn idle_sessions_take_a_share_of_what_is_left_and_nothing_when_it_is_short() {
        let memory = |available| DeviceSample {
            available_bytes: Some(available),
            total_bytes: Some(10_000),
            ..DeviceSample::default()
        };
        assert_eq!(idle_session_bytes(&memory(4000), None, 0), 1000);
        // What they hold already is not held against them.
        assert_eq!(idle_session_bytes(&memory(3000), None, 1000), 1000);
        assert_eq!(idle_session_bytes(&memory(4000), Some(2), 0), 2_000_000_000);
        assert_eq!(idle_session_bytes(&memory(4000), Some(0), 0), 0);
        assert_eq!(idle_session_bytes(&memory(1400), Some(2), 900), 0, "short");
        let unknown = DeviceSample::default();
        assert_eq!(idle_session_bytes(&unknown, None, 0), SHELF_BYTES_UNKNOWN);
        let large = DeviceSample { available_bytes: Some(u64::MAX), ..DeviceSample::default() };
        assert_eq!(idle_session_bytes(&large, None, 5), SHELF_BYTES_MAX);
    }
}
