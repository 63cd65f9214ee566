//! What one answer cost so far.

use std::time::Duration;

use tokio::time::Instant;

use super::wire::Tokens;
use crate::chat::StopReason;
use crate::chat::Usage;

/// Counts of one attempt; a new attempt begins anew.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    counted: Tokens,
    deltas: u32,
    steps: u64,
    begun: Option<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Tally {
    pub(super) fn begin(&mut self, at: Instant) {
        *self = Self { begun: Some(at), ..Self::default() };
    }

    pub(super) fn text(&mut self, text: &str, at: Instant) {
        if !text.is_empty() {
            self.deltas = self.deltas.saturating_add(1);
            self.steps += 1;
            self.first.get_or_insert(at);
            self.last = Some(at);
        }
    }

    pub(super) fn thought(&mut self) {
        self.steps += 1;
    }

    pub(super) fn count(&mut self, tokens: Tokens) {
        self.counted.prompt = tokens.prompt.or(self.counted.prompt);
        self.counted.cached = tokens.cached.or(self.counted.cached);
        self.counted.completion = tokens.completion.or(self.counted.completion);
    }

    /// Returns whether anything of the answer came.
    pub(super) fn has_text(&self) -> bool {
        self.deltas > 0
    }

    /// Returns a number that grows with all that the model does.
    pub(super) fn progress(&self) -> u64 {
        self.steps
    }

    /// Returns the mean time between pieces so far, or `None` before the second one.
    pub(super) fn tbt(&self) -> Option<Duration> {
        let (first, last) = (self.first?, self.last?);
        last.saturating_duration_since(first).checked_div(self.deltas.checked_sub(1)?)
    }

    /// Returns the usage: the endpoint's own counts, else pieces as they came; times as seen from
    /// here.
    pub(super) fn usage(&self) -> Usage {
        let between = |from: Option<Instant>, to: Option<Instant>| match (from, to) {
            (Some(from), Some(to)) => to.saturating_duration_since(from),
            (_, _) => Duration::ZERO,
        };
        Usage {
            prompt_tokens: self.counted.prompt.unwrap_or(0),
            cached_tokens: self.counted.cached.unwrap_or(0),
            completion_tokens: self.counted.completion.unwrap_or(self.deltas).max(
                // Some count only at the end, which a broken stream never has.
                if self.counted.completion == Some(0) { self.deltas } else { 0 },
            ),
            prefill: between(self.begun, self.first),
            decode: between(self.first, self.last),
            ..Usage::default()
        }
    }

    /// Tells a limit of the caller's from one that nobody asked for.
    pub(super) fn reason(&self, reason: StopReason, most: Option<u32>) -> StopReason {
        match (reason, most) {
            (StopReason::Length, None) => StopReason::ContextFull,
            (StopReason::Length, Some(most))
                if self.counted.completion.is_some_and(|tokens| tokens < most) =>
            {
                StopReason::ContextFull
            }
            (reason, _) => reason,
        }
    }
}
