//! What `map` prints of its lines and in the end.
//!
//! With `--json`, each line is `{"v":1,"type":"result","index","text",…}` with its place in the
//! input from 0 and, behind the text, what the `finish` of one turn has. Always last comes one
//! `finish` for all, with `lines` and `failed` behind it: the end of the worst line, the sums of
//! the tokens, the whole time.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::json::Ending;
use super::json::extend;
use super::json::line;
use super::plain::ended;
use super::plain::labelled;
use super::plain::whole;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::Usage;
use crate::runtime::Outcome;
use crate::runtime::Printed;

/// What all lines together came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    lines: u64,
    failed: u64,
    usage: Usage,
}

impl Totals {
    /// Adds a line. The times of turns that run side by side have no sum.
    pub fn add(&mut self, usage: &Usage, failed: bool) {
        self.lines += 1;
        self.failed += u64::from(failed);
        let sum = &mut self.usage;
        for (sum, more) in [
            (&mut sum.prompt_tokens, usage.prompt_tokens),
            (&mut sum.cached_tokens, usage.cached_tokens),
            (&mut sum.completion_tokens, usage.completion_tokens),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// Words it for people, one line.
    pub fn summary(&self, total: Duration) -> String {
        let Self { lines, failed, usage } = self;
        let seconds = total.as_secs_f64();
        let mut text = format!("{lines} lines");
        if *failed > 0 {
            write!(text, ", {failed} failed").ok();
        }
        write!(text, ", {} generated", usage.completion_tokens).ok();
        if seconds > 0.0 {
            write!(text, ", {:.1} tok/s", f64::from(usage.completion_tokens) / seconds).ok();
        }
        writeln!(text, ", total {seconds:.2} s").ok();
        text
    }
}

/// Prints a line's answer as text; a failure names the line, counted from 1 as editors do.
pub fn map_plain(outcome: &Outcome, color: bool) -> Printed {
    let place = format!("line {}", outcome.index + 1);
    Printed { stdout: whole(&outcome.text), stderr: ended(&outcome.reason, Some(&place), color) }
}

/// Prints a line's answer as JSON.
pub fn map_json(outcome: &Outcome) -> Printed {
    let ending = Ending {
        reason: &outcome.reason,
        usage: &outcome.usage,
        timings: outcome.timings,
        session: None,
        route: outcome.decision.as_ref(),
    };
    let mut event = json!({"v": 1, "type": "result", "index": outcome.index, "text": outcome.text});
    extend(&mut event, ending.value());
    line(&event)
}

/// Prints the end of all as JSON.
pub fn map_json_end(totals: &Totals, reason: &StopReason, total: Duration) -> Printed {
    let Totals { lines, failed, usage } = totals;
    let timings = Timings { ttft: None, total };
    let ending = Ending { reason, usage, timings, session: None, route: None };
    let mut event = json!({"v": 1, "type": "finish"});
    extend(&mut event, ending.value());
    extend(&mut event, json!({"lines": lines, "failed": failed}));
    line(&event)
}

/// Says that the work was cancelled.
pub fn map_cancelled(color: bool) -> Printed {
    Printed { stdout: String::new(), stderr: labelled("error", "cancelled", color) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Decision;
    use crate::chat::Fault;
    use crate::chat::Route;

    fn outcome(reason: StopReason) -> Outcome {
        Outcome {
            index: 4,
            read_bytes: 40,
            text: "a\u{1b}[31mb".to_owned(),
            decision: Some(Decision::new(Route::Local, "m", "local-only profile")),
            reason,
            usage: Usage { prompt_tokens: 9, completion_tokens: 3, ..Usage::default() },
            timings: Timings {
                ttft: Some(Duration::from_millis(5)),
                total: Duration::from_millis(9),
            },
        }
    }

    #[test]
    fn results_are_printed_as_documented() {
        let mut totals = Totals::default();
        let fault = StopReason::Failed(Fault::new("no room").hint("less"));
        let mut text = String::new();
        for (failed, reason) in [(false, StopReason::Length), (true, fault.clone())] {
            let outcome = outcome(reason);
            totals.add(&outcome.usage, failed);
            text.push_str(&map_json(&outcome).stdout);
        }
        text.push_str(&map_json_end(&totals, &fault, Duration::from_secs(2)).stdout);
        insta::assert_snapshot!(text);
        let summary = totals.summary(Duration::from_secs(2));
        assert_eq!(summary, "2 lines, 1 failed, 6 generated, 3.0 tok/s, total 2.00 s\n");
    }

    #[test]
    fn text_is_clean_and_a_failure_names_its_line() {
        let fine = map_plain(&outcome(StopReason::EndOfTurn), false);
        assert_eq!(fine, Printed { stdout: "ab\n".to_owned(), stderr: String::new() });
        let fault = Fault::new("no room").hint("less");
        let failed = map_plain(&outcome(StopReason::Interrupted(fault)), false);
        let said = "error: line 5: the answer was interrupted: no room\nhint: less\n";
        assert_eq!((failed.stdout.as_str(), failed.stderr.as_str()), ("ab\n", said));
    }
}
