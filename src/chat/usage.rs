//! What a turn cost.

use std::time::Duration;

/// Bytes that one turn sent to endpoints and got from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes that may have left this device.
    pub up: u64,
    /// Bytes that came.
    pub down: u64,
}

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
    /// What went over the network for it, wherever the answer came from in the end.
    pub traffic: Traffic,
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

    /// Returns what an answer cost that went on elsewhere as `later` says, where what it had so far
    /// was part of the prompt: that part is counted as answer only.
    #[must_use]
    pub fn and_then(self, later: Self) -> Self {
        if later.prompt_tokens == 0 {
            let completion_tokens = self.completion_tokens.saturating_add(later.completion_tokens);
            let decode = self.decode + later.decode;
            return Self { completion_tokens, decode, traffic: later.traffic, ..self };
        }
        let prompt_tokens = later.prompt_tokens.saturating_sub(self.completion_tokens);
        Self {
            prompt_tokens,
            cached_tokens: later.cached_tokens.min(prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(later.completion_tokens),
            prefill: later.prefill,
            decode: self.decode + later.decode,
            // It is counted over the whole turn.
            traffic: later.traffic,
        }
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
            ..Usage::default()
        };
        assert_eq!(usage.prefill_tps(), Some(200.0));
        assert_eq!(usage.decode_tps(), Some(50.0));
        assert_eq!(Usage { completion_tokens: 1, ..usage }.decode_tps(), None);
    }

    #[test]
    fn an_answer_that_went_on_elsewhere_counts_each_token_once() {
        let (ms, second) = (Duration::from_millis, Duration::from_secs(1));
        let usage = |prompt, completion| Usage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            prefill: ms(prompt.into()),
            decode: second,
            ..Usage::default()
        };
        let both = usage(0, 20).and_then(usage(120, 30));
        let wanted = Usage { prompt_tokens: 100, prefill: ms(120), ..usage(0, 50) };
        assert_eq!(both, Usage { decode: second * 2, ..wanted });
        let nothing = usage(100, 20).and_then(Usage::default());
        assert_eq!(nothing, usage(100, 20), "nobody went on");
    }
}
