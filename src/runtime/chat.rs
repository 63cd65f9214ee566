//! The chat in the terminal: one loop over keys, signals, tokens and time.

mod hearing;
mod helpers;
mod opening;
mod shelf;

pub use opening::{Left, Opening};

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::Front;
use super::clock::Clock;
use super::crash;
use super::driver::Driver;
use super::driver::Wish;
use super::ground;
use super::input::Input;
use super::keeper::Keeper;
use super::keeper::News;
use super::outside::Outside;
use super::screen::Screen;
use super::signals::Signal;
use super::signals::Signals;
use super::terminal;
use crate::app::Effect;
use crate::app::Model;
use crate::app::Msg;
use crate::backend::TurnQueue;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::LoadState;
use crate::chat::Outlook;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::config::Paths;
use crate::engine::EngineEvent;
use crate::theme::Theme;
use crate::ui::Target;
use shelf::named;

/// Between two frames: no screen shows more than 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// Events of turns that wait for the loop; a full queue makes the backends wait.
const TURN_EVENTS: usize = 1024;

/// News of the engine that wait for the loop.
const ENGINE_EVENTS: usize = 64;

/// The most messages between two frames, so that a flood cannot keep the screen still.
const DRAIN_MAX: usize = 512;

/// What other programs have done that waits for the loop.
const DONE: usize = 8;

/// Rows that a notch of the mouse's wheel scrolls by.
const WHEEL_ROWS: isize = 3;

/// How long turns may take to end once the terminal is gone: nobody sees them.
const HANGUP_DEADLINE: Duration = Duration::from_millis(500);

/// Runs the chat until the user leaves; returns the signal to die by, if one asked for the end.
///
/// # Errors
/// The terminal cannot be taken. It is given back in every case.
pub async fn chat(front: &Front, opening: Opening) -> io::Result<Left> {
    let signals = Signals::take()?;
    let entered = if opening.plain { Ok(()) } else { terminal::enter(opening.inline) };
    let ended = match entered.and_then(|()| Chat::new(front, opening, signals)) {
        Ok(mut chat) => {
            let ended = chat.run().await;
            chat.leave().await;
            let ended = ended.map(|die_by| Left { die_by, transcript: chat.model.transcript() });
            // The shell's screen comes back first: a disk may take its time.
            terminal::restore();
            chat.keeper.close(&mut chat.kept).await;
            ended
        }
        Err(error) => Err(error),
    };
    terminal::restore();
    ended
}

