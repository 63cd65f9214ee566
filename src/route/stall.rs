//! How long an answer that has begun may stand still before somebody else goes on with it.

use std::time::Duration;

/// No stream is given up sooner: networks pause for a second or two and go on.
const LEAST: Duration = Duration::from_secs(3);

/// Times between tokens that are no pause any more.
const TOKENS: u32 = 8;

/// Returns how long a stream may give no token where one comes every `tbt` otherwise: the greater of
/// 3 s and 8 times that. What only keeps the connection alive is no token.
pub fn stalls_after(tbt: Duration) -> Duration {
    tbt.saturating_mul(TOKENS).max(LEAST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nobody_is_given_up_at_once_and_who_is_slow_has_longer(ms: u64, more: u64) {
            let tbt = Duration::from_millis(ms);
            let slower = tbt.saturating_add(Duration::from_millis(more));
            let after = stalls_after(tbt);
            prop_assert!(after >= LEAST && after >= tbt);
            prop_assert!(after >= tbt.saturating_mul(8));
            prop_assert!(after == LEAST || after == tbt.saturating_mul(8), "no longer than needed");
            prop_assert!(stalls_after(slower) >= after);
        }
    }

    #[test]
    fn three_seconds_or_eight_tokens() {
        let ms = Duration::from_millis;
        for (tbt, after) in [(0, 3000), (100, 3000), (375, 3000), (376, 3008), (1000, 8000)] {
            assert_eq!(stalls_after(ms(tbt)), ms(after), "{tbt} ms");
        }
        assert_eq!(stalls_after(Duration::MAX), Duration::MAX);
    }
}
