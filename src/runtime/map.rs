//! Many turns without a screen, several at once: results in the order of the input.
//!
//! Bounded whatever comes: lines are read when there is room for them, and answers that wait for
//! an earlier one are as many as the window holds.

mod window;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;

use self::window::Window;
use super::Front;
use super::clock;
use super::clock::Clock;
use super::driver::Driver;
use super::ids;
use super::printer;
use super::printer::Printed;
use super::signals;
use super::signals::Signal;
use super::signals::Signals;
use crate::backend::TurnQueue;
use crate::backend::turn_queue;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::LoadState;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::engine::Engine;
use crate::engine::EngineEvent;

/// Events that wait to be looked at, beside one that each turn has reserved.
const TURN_EVENTS: usize = 256;

/// Answers that may wait for an earlier one, for each turn that runs: short answers fill the time
/// that a long one takes, and a context bounds each of them.
const WINDOW_PER_JOB: usize = 16;

/// How long output that nobody reads may hold up the end.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

/// One line of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place, from 0.
    pub index: u64,
    /// Bytes of the input up to its end.
    pub read_bytes: u64,
    /// What is asked, or why it cannot be.
    pub prompt: Result<String, Fault>,
}

/// What became of one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The line's place, from 0.
    pub index: u64,
    /// Bytes of the input up to the line's end.
    pub read_bytes: u64,
    /// The answer, as the model wrote it.
    pub text: String,
    /// Where it ran; `None` when it did not.
    pub decision: Option<Decision>,
    /// Why it ended.
    pub reason: StopReason,
    /// What it cost.
    pub usage: Usage,
    /// How long it took, from when it was begun.
    pub timings: Timings,
}

