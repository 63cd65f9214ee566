//! Text for people and pipes: the answer on stdout, everything else on stderr.

use std::fmt::Write as _;
use std::time::Duration;

use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::Usage;
use crate::runtime::Printed;
use crate::text::Clean;
use crate::text::Cleaner;

/// The longest line on stderr, in graphemes: a few paths of the longest kind.
pub const LINE_MAX: usize = 4000;

/// What goes to stderr besides failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether the route before the answer and the timings after it are shown.
    pub summary: bool,
    /// Whether stderr gets colours.
    pub color: bool,
}

/// The text printer of one turn.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    style: Style,
    cleaner: Cleaner,
    last: Option<char>,
    finished: bool,
}

impl Plain {
    /// Begins.
    pub fn new(style: Style) -> Self {
        Self { style, ..Self::default() }
    }

    pub(super) fn event(&mut self, event: &TurnEvent, timings: Timings) -> Printed {
        match event {
            _ if self.finished => Printed::default(),
            TurnEvent::Routed(decision) => self.routed(decision),
            TurnEvent::Waiting { .. }
            | TurnEvent::Anew
            | TurnEvent::Token(TokenEvent::Queued(_) | TokenEvent::Prefill { .. }) => {
                Printed::default()
            }
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                let clean = self.cleaner.push(text);
                Printed { stdout: self.text(&clean), stderr: String::new() }
            }
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                self.finish(reason, usage, timings)
            }
        }
    }

    pub(super) fn fail(&mut self, fault: &Fault) -> Printed {
        if self.finished {
            return Printed::default();
        }
        Printed { stdout: self.end(), stderr: fault_lines(fault, self.style.color) }
    }

    fn routed(&self, decision: &Decision) -> Printed {
        if !self.style.summary {
            return Printed::default();
        }
        let Decision { route, model, reason, .. } = decision;
        let line = Clean::one_line(&format!("{route}: {model}: {reason}"), LINE_MAX);
        Printed { stdout: String::new(), stderr: self.dim(line.as_str()) }
    }

    fn finish(&mut self, reason: &StopReason, usage: &Usage, timings: Timings) -> Printed {
        let stdout = self.end();
        let mut stderr = ended(reason, None, self.style.color);
        if self.style.summary {
            stderr.push_str(&self.dim(&summary(usage, timings)));
        }
        Printed { stdout, stderr }
    }

    /// Gives what was held back, and the newline that the answer lacks.
    fn end(&mut self) -> String {
        self.finished = true;
        let rest = self.cleaner.finish();
        let mut text = self.text(&rest);
        if self.last.is_some_and(|last| last != '\n') {
            text.push('\n');
        }
        text
    }

    fn text(&mut self, clean: &Clean) -> String {
        self.last = clean.as_str().chars().last().or(self.last);
        clean.as_str().to_owned()
    }

    fn dim(&self, line: &str) -> String {
        if self.style.color { format!("\u{1b}[2m{line}\u{1b}[0m\n") } else { format!("{line}\n") }
    }
}

/// Says a failure: one line, and a `hint:` line if there is something to do.
pub fn fault_lines(fault: &Fault, color: bool) -> String {
    let mut lines = labelled("error", &fault.message, color);
    if let Some(hint) = &fault.hint {
        lines.push_str(&labelled("hint", hint, color));
    }
    lines
}

/// Returns a whole answer, clean, with the newline that it lacks.
pub(super) fn whole(text: &str) -> String {
    let mut plain = Plain::default();
    let clean = plain.cleaner.push(text);
    plain.text(&clean) + &plain.end()
}

/// Says why the answer ended, where it is not simply over; `place` says which one.
pub(super) fn ended(reason: &StopReason, place: Option<&str>, color: bool) -> String {
    let fault = match reason {
        StopReason::EndOfTurn | StopReason::Stop | StopReason::Length => return String::new(),
        StopReason::ContextFull => Fault::new("the context is full and the answer was cut short")
            .hint("raise n_ctx in the profile, or ask for less"),
        StopReason::Cancelled => Fault::new("cancelled"),
        StopReason::Interrupted(fault) => {
            let message = format!("the answer was interrupted: {}", fault.message);
            Fault { message, ..fault.clone() }
        }
        StopReason::Failed(fault) => fault.clone(),
    };
    match place {
        None => fault_lines(&fault, color),
        Some(place) => {
            let message = format!("{place}: {}", fault.message);
            fault_lines(&Fault { message, ..fault }, color)
        }
    }
}

/// A message may repeat what a file, an engine or an argument said: it is cleaned, and kept to the
/// one line that its label stands before.
pub(super) fn labelled(label: &str, message: &str, color: bool) -> String {
    let message = Clean::one_line(message, LINE_MAX);
    let message = message.as_str();
    if color {
        format!("\u{1b}[1m{label}:\u{1b}[0m {message}\n")
    } else {
        format!("{label}: {message}\n")
    }
}

