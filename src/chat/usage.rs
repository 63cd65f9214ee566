//! What a turn cost.

use std::time::Duration;

/// Tokens and the backend's own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens in the prompt.
    pub prompt_tokens: u32,
    /// Those of them that were cached.
    pub cached_tokens: u32,
    /// Tokens generated.
    pub completion_tokens: u32,
    /// Time from the turn's first slice to its first sampled token.
    pub prefill: Duration,
    /// Time from the first sampled token to the last.
    pub decode: Duration,
}

impl Usage {
    /// Returns evaluated prompt tokens per second; `None` when nothing was evaluated.
    pub fn prefill_tps(&self) -> Option<f64> {
        let evaluated = self.prompt_tokens.saturating_sub(self.cached_tokens);
        rate(evaluated, self.prefill)
    }

    /// Returns generated tokens per second; the first token belongs to prefill. `None` for fewer
    /// than two tokens.
    pub fn decode_tps(&self) -> Option<f64> {
        rate(self.completion_tokens.saturating_sub(1), self.decode)
    }
}

/// What the user waited, measured in the front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From Enter to the first visible character, on every route.
    pub ttft: Option<Duration>,
    /// From Enter to the end.
    pub total: Duration,
}

fn rate(tokens: u32, time: Duration) -> Option<f64> {
    let seconds = time.as_secs_f64();
    (tokens > 0 && seconds > 0.0).then(|| f64::from(tokens) / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_leave_out_what_cost_nothing() {
        let usage = Usage {
            prompt_tokens: 110,
            cached_tokens: 10,
            completion_tokens: 51,
            prefill: Duration::from_millis(500),
            decode: Duration::from_secs(1),
        };
        assert_eq!(usage.prefill_tps(), Some(200.0));
        assert_eq!(usage.decode_tps(), Some(50.0));
        assert_eq!(Usage { completion_tokens: 1, ..usage }.decode_tps(), None);
    }
}
