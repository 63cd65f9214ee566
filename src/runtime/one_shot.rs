//! One turn without a screen: for scripts and pipes.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Front;
use super::clock;
use super::clock::Clock;
use super::clock::now;
use super::driver::Driver;
use super::printer;
use super::printer::Printed;
use super::record::At;
use super::record::Recorder;
use super::saving::Question;
use super::signals::Signal;
use super::signals::Signals;
use crate::backend::turn_queue;
use crate::chat::LoadState;
use crate::chat::Node;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::store::Receipt;
use crate::store::Saved;
use crate::store::Store;

/// Events that wait to be printed; a full queue makes the engine pause the turn.
const TURN_EVENTS: usize = 256;

/// How long a cancelled turn, or output that nobody reads, may hold up the end: longer than the
/// engine may take to end a cancelled turn, so that its own end is the one that is printed.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

/// How long the last words of a turn that was broken off may take; a write takes microseconds, a
/// busy machine its time.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(250);

/// The most events that are printed at once.
const TOGETHER: usize = 64;

/// How long a running engine may take to say how the device does; it says it with its hello.
const HEALTH_WITHIN: Duration = Duration::from_millis(100);

/// The only turn.
const TURN: TurnId = TurnId(1);

/// One step, as the printer is told of it.
#[derive(Debug)]
pub enum Told<'a> {
    /// The engine's own state.
    Engine(&'a EngineEvent),
    /// A step of the turn.
    Turn(&'a TurnEvent),
}

/// How the turn went.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Why it ended.
    pub reason: StopReason,
    /// The reader of standard output went away.
    pub unread: bool,
    /// What became of the answer in the store, if it was to be kept.
    pub saved: Option<Saved>,
}

/// A front with its engine on the way, so that it loads while the question is still being read.
#[derive(Debug)]
pub struct OneShot {
    front: Front,
    engine: Option<Engine>,
    news: mpsc::Receiver<EngineEvent>,
    signals: Signals,
}

impl OneShot {
    /// Starts the engine. Must be called within the runtime of [`super::tasks`].
    ///
    /// # Errors
    /// Signals cannot be taken over.
    pub fn begin(front: Front) -> io::Result<Self> {
        let signals = Signals::take()?;
        // Few and small: they wait until the question is there.
        let (events, news) = mpsc::channel(256);
        let engine = front.engine.clone().map(|config| Engine::new(config, events));
        if let Some(engine) = engine.as_ref().filter(|_| front.warms()) {
            engine.warm();
        }
        Ok(Self { front, engine, news, signals })
    }

    /// Waits, before the question is there, for a signal that says to leave.
    ///
    /// # Cancel safety
    /// Safe: no signal is lost.
    pub async fn cancelled(&mut self) {
        loop {
            match self.signals.next().await {
                Signal::Leave(_) | Signal::Hangup => return,
                Signal::Suspend => super::signals::stop_self(),
                Signal::Continue | Signal::Resize => {}
            }
        }
    }

    /// Keeps what endpoints teach in `memory`, and takes in what they have taught before.
    pub fn remember(&mut self, memory: Option<Store>) {
        self.front.memory = memory;
    }