/// What another program has done.
#[derive(Debug)]
enum Done {
    /// The words about it.
    Told(String),
    /// Files were read into a question.
    Attached(Result<String, Fault>),
    /// The files for the beginning of a name.
    Files(String, Vec<String>),
    /// What a draft would cost.
    Foreseen(u64, Outlook),
    /// What is known of routes and models, or of a model that was chosen.
    Learned(Box<Msg>),
    /// The draft was edited.
    Edited(io::Result<String>),
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Chat {
    clock: Clock,
    model: Model,
    driver: Driver,
    screen: Screen,
    signals: Signals,
    inputs: mpsc::Receiver<Input>,
    turns: TurnQueue,
    engine: mpsc::Receiver<(String, EngineEvent)>,
    /// For another engine's news, should one be wanted.
    events: mpsc::Sender<(String, EngineEvent)>,
    /// How far the engine of each model was when it last said so.
    loads: HashMap<String, LoadState>,
    /// Where models are looked for.
    paths: Arc<Paths>,
    /// The profile's own model.
    own_model: String,
    keeper: Keeper,
    kept: mpsc::Receiver<News>,
    /// The question of the command line, until it is asked: where a session is resumed, in it.
    question: Option<String>,
    resumes: bool,
    /// Turns whose beginning is being saved, and whether they were cancelled meanwhile.
    beginning: HashMap<TurnId, bool>,
    /// The version of the model that the screen shows, and when it was drawn.
    drawn: Option<(u64, Duration)>,
    /// When to stop waiting, once the terminal is gone.
    deadline: Option<Duration>,
    die_by: Option<i32>,
    exit: bool,
    themes: Vec<(String, Theme)>,
    follows_ground: bool,
    plain: bool,
    inline: bool,
    mouse: bool,
    outside: Arc<Outside>,
    scratch: PathBuf,
    /// What other programs have done.
    told: mpsc::Receiver<Done>,
    tells: mpsc::Sender<Done>,
    /// The newest question what a draft would cost.
    foreseeing: Option<AbortHandle>,
    /// Another program has the terminal.
    away: bool,
    panic_at: Option<String>,
}

/// One thing that the loop woke up for.
enum Woken {
    Signal(Signal),
    Input(Option<Input>),
    Turn(TurnId, TurnEvent),
    Engine(String, EngineEvent),
    Kept(News),
    Done(Done),
    Written,
    Time,
}

impl Chat {
    async fn run(&mut self) -> io::Result<Option<i32>> {
        if self.follows_ground {
            self.screen.before_next(ground::ASK);
        }
        if self.mouse {
            self.screen.before_next(terminal::mouse(true));
        } else {
            self.update(Msg::Mouse(false))?;
        }
        if !self.resumes {
            self.ask_first()?;
        }
        while !self.exit {
            self.draw_if_due()?;
            let woken = self.wait().await;
            self.handle(woken)?;
            self.drain()?;
        }
        self.driver.cancel_all();
        if self.screen.is_over() {
            return Err(io::Error::other("the thread that writes to it panicked"));
        }
        Ok(self.die_by)
    }

    /// Asks what was asked on the command line.
    fn ask_first(&mut self) -> io::Result<()> {
        let Some(question) = self.question.take() else { return Ok(()) };
        self.update(Msg::Paste(question))?;
        self.update(Msg::Key { key: Key::plain(KeyCode::Enter), at: self.clock.at() })
    }

