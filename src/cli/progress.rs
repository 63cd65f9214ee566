//! One line on a terminal's stderr while nothing else moves; pure.

use std::time::Duration;

use crate::chat::LoadState;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::engine::EngineEvent;
use crate::runtime::Told;
use crate::text::Clean;

/// How long something may take without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest reason for a wait, in graphemes: the line must not wrap.
const WHY_MAX: usize = 56;

/// Clears the line that the cursor is in.
const CLEAR: &str = "\r\u{1b}[K";

/// The line, as long as there is one.
#[derive(Debug, Default)]
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// Returns what goes to stderr before whatever else the step prints.
    pub(super) fn step(&mut self, told: &Told<'_>, at: Duration) -> String {
        let line = match told {
            Told::Engine(EngineEvent::Load(LoadState::Loading(percent))) => {
                format!("loading the model {percent} %")
            }
            Told::Turn(TurnEvent::Token(TokenEvent::Queued(ahead))) => {
                // Told once, when it begins: waiting is worth a word at once.
                self.shown = true;
                let turns = if *ahead == 1 { "turn" } else { "turns" };
                return format!("{CLEAR}waiting for {ahead} {turns}");
            }
            // Cleared before the first word comes: that goes to stdout, and stdout goes first.
            Told::Turn(TurnEvent::Token(TokenEvent::Prefill { done, total, .. }))
                if done >= total =>
            {
                return self.clear();
            }
            Told::Turn(TurnEvent::Token(TokenEvent::Prefill { done, total, cached })) => {
                format!("reading the prompt {done} / {total} tokens, {cached} cached")
            }
            Told::Turn(TurnEvent::Waiting { left, why }) => {
                self.shown = true;
                let seconds = left.as_secs_f64().ceil();
                return format!("{CLEAR}{}; again in {seconds} s", Clean::one_line(why, WHY_MAX));
            }
            Told::Turn(TurnEvent::Token(TokenEvent::Delta(_) | TokenEvent::Finished(..))) => {
                return self.clear();
            }
            Told::Turn(TurnEvent::Routed(_) | TurnEvent::Anew) | Told::Engine(_) => {
                return String::new();
            }
        };
        if at < PATIENCE {
            return String::new();
        }
        self.shown = true;
        format!("{CLEAR}{line}")
    }

    /// Returns what clears the line, if there is one.
    fn clear(&mut self) -> String {
        if std::mem::take(&mut self.shown) { CLEAR.to_owned() } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_comes_late_and_goes_with_the_first_token() {
        let mut progress = Progress::default();
        let prefill = TokenEvent::Prefill { done: 10, total: 20, cached: 5 };
        let prefill = TurnEvent::Token(prefill);
        let delta = TurnEvent::Token(TokenEvent::Delta("a".to_owned()));
        let early = Duration::from_millis(900);
        let late = Duration::from_millis(1500);
        assert_eq!(progress.step(&Told::Turn(&prefill), early), "");
        assert_eq!(
            progress.step(&Told::Turn(&prefill), late),
            "\r\u{1b}[Kreading the prompt 10 / 20 tokens, 5 cached"
        );
        let done = TokenEvent::Prefill { done: 20, total: 20, cached: 5 };
        assert_eq!(progress.step(&Told::Turn(&TurnEvent::Token(done)), late), CLEAR);
        assert_eq!(progress.step(&Told::Turn(&delta), late), "");
    }
}
