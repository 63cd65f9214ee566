//! How fast turns of this device went, as whoever asked has seen it.

use std::collections::HashMap;

use crate::chat::Route;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::models::Meter;
use crate::models::Speed;

/// Fewer tokens tell nothing of a rate.
const PREFILL_TOKENS: u32 = 64;
const DECODE_TOKENS: u32 = 8;

/// What is known of a turn that runs.
#[derive(Clone, Debug)]
struct Run {
    /// Where the rates of its model are kept, if they are.
    meter: Option<Meter>,
    /// Another one of this front ran beside it.
    beside: bool,
    /// The routes that it was given, in order.
    routes: Vec<Route>,
}

/// The turns that run.
#[derive(Debug, Default)]
pub(super) struct Pace(HashMap<TurnId, Run>);

impl Pace {
    /// Takes note of a turn that begins.
    pub(super) fn begin(&mut self, turn: TurnId, meter: Option<Meter>) {
        let beside = !self.0.is_empty();
        self.0.values_mut().for_each(|run| run.beside = true);
        self.0.insert(turn, Run { meter, beside, routes: Vec::new() });
    }

    /// Hears a step of a turn; at its end returns how fast it went and where that is kept, if all of it
    /// came from this device and nothing of this front ran beside it.
    pub(super) fn hear(&mut self, turn: TurnId, event: &TurnEvent) -> Option<(Meter, Speed)> {
        match event {
            TurnEvent::Routed(decision) => {
                self.0.get_mut(&turn)?.routes.push(decision.route.clone());
                None
            }
            TurnEvent::Token(TokenEvent::Finished(_, usage)) => {
                let run = self.0.remove(&turn)?;
                let here = run.routes == [Route::Local] && !run.beside;
                run.meter.zip(speed(usage)).filter(|_| here)
            }
            TurnEvent::Token(_) | TurnEvent::Waiting { .. } | TurnEvent::Anew => None,
        }
    }
}

/// Returns the rates of a turn that had enough to do for them.
fn speed(usage: &Usage) -> Option<Speed> {
    let evaluated = usage.prompt_tokens.saturating_sub(usage.cached_tokens);
    let prefill_tps = usage.prefill_tps().filter(|_| evaluated >= PREFILL_TOKENS);
    let decode_tps = usage.decode_tps().filter(|_| usage.completion_tokens >= DECODE_TOKENS);
    let told = prefill_tps.or(decode_tps).is_some();
    told.then_some(Speed { prefill_tps, decode_tps })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::Decision;
    use crate::chat::StopReason;

    fn routed(route: Route) -> TurnEvent {
        TurnEvent::Routed(Decision::new(route, "m", "so"))
    }

    fn finished(prompt_tokens: u32, completion_tokens: u32) -> TurnEvent {
        let usage = Usage {
            prompt_tokens,
            completion_tokens,
            prefill: Duration::from_millis(500),
            decode: Duration::from_secs(1),
            ..Usage::default()
        };
        TurnEvent::Token(TokenEvent::Finished(StopReason::EndOfTurn, usage))
    }

    fn run(events: &[TurnEvent]) -> Option<Speed> {
        let mut pace = Pace::default();
        pace.begin(TurnId(1), Some(Meter::default()));
        let told = events.iter().filter_map(|event| pace.hear(TurnId(1), event)).last();
        told.map(|(_, speed)| speed)
    }

    #[test]
    fn a_turn_of_this_device_tells_its_rates() {
        let speed = run(&[routed(Route::Local), finished(100, 21)]).expect("rates");
        assert_eq!(speed, Speed { prefill_tps: Some(200.0), decode_tps: Some(20.0) });
        let short = run(&[routed(Route::Local), finished(63, 21)]).expect("a rate");
        assert_eq!(short, Speed { prefill_tps: None, decode_tps: Some(20.0) });
        assert_eq!(run(&[routed(Route::Local), finished(63, 7)]), None, "too few to tell");
    }

    #[test]
    fn what_came_from_elsewhere_or_shared_the_device_tells_nothing() {
        let lan = || routed(Route::Remote("lan".to_owned()));
        assert_eq!(run(&[lan(), finished(100, 21)]), None);
        assert_eq!(run(&[routed(Route::Local), lan(), finished(100, 21)]), None, "handed on");
        assert_eq!(run(&[finished(100, 21)]), None, "never begun");
        let mut pace = Pace::default();
        for turn in [1, 2] {
            pace.begin(TurnId(turn), Some(Meter::default()));
            pace.hear(TurnId(turn), &routed(Route::Local));
        }
        for turn in [1, 2] {
            assert!(pace.hear(TurnId(turn), &finished(100, 21)).is_none(), "side by side");
        }
        pace.begin(TurnId(3), Some(Meter::default()));
        pace.hear(TurnId(3), &routed(Route::Local));
        assert!(pace.hear(TurnId(3), &finished(100, 21)).is_some(), "alone again");
    }
}