    /// Asks one question and prints what comes.
    ///
    /// # Errors
    /// Standard output fails otherwise than by being closed.
    pub async fn ask(
        mut self,
        mut question: Question,
        print: &mut dyn FnMut(Told<'_>, Timings) -> Printed,
    ) -> io::Result<Asked> {
        let (queue, turns) = turn_queue(TURN_EVENTS);
        let clock = Clock::start();
        let heard = self.hear().await;
        let mut driver = Driver::new(&self.front, self.engine, queue, clock);
        for event in &heard {
            if let EngineEvent::Health(health) = event {
                driver.observe(health);
            }
        }
        let recorder = question.recorder.take();
        let Question { session, earlier, text, class, .. } = question;
        let ephemeral = recorder.is_none();
        // For a script the profile's own word is the permission.
        driver.allow_all(session);
        let earlier: Vec<&Node> = earlier.iter().collect();
        let mut generation = self.front.question(session, &earlier, &text, ephemeral);
        generation.class = generation.class.strictest(class);
        driver.generate(TURN, generation);
        let (out, written) = printer::start();
        let asking = Asking {
            clock,
            driver,
            signals: self.signals,
            turns,
            news: self.news,
            heard,
            out,
            written,
            deadline: None,
            recorder,
            saved: None,
            timings: Timings::default(),
            asked: Asked { reason: StopReason::Cancelled, unread: false, saved: None },
        };
        asking.run(print).await
    }
}

impl OneShot {
    /// Hears what an engine that runs already knows of the device, so that this one turn is decided
    /// as well as a chat's; a new engine knows nothing. Returns all that it said.
    async fn hear(&mut self) -> Vec<EngineEvent> {
        let until = tokio::time::Instant::now() + HEALTH_WITHIN;
        let mut heard = Vec::new();
        while let Ok(Some(event)) = tokio::time::timeout_at(until, self.news.recv()).await {
            let more = matches!(event, EngineEvent::Load(LoadState::Ready(_)));
            heard.push(event);
            if !more {
                break;
            }
        }
        heard
    }
}

struct Asking {
    clock: Clock,
    driver: Driver,
    signals: Signals,
    turns: crate::backend::TurnQueue,
    news: mpsc::Receiver<EngineEvent>,
    /// What the engine said before, still to be told.
    heard: Vec<EngineEvent>,
    out: printer::Out,
    written: printer::Written,
    /// When to stop waiting for the end.
    deadline: Option<Duration>,
    /// Keeps the answer, if it is kept.
    recorder: Option<Recorder>,
    /// Tells when its end is durable.
    saved: Option<Receipt>,
    timings: Timings,
    asked: Asked,
}

impl Asking {
    async fn run(
        mut self,
        print: &mut dyn FnMut(Told<'_>, Timings) -> Printed,
    ) -> io::Result<Asked> {
        let mut pending: Option<Printed> = None;
        for event in std::mem::take(&mut self.heard) {
            if let Some(told) = self.tell(Told::Engine(&event), print) {
                pending.get_or_insert_default().append(&told);
            }
        }
        let mut finished = false;
        while !(finished && pending.is_none()) {
            tokio::select! {
                signal = self.signals.next() => if self.signal(signal) { break },
                () = clock::until(self.clock, self.deadline) => break,
                () = clock::until(self.clock, self.recorder.as_ref().and_then(Recorder::due)) => {
                    let at = self.now();
                    if let Some(recorder) = &mut self.recorder {
                        recorder.tick(at);
                    }
                }
                failed = self.written.failed() => {
                    pending = None;
                    self.unread(failed)?;
                }
                () = self.out.has_room(), if pending.is_some() => {
                    self.out.put(pending.take().unwrap_or_default());
                }
                Some(event) = self.news.recv(), if pending.is_none() => {
                    pending = self.tell(Told::Engine(&event), print);
                }
                Some(first) = self.turns.recv(), if pending.is_none() && !finished => {
                    finished = self.hear(first, &mut pending, print);
                }
            }
        }
        if !finished {
            // The engine's own end does not come, or nobody waits for it any more.
            let end = TokenEvent::Finished(StopReason::Cancelled, Usage::default());
            let end = TurnEvent::Token(end);
            self.record(&end);
            self.driver.hear(TURN, &end);
            let last = self.tell(Told::Turn(&end), print).unwrap_or_default();
            pending.get_or_insert_default().append(&last);
        }
        let soon = self.clock.at() + LAST_WORDS_WITHIN;
        let broken_off = pending.is_some();
        self.deadline = self.deadline.map(|at| if broken_off { soon } else { at.max(soon) });
        if let Some(rest) = pending {
            self.out.put(rest);
        }
        self.out.close();
        let written = self.write_out().await;
        if let Some(saved) = self.saved.take() {
            self.asked.saved = Some(saved.saved().await);
        }
        written?;
        // Nobody waits any more but for the end of the program.
        if let Some((meter, speed)) = self.driver.measured() {
            meter.count(speed).ok();
        }
        Ok(self.asked)
    }

    /// Waits until everything is written: as long as its reader takes, unless somebody wants to
    /// leave.
    async fn write_out(&mut self) -> io::Result<()> {
        loop {
            tokio::select! {
                ended = self.written.ended() => return match ended {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                        self.asked.unread = true;
                        Ok(())
                    }
                    ended => ended,
                },
                signal = self.signals.next() => if self.signal(signal) { break },
                () = clock::until(self.clock, self.deadline) => break,
            }
        }
        // What is left stays unwritten, so that it was no answer.
        self.asked.reason = StopReason::Cancelled;
        Ok(())
    }

