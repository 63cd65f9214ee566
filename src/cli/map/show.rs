//! What `map` prints: results on stdout, everything else on stderr, the bar around both.

use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use super::Args;
use super::bar::Bar;
use crate::chat::LoadState;
use crate::chat::StopReason;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::output::Totals;
use crate::cli::output::use_color;
use crate::cli::schema::Schema;
use crate::config::Env;
use crate::engine::EngineEvent;
use crate::runtime::MapShow;
use crate::runtime::MapStep;
use crate::runtime::Outcome;
use crate::runtime::Printed;

/// Assumed of a terminal that does not tell its width.
const WIDTH: u16 = 80;

/// A rate over less time says nothing.
const RATE_AFTER_SECONDS: f64 = 0.5;

/// Everything that `map` prints.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Show {
    json: bool,
    color: bool,
    summary: bool,
    keep_going: bool,
    quiet: bool,
    schema: Option<Schema>,
    bar: Option<Bar>,
    totals: Totals,
    /// The worst code so far, and the end of the first line that has it.
    worst: (Exit, StopReason),
    /// Bytes of the input up to the last line that is done.
    bytes: u64,
    done: u64,
    /// Tokens, and when the first came.
    tokens: u64,
    first: Option<Duration>,
    loading: Option<u8>,
}

impl Show {
    /// Begins; `length` is that of the input in bytes.
    pub(super) fn new(args: &Args, cli: &Cli, env: &Env, length: Option<u64>) -> Self {
        let common = &cli.common;
        let terminal = io::stderr().is_terminal();
        let width = rustix::termios::tcgetwinsize(io::stderr()).ok().map(|size| size.ws_col);
        let width = width.filter(|columns| *columns > 0).unwrap_or(WIDTH);
        Self {
            json: common.json,
            color: use_color(common.color, env, terminal),
            summary: (terminal || common.verbose) && !common.quiet,
            keep_going: args.keep_going,
            quiet: common.quiet,
            schema: None,
            bar: (terminal && !common.quiet).then(|| Bar::new(width, length)),
            totals: Totals::default(),
            worst: (Exit::Answered, StopReason::EndOfTurn),
            bytes: 0,
            done: 0,
            tokens: 0,
            first: None,
            loading: None,
        }
    }

    /// Holds every answer against a schema.
    pub(super) fn with_schema(self, schema: Option<Schema>) -> Self {
        Self { schema, ..self }
    }

    /// Returns the exit code that the lines have earned.
    pub(super) fn exit(&self) -> Exit {
        self.worst.0
    }

    /// Draws the bar as things are.
    fn draw(&self, at: Duration) -> Vec<Printed> {
        let Some(bar) = &self.bar else { return Vec::new() };
        let seconds = self.first.map_or(0.0, |first| at.saturating_sub(first).as_secs_f64());
        let message = match self.loading {
            Some(percent) => format!("loading the model {percent} %"),
            None if seconds < RATE_AFTER_SECONDS => format!("{} lines", self.done),
            None => {
                let (lines, tokens) = (self.done as f64 / seconds, self.tokens as f64 / seconds);
                format!("{} lines, {lines:.1}/s, {tokens:.0} tok/s", self.done)
            }
        };
        to_stderr(bar.show(self.bytes, message))
    }

    fn next(&mut self, outcome: &Outcome) -> Vec<Printed> {
        let exit = Exit::from(&outcome.reason);
        if exit > self.worst.0 {
            self.worst = (exit, outcome.reason.clone());
        }
        self.totals.add(&outcome.usage, exit != Exit::Answered);
        let mut printed = if self.json {
            output::map_json(outcome)
        } else {
            output::map_plain(outcome, self.color)
        };
        let Some(bar) = &self.bar else { return vec![printed] };
        // The results are a stream of their own: the bar is cleared before they come.
        let (clear, again) = bar.around();
        printed.stderr.push_str(&again);
        [to_stderr(clear), vec![printed]].concat()
    }

    fn end(&self, cancelled: bool, at: Duration) -> Vec<Printed> {
        let clear = self.bar.as_ref().map_or_else(Vec::new, |bar| to_stderr(bar.end()));
        let reason = if cancelled { &StopReason::Cancelled } else { &self.worst.1 };
        let mut last = Printed::default();
        if self.json {
            last = output::map_json_end(&self.totals, reason, at);
        } else if cancelled {
            last = output::map_cancelled(self.color);
        }
        if self.summary {
            last.stderr.push_str(&self.totals.summary(at));
        }
        [clear, vec![last]].concat()
    }
}

impl MapShow for Show {
    fn judge(&self, outcome: &mut Outcome) -> bool {
        let judged = self.schema.as_ref();
        let judged = judged.and_then(|schema| schema.judge(&outcome.reason, &outcome.text));
        if let Some(reason) = judged {
            outcome.reason = reason;
        }
        self.keep_going || Exit::from(&outcome.reason) == Exit::Answered
    }

    fn step(&mut self, step: MapStep<'_>, at: Duration) -> Vec<Printed> {
        match step {
            MapStep::Engine(EngineEvent::Load(LoadState::Loading(percent))) => {
                self.loading = Some(*percent);
                self.draw(at)
            }
            MapStep::Engine(EngineEvent::Load(LoadState::Ready(info))) => {
                self.loading = None;
                let Some(words) = info.fall_back().filter(|_| !self.quiet) else {
                    return self.draw(at);
                };
                let (clear, again) = self.bar.as_ref().map(Bar::around).unwrap_or_default();
                [to_stderr(format!("{clear}{words}\n{again}")), self.draw(at)].concat()
            }
            MapStep::Engine(EngineEvent::Health(_) | EngineEvent::Lost(_)) => Vec::new(),
            MapStep::Token => {
                self.tokens += 1;
                self.first.get_or_insert(at);
                self.draw(at)
            }
            MapStep::Done(outcome) => {
                self.done += 1;
                self.bytes = self.bytes.max(outcome.read_bytes);
                self.draw(at)
            }
            MapStep::Next(outcome) => self.next(outcome),
            MapStep::End { cancelled } => self.end(cancelled, at),
        }
    }
}

fn to_stderr(stderr: String) -> Vec<Printed> {
    if stderr.is_empty() { Vec::new() } else { vec![Printed { stdout: String::new(), stderr }] }
}
