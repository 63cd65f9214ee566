//! How long an answer may not begin, or stand still, before somebody else is asked.

use std::time::Duration;

/// No stream is given up sooner: networks pause for a second or two and go on.
const LEAST: Duration = Duration::from_secs(3);

/// Times between tokens that are no pause any more.
const TOKENS: u32 = 8;

/// No endpoint is passed over sooner, and by how much later for each token of the prompt: slow
/// hardware evaluates fifty of them in a second.
const FIRST_LEAST: Duration = Duration::from_secs(20);
const FIRST_PER_TOKEN: Duration = Duration::from_millis(20);

/// Times the worst that was expected.
const FIRST_FACTOR: u32 = 3;

/// Returns how long an endpoint may take to its first token where somebody else can answer: three
/// times the `worst` that was predicted, at least 20 s and what the prompt may take.
pub fn begins_within(worst: Duration, prompt_tokens: u32) -> Duration {
    let prompt = FIRST_PER_TOKEN.saturating_mul(prompt_tokens);
    worst.saturating_mul(FIRST_FACTOR).max(FIRST_LEAST.saturating_add(prompt))
}

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
    fn who_is_slow_or_asked_much_has_longer_to_begin() {
        let s = Duration::from_secs;
        for (worst, tokens, within) in
            [(0, 0, 20), (2, 0, 20), (10, 0, 30), (2, 1000, 40), (60, 1000, 180)]
        {
            assert_eq!(begins_within(s(worst), tokens), s(within), "{worst} s, {tokens} tokens");
        }
        assert_eq!(begins_within(Duration::MAX, u32::MAX), Duration::MAX);
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