/// One step of the work, as whoever shows it is told of it.
#[derive(Debug)]
pub enum MapStep<'a> {
    /// The engine's own state.
    Engine(&'a EngineEvent),
    /// A token came.
    Token,
    /// A line is done; not in order.
    Done(&'a Outcome),
    /// The next line in order is done.
    Next(&'a Outcome),
    /// All is over.
    End {
        /// Before its time.
        cancelled: bool,
    },
}

/// Judges and shows results.
pub trait MapShow {
    /// Judges a line, may give it another end, and returns whether the work goes on after it.
    fn judge(&self, outcome: &mut Outcome) -> bool;

    /// Returns what is to be printed, in this order. `at` is the time since the beginning.
    fn step(&mut self, step: MapStep<'_>, at: Duration) -> Vec<Printed>;
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// A signal ended it.
    pub cancelled: bool,
    /// The reader of standard output went away.
    pub unread: bool,
}

/// Reads lines on a thread of its own, one ahead of what is asked for, until `next` has no more.
pub fn lines(mut next: impl FnMut() -> Option<Line> + Send + 'static) -> mpsc::Receiver<Line> {
    let (queue, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        while let Some(line) = next() {
            if queue.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Asks every line, `jobs` at once, and shows what comes. Must be called within the runtime of
/// [`super::tasks`].
///
/// # Errors
/// Signals cannot be taken over, or standard output fails otherwise than by being closed.
///
/// # Cancel safety
/// The turns are stopped; what was not printed is lost.
pub async fn map(
    front: Front,
    lines: mpsc::Receiver<Line>,
    jobs: usize,
    show: &mut dyn MapShow,
) -> io::Result<Mapped> {
    let signals = Signals::take()?;
    let (events, news) = mpsc::channel(TURN_EVENTS);
    let engine = front.engine.clone().map(|config| Engine::new(config, events));
    if let Some(engine) = engine.as_ref().filter(|_| front.warms()) {
        engine.warm();
    }
    let sessions: Vec<SessionId> = (0..jobs).map(|_| ids::new_session()).collect();
    let (queue, turns) = turn_queue(TURN_EVENTS + jobs);
    let (out, written) = printer::start();
    let clock = Clock::start();
    let mut driver = Driver::new(&front, engine, queue, clock);
    // For a script the profile's own word is the permission.
    for session in &sessions {
        driver.allow_all(*session);
    }
    let mapping = Mapping {
        clock,
        driver,
        front,
        signals,
        lines,
        turns,
        news,
        out,
        written,
        window: Window::new(jobs.saturating_mul(WINDOW_PER_JOB)),
        open: HashMap::new(),
        sessions,
        ended: false,
        unprinted: VecDeque::new(),
        mapped: Mapped { cancelled: false, unread: false },
    };
    mapping.run(show).await
}

/// A line whose turn runs.
#[derive(Debug)]
struct Open {
    session: SessionId,
    began: Duration,
    outcome: Outcome,
}

struct Mapping {
    clock: Clock,
    front: Front,
    driver: Driver,
    signals: Signals,
    lines: mpsc::Receiver<Line>,
    turns: TurnQueue,
    news: mpsc::Receiver<EngineEvent>,
    out: printer::Out,
    written: printer::Written,
    /// Answers in the order of the input.
    window: Window<Outcome>,
    open: HashMap<TurnId, Open>,
    /// Sessions that run no turn, as many as turns may begin: whoever takes one finds the cells of
    /// the line before, which begins with the same words.
    sessions: Vec<SessionId>,
    /// No line comes any more.
    ended: bool,
    unprinted: VecDeque<Printed>,
    mapped: Mapped,
}

impl Mapping {
    async fn run(mut self, show: &mut dyn MapShow) -> io::Result<Mapped> {
        while self.goes_on(show) {
            let takes_lines = !self.ended && !self.sessions.is_empty() && self.window.has_room();
            tokio::select! {
                signal = self.signals.next() => if leaves(signal) {
                    self.mapped.cancelled = true;
                    break;
                },
                failed = self.written.failed() => {
                    self.unread(failed)?;
                    break;
                }
                () = self.out.has_room(), if !self.unprinted.is_empty() => self.print_one(),
                Some(event) = self.news.recv() => self.hear(&event, show),
                line = self.lines.recv(), if takes_lines => self.begin(line, show),
                Some((turn, event)) = self.turns.recv() => self.note(turn, event, show),
            }
        }
        self.driver.cancel_all();
        self.leave(show).await?;
        Ok(self.mapped)
    }

    /// Shows what is next in order; returns whether anything is left to be done or printed.
    fn goes_on(&mut self, show: &mut dyn MapShow) -> bool {
        // Only as fast as it is read: what waits, waits in the window.
        if self.unprinted.is_empty()
            && let Some(outcome) = self.window.next()
        {
            self.unprinted.extend(show.step(MapStep::Next(&outcome), self.clock.at()));
        }
        !(self.ended && self.window.is_empty() && self.unprinted.is_empty())
    }

    fn hear(&mut self, event: &EngineEvent, show: &mut dyn MapShow) {
        if let EngineEvent::Health(health) = event {
            self.driver.observe(health);
        }
        if let EngineEvent::Load(LoadState::Ready(_)) = event {
            let said = show.step(MapStep::Engine(event), self.clock.at());
            return self.unprinted.extend(said);
        }
        self.glance(show, MapStep::Engine(event));
    }

    /// Tells what may as well go unseen while something else waits to be printed.
    fn glance(&mut self, show: &mut dyn MapShow, step: MapStep<'_>) {
        let printed = show.step(step, self.clock.at());
        if self.unprinted.is_empty() {
            self.unprinted.extend(printed);
        }
    }

    /// Begins the turn of a line; `None` is the end of the input.
    fn begin(&mut self, line: Option<Line>, show: &mut dyn MapShow) {
        let Some(Line { index, read_bytes, prompt }) = line else {
            self.ended = true;
            return;
        };
        let turn = TurnId(self.window.open());
        let mut outcome = Outcome {
            index,
            read_bytes,
            text: String::new(),
            decision: None,
            reason: StopReason::Cancelled,
            usage: Usage::default(),
            timings: Timings::default(),
        };
        let began = self.clock.at();
        match (prompt, self.sessions.pop()) {
            (Ok(prompt), Some(session)) => {
                let generation = self.front.question(session, &[], &prompt, true);
                self.driver.generate(turn, generation);
                self.open.insert(turn, Open { session, began, outcome });
            }
            (Ok(_), None) => unreachable!("lines are taken while a session is free"),
            (Err(fault), session) => {
                self.sessions.extend(session);
                outcome.reason = StopReason::Failed(fault);
                self.close(turn, outcome, show);
            }
        }
    }

    /// Takes note of a turn's step.
    fn note(&mut self, turn: TurnId, event: TurnEvent, show: &mut dyn MapShow) {
        let Some(open) = self.open.get_mut(&turn) else { return };
        open.outcome.timings.total = self.clock.at().saturating_sub(open.began);
        self.driver.hear(turn, &event);
        match event {
            TurnEvent::Routed(decision) => open.outcome.decision = Some(decision),
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                let timings = &mut open.outcome.timings;
                if !text.trim().is_empty() {
                    timings.ttft.get_or_insert(timings.total);
                }
                open.outcome.text.push_str(&text);
                self.glance(show, MapStep::Token);
            }
            TurnEvent::Waiting { .. }
            | TurnEvent::Anew
            | TurnEvent::Token(TokenEvent::Queued(_) | TokenEvent::Prefill { .. }) => {}
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                let Some(Open { session, mut outcome, .. }) = self.open.remove(&turn) else {
                    return;
                };
                self.sessions.push(session);
                (outcome.reason, outcome.usage) = (reason, usage);
                self.close(turn, outcome, show);
            }
        }
    }

    /// Puts a line's outcome in its place; one that ends the work takes back all that came later.
    fn close(&mut self, turn: TurnId, mut outcome: Outcome, show: &mut dyn MapShow) {
        let goes_on = show.judge(&mut outcome);
        self.glance(show, MapStep::Done(&outcome));
        if !goes_on {
            self.ended = true;
            self.window.cut_after(turn.0);
            for later in self.open.keys().filter(|open| open.0 > turn.0) {
                self.driver.cancel(*later);
            }
            self.open.retain(|open, _| open.0 < turn.0);
        }
        self.window.fill(turn.0, outcome);
    }

    fn print_one(&mut self) {
        self.out.put(self.unprinted.pop_front().unwrap_or_default());
    }

    /// Standard output failed: a closed one is no error, it just has no reader.
    fn unread(&mut self, error: io::Error) -> io::Result<()> {
        self.mapped.unread = true;
        if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
    }

    /// Prints the last words. Whoever wants to leave waits for them so long and no longer.
    async fn leave(&mut self, show: &mut dyn MapShow) -> io::Result<()> {
        if self.mapped.unread {
            return Ok(());
        }
        let Mapped { cancelled, .. } = self.mapped;
        self.unprinted.extend(show.step(MapStep::End { cancelled }, self.clock.at()));
        let mut deadline = cancelled.then(|| self.clock.at() + LEAVE_WITHIN);
        loop {
            if self.unprinted.is_empty() {
                self.out.close();
            }
            tokio::select! {
                () = self.out.has_room(), if !self.unprinted.is_empty() => self.print_one(),
                ended = self.written.ended() => return match ended {
                    Err(error) => self.unread(error),
                    Ok(()) => Ok(()),
                },
                signal = self.signals.next() => if leaves(signal) {
                    // What is left stays unwritten.
                    self.mapped.cancelled = true;
                    if deadline.replace(self.clock.at() + LEAVE_WITHIN).is_some() {
                        return Ok(());
                    }
                },
                () = clock::until(self.clock, deadline) => return Ok(()),
            }
        }
    }
}

/// Returns whether a signal says to leave; stops this process for one that says to stop.
fn leaves(signal: Signal) -> bool {
    match signal {
        Signal::Leave(_) | Signal::Hangup => return true,
        Signal::Suspend => signals::stop_self(),
        Signal::Continue | Signal::Resize => {}
    }
    false
}