fn summary(usage: &Usage, timings: Timings) -> String {
    let Usage { prompt_tokens, cached_tokens, completion_tokens, .. } = usage;
    let mut line = format!(
        "{prompt_tokens} prompt tokens ({cached_tokens} cached), {completion_tokens} generated"
    );
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(line, ", {name} {value}").ok();
        }
    };
    let rate = |tps: f64| format!("{tps:.1} tok/s");
    add("TTFT", timings.ttft.map(seconds));
    add("prefill", usage.prefill_tps().map(rate));
    add("decode", usage.decode_tps().map(rate));
    add("total", Some(seconds(timings.total)));
    line
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Route;

    fn delta(text: &str) -> TurnEvent {
        TurnEvent::Token(TokenEvent::Delta(text.to_owned()))
    }

    fn end(reason: StopReason) -> TurnEvent {
        TurnEvent::Token(TokenEvent::Finished(reason, Usage::default()))
    }

    fn run(style: Style, events: &[TurnEvent]) -> Printed {
        let mut plain = Plain::new(style);
        let mut all = Printed::default();
        for event in events {
            let Printed { stdout, stderr } = plain.event(event, Timings::default());
            all.stdout.push_str(&stdout);
            all.stderr.push_str(&stderr);
        }
        all
    }

    #[test]
    fn an_answer_ends_with_exactly_one_newline_of_its_own_or_ours() {
        let table: [(&[&str], &str); 5] = [
            (&["a", "b"], "ab\n"),
            (&["a\n"], "a\n"),
            (&["a\n", ""], "a\n"),
            (&["a\n\n"], "a\n\n"),
            (&[], ""),
        ];
        for (texts, expected) in table {
            let mut events: Vec<TurnEvent> = texts.iter().map(|text| delta(text)).collect();
            events.push(end(StopReason::EndOfTurn));
            let printed = run(Style::default(), &events);
            assert_eq!(printed.stdout, expected, "{texts:?}");
            assert_eq!(printed.stderr, "");
        }
    }

    #[test]
    fn no_escape_sequence_gets_through_however_it_is_split() {
        let events = ["a\u{1b}", "[31", "mred\u{1b}]0;ti", "tle\u{7}b", "\u{9b}2Jc"].map(delta);
        let printed = run(Style::default(), &events);
        let last = run(Style::default(), &[&events[..], &[end(StopReason::EndOfTurn)]].concat());
        assert!(!printed.stdout.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{printed:?}");
        assert_eq!(last.stdout, "aredbc\n");
        let fault = Fault::new("no model `\u{1b}[31mx\nerror: y`").hint("\u{9b}2Ja\r\nb");
        assert_eq!(fault_lines(&fault, false), "error: no model `x error: y`\nhint: a b\n");
    }

    #[test]
    fn a_failure_is_said_after_the_partial_answer() {
        let fault = Fault::new("the engine stopped").hint("ask again");
        let printed = run(Style::default(), &[delta("par"), end(StopReason::Interrupted(fault))]);
        assert_eq!(printed.stdout, "par\n");
        let said = "error: the answer was interrupted: the engine stopped\nhint: ask again\n";
        assert_eq!(printed.stderr, said);
        let mut plain = Plain::new(Style::default());
        plain.event(&delta("par"), Timings::default());
        let printed = plain.fail(&Fault::new("no"));
        assert_eq!((printed.stdout.as_str(), printed.stderr.as_str()), ("\n", "error: no\n"));
        assert_eq!(plain.fail(&Fault::new("no")), Printed::default());
    }

    #[test]
    fn the_route_is_said_first_and_the_timings_last() {
        let decision = Decision::new(Route::Local, "m", "local-only profile");
        let usage = Usage {
            prompt_tokens: 30,
            cached_tokens: 10,
            completion_tokens: 3,
            prefill: Duration::from_millis(100),
            decode: Duration::from_millis(100),
            ..Usage::default()
        };
        let timings =
            Timings { ttft: Some(Duration::from_millis(120)), total: Duration::from_millis(340) };
        let mut plain = Plain::new(Style { summary: true, color: false });
        let first = plain.event(&TurnEvent::Routed(decision), timings);
        assert_eq!(first.stderr, "local: m: local-only profile\n");
        let done = TurnEvent::Token(TokenEvent::Finished(StopReason::EndOfTurn, usage));
        assert_eq!(
            plain.event(&done, timings).stderr,
            "30 prompt tokens (10 cached), 3 generated, TTFT 0.12 s, prefill 200.0 tok/s, \
             decode 20.0 tok/s, total 0.34 s\n"
        );
    }
}