    /// Sleeps until there is something to do. An idle chat does not wake up.
    async fn wait(&mut self) -> Woken {
        let wake = self.wake_at();
        let clock = self.clock;
        let time = async {
            match wake {
                Some(at) => tokio::time::sleep_until(clock.instant(at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            signal = self.signals.next() => Woken::Signal(signal),
            // Once the terminal is gone its closed channel would wake the loop again and again.
            input = self.inputs.recv(), if self.deadline.is_none() => Woken::Input(input),
            Some((turn, event)) = self.turns.recv() => Woken::Turn(turn, event),
            Some((model, event)) = self.engine.recv() => Woken::Engine(model, event),
            Some(news) = self.kept.recv() => Woken::Kept(news),
            Some(done) = self.told.recv() => Woken::Done(done),
            () = self.screen.written() => Woken::Written,
            () = time => Woken::Time,
        }
    }

    /// Returns when time alone makes something happen: the next frame, if there is something new
    /// to draw and the terminal takes it, or what the model waits for.
    fn wake_at(&self) -> Option<Duration> {
        let frame = match self.drawn {
            Some((version, at)) if version != self.model.version() => Some(at + FRAME),
            Some(_) => None,
            None => Some(Duration::ZERO),
        };
        // Once the terminal is gone nothing is drawn, so no frame is ever due.
        let frame =
            frame.filter(|_| self.screen.is_free() && self.deadline.is_none() && !self.away);
        [frame, self.model.next_deadline(), self.deadline].into_iter().flatten().min()
    }

    fn handle(&mut self, woken: Woken) -> io::Result<()> {
        let at = self.clock.at();
        match woken {
            Woken::Signal(signal) => self.signal(signal, at),
            Woken::Input(Some(Input::Key(key))) => self.update(Msg::Key { key, at }),
            Woken::Input(Some(Input::Paste(text))) => self.update(Msg::Paste(text)),
            Woken::Input(Some(Input::Wheel(notches))) => {
                self.update(Msg::Wheel(notches.saturating_mul(WHEEL_ROWS)))
            }
            Woken::Input(Some(Input::Click(column, row))) => match self.screen.at(column, row) {
                Some(Target::Message(message, block)) => self.update(Msg::Click { message, block }),
                Some(Target::Session(session)) => self.update(Msg::ClickSession(session)),
                None => Ok(()),
            },
            Woken::Input(Some(Input::Ground(kind))) => self.ground(kind),
            Woken::Input(Some(Input::Line(line))) => {
                self.screen.entered();
                self.update(Msg::Line { line, at })
            }
            Woken::Input(Some(Input::End)) => self.update(Msg::Quit(at)),
            Woken::Done(done) => self.done(done),
            Woken::Input(Some(Input::Gone) | None) => self.hang_up(at),
            Woken::Turn(turn, event) => self.hear_turn(turn, event, at),
            Woken::Engine(model, event) => self.hear_engine(model, event, at),
            Woken::Kept(news) => self.heard(news, at),
            Woken::Written if self.screen.is_over() => self.hang_up(at),
            Woken::Written => {
                self.screen.free();
                Ok(())
            }
            Woken::Time => self.time(at),
        }
    }

    /// Takes what is ready beside what the loop woke up for, so that a frame shows all of it.
    fn drain(&mut self) -> io::Result<()> {
        for _ in 0..DRAIN_MAX {
            let woken = if let Ok((turn, event)) = self.turns.try_recv() {
                Woken::Turn(turn, event)
            } else if let Ok(input) = self.inputs.try_recv() {
                Woken::Input(Some(input))
            } else if let Ok((model, event)) = self.engine.try_recv() {
                Woken::Engine(model, event)
            } else if let Ok(news) = self.kept.try_recv() {
                Woken::Kept(news)
            } else {
                return Ok(());
            };
            self.handle(woken)?;
        }
        Ok(())
    }

    fn time(&mut self, at: Duration) -> io::Result<()> {
        if self.deadline.is_some_and(|deadline| at >= deadline) {
            return self.update(Msg::Deadline);
        }
        match self.model.next_deadline() {
            Some(due) if at >= due && self.model.is_leaving() => self.update(Msg::Deadline),
            Some(due) if at >= due => self.update(Msg::Tick(at)),
            Some(_) | None => Ok(()),
        }
    }

    fn signal(&mut self, signal: Signal, at: Duration) -> io::Result<()> {
        match signal {
            // The keys' own signals are for the program that has the terminal.
            Signal::Leave(_) if self.away => Ok(()),
            // Where the terminal is not taken Ctrl-C is a signal.
            Signal::Leave(number)
                if self.plain
                    && number == signal_hook::consts::SIGINT
                    && self.model.current().running().is_some() =>
            {
                self.update(Msg::Key { key: Key::ctrl('c'), at })
            }
            Signal::Leave(number) => {
                self.die_by = Some(number);
                self.update(Msg::Quit(at))
            }
            Signal::Hangup => self.hang_up(at),
            Signal::Suspend => {
                helpers::suspend();
                Ok(())
            }
            Signal::Continue => self.resume(at),
            Signal::Resize => {
                let (width, height) = crossterm::terminal::size()?;
                self.update(Msg::Resize { width, height })
            }
        }
    }

    /// The terminal is gone: everything ends soon, and nobody is asked.
    fn hang_up(&mut self, at: Duration) -> io::Result<()> {
        if self.deadline.is_none() {
            self.deadline = Some(at + HANGUP_DEADLINE);
            self.die_by = Some(signal_hook::consts::SIGHUP);
            return self.update(Msg::Quit(at));
        }
        Ok(())
    }

    /// Takes the terminal again, whoever had stopped this program.
    fn resume(&mut self, at: Duration) -> io::Result<()> {
        if self.away {
            return Ok(());
        }
        if terminal::enter(self.inline).is_err() {
            return self.hang_up(at);
        }
        if self.model.has_mouse() {
            self.screen.before_next(terminal::mouse(true));
        }
        self.screen.repaint()?;
        self.update(Msg::Redraw)
    }

    fn update(&mut self, msg: Msg) -> io::Result<()> {
        for effect in self.model.update(msg) {
            match effect {
                Effect::Save(save) => self.keeper.save(save),
                Effect::Open(session) => self.keeper.open(session),
                Effect::Reread(session) => self.keeper.reread(session),
                Effect::Peek(session, leaf) => self.keeper.peek(session, leaf),
                Effect::Watch(wanted) => self.keeper.watch_changes(wanted),
                Effect::List => self.keeper.list(),
                Effect::Recent => self.keeper.recent(),
                Effect::Preview(session) => self.keeper.preview(session),
                Effect::Find(words) => self.keeper.find(words),
                Effect::Allow(session, endpoint) => self.driver.allow(session, endpoint),
                Effect::Redact { from, at, into, created } => {
                    self.keeper.redact(from, at, (into, created));
                }
                Effect::Generate { turn, generation, pin, broke_off } => {
                    self.driver.wish(turn, Wish { pin, broke_off });
                    self.begin(turn, generation);
                }
                Effect::Prepare(generation, foresight) => {
                    self.driver.prepare(generation, foresight);
                }
                Effect::Foresee { number, generation, blank, pin, counts } => {
                    let outlook = self.driver.foresee((generation, blank), pin, counts);
                    self.foresee(number, outlook);
                }
                Effect::Cancel(turn) => match self.beginning.get_mut(&turn) {
                    Some(cancelled) => *cancelled = true,
                    None => self.driver.cancel(turn),
                },
                Effect::Enlarge(n_ctx) => {
                    let events = named(self.own_model.clone(), self.events.clone());
                    self.driver.enlarge(n_ctx, events);
                }
                Effect::Look => self.driver.look(self.model.current().id()),
                Effect::Model(session, model) => self.take_model(session, &model),
                Effect::Places(tokens) => self.tell_places(tokens),
                Effect::Shelf => self.tell_shelf(),
                Effect::Forget(session) => self.driver.forget(session),
                Effect::Copy { text, what } => self.copy(text, what),
                Effect::Write { path, text } => {
                    let outside = Arc::clone(&self.outside);
                    self.tell(async move { outside.write(&path, &text) });
                }
                Effect::Follow(address) => {
                    let outside = Arc::clone(&self.outside);
                    self.tell(async move { outside.follow(&address) });
                }
                Effect::Edit(text) => self.edit(text),
                Effect::Attach { question, words } => self.attach(question, words),
                Effect::Files(begun) => self.files(begun),
                Effect::Theme(name) => self.take_theme(&name),
                Effect::Mouse(taken) => self.screen.before_next(terminal::mouse(taken)),
                Effect::Suspend => helpers::suspend(),
                Effect::Repaint => self.screen.repaint()?,
                Effect::Exit => self.exit = true,
            }
        }
        Ok(())
    }

    /// Begins a turn once its question is durable.
    fn begin(&mut self, turn: TurnId, generation: Generation) {
        match self.keeper.begin(turn, generation) {
            Some((turn, generation)) => self.driver.generate(turn, generation),
            None => drop(self.beginning.insert(turn, false)),
        }
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        let at = self.clock.at();
        let due = match self.drawn {
            Some((version, drawn)) => version != self.model.version() && at >= drawn + FRAME,
            None => true,
        };
        // Once the terminal is gone there is nothing to draw on.
        if !due || !self.screen.is_free() || self.deadline.is_some() || self.away {
            return Ok(());
        }
        if self.model.current().running().is_some() {
            crash::provoke("draw", self.panic_at.as_deref());
        }
        let version = self.model.version();
        let laid = self.screen.draw(&self.model)?;
        self.drawn = Some((version, at));
        match laid {
            Some(laid) => self.update(Msg::Laid(laid)),
            None => Ok(()),
        }
    }
}