    /// Takes an event in, and those that have come with it: they are written together. Returns
    /// whether the turn has ended.
    fn hear(
        &mut self,
        first: (TurnId, TurnEvent),
        pending: &mut Option<Printed>,
        print: &mut dyn FnMut(Told<'_>, Timings) -> Printed,
    ) -> bool {
        let mut next = Some(first);
        for _ in 0..TOGETHER {
            let Some((turn, event)) = next else { break };
            let finished = self.note(&event);
            // That a decision was not recorded is said in the chat alone.
            self.driver.hear(turn, &event);
            if let Some(told) = self.tell(Told::Turn(&event), print) {
                pending.get_or_insert_default().append(&told);
            }
            if finished {
                return true;
            }
            next = self.turns.try_recv().ok();
        }
        false
    }

    /// Takes the times; returns whether the turn has ended.
    fn note(&mut self, event: &TurnEvent) -> bool {
        self.record(event);
        match event {
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                if !text.trim().is_empty() {
                    self.timings.ttft.get_or_insert(self.clock.at());
                }
                false
            }
            TurnEvent::Token(TokenEvent::Finished(reason, _)) => {
                self.asked.reason = reason.clone();
                true
            }
            TurnEvent::Token(TokenEvent::Queued(_) | TokenEvent::Prefill { .. })
            | TurnEvent::Routed(_)
            | TurnEvent::Waiting { .. }
            | TurnEvent::Anew => false,
        }
    }

    /// Keeps a step of the answer, once it has its times.
    fn record(&mut self, event: &TurnEvent) {
        let at = self.now();
        self.timings.total = at.since_start;
        if let Some(recorder) = &mut self.recorder {
            self.saved = recorder.step(event, self.timings, at).or(self.saved.take());
        }
    }

    fn now(&self) -> At {
        At { since_start: self.clock.at(), wall: now() }
    }

    /// Lets a step be printed, if somebody reads it.
    fn tell(
        &mut self,
        told: Told<'_>,
        print: &mut dyn FnMut(Told<'_>, Timings) -> Printed,
    ) -> Option<Printed> {
        self.timings.total = self.clock.at();
        (!self.asked.unread).then(|| print(told, self.timings))
    }

    /// Stops the turn; a second signal, or no end in time, ends at once.
    fn signal(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Leave(_) | Signal::Hangup => self.stop(),
            Signal::Suspend => {
                super::signals::stop_self();
                false
            }
            Signal::Continue | Signal::Resize => false,
        }
    }

    fn stop(&mut self) -> bool {
        let again = self.deadline.is_some();
        self.driver.cancel_all();
        self.deadline.get_or_insert(self.clock.at() + LEAVE_WITHIN);
        again
    }

    /// Standard output failed: a closed one is no error, the turn just has no reader.
    fn unread(&mut self, error: io::Error) -> io::Result<()> {
        self.asked.unread = true;
        self.stop();
        if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
    }
}
