//! Whether an engine that nobody uses is in the way.

use crate::chat::DeviceSample;

/// The share of memory that has to be left; below it the system soon reclaims what others use.
const AVAILABLE_SHARE_MIN: f64 = 0.15;

/// Returns whether an idle engine should leave: memory runs short, or the user saves power.
/// What is unknown is no reason.
pub fn idle_engine_is_in_the_way(sample: &DeviceSample) -> bool {
    let short = match (sample.available_bytes, sample.total_bytes) {
        (Some(available), Some(total)) => (available as f64) < total as f64 * AVAILABLE_SHARE_MIN,
        (None, _) | (_, None) => false,
    };
    short || sample.saves_power == Some(true)
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
}
