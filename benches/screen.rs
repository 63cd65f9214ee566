//! What showing costs: an answer of 50,000 tokens, at its start and at its end; a conversation of
//! 10,000 messages; and, in a terminal with the real program and an endpoint on this machine, the first
//! frame, a key's echo and a cancel.
//!
//! `cargo bench --bench screen`; needs no model, takes a minute or two. A token is the model's `update`; a frame is what
//! `ui::draw` and the terminal's backend do with all that came since the last one. Both must cost
//! the same however long the answer is.

#[path = "screen/long.rs"]
mod long;
#[path = "screen/terminal.rs"]
mod terminal;

use std::hint::black_box;
use std::io;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use edgewise::app::Effect;
use edgewise::app::Model;
use edgewise::app::Msg;
use edgewise::app::Settings;
use edgewise::chat::Decision;
use edgewise::chat::Key;
use edgewise::chat::KeyCode;
use edgewise::chat::Limits;
use edgewise::chat::Route;
use edgewise::chat::SessionId;
use edgewise::chat::TokenEvent;
use edgewise::chat::TurnEvent;
use edgewise::chat::TurnId;
use edgewise::theme::Theme;
use edgewise::ui;
use edgewise::ui::View;
use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

const TOKENS: usize = 50_000;
const WINDOW: usize = 2_500;
/// A thousand tokens a second at 60 frames a second.
const TOKENS_PER_FRAME: usize = 16;
const SIZE: (u16, u16) = (120, 40);

/// The most that a token may cost with its share of a frame, and a frame at its 99th percentile.
const TOKEN_MOST_US: f64 = 20.0;
const FRAME_MOST: Duration = Duration::from_millis(8);

/// Text with everything that an answer may hold; each piece is repeated until the answer is long
/// enough.
const ANSWERS: [(&str, &str); 3] = [
    (
        "mixed Markdown",
        "## A heading\n\nSome *words* of prose with `code` and a [link](https://example.org) in it, \
         long enough to be broken into rows on any screen that there is.\n\n- one thing\n- another \
         thing, **bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```rust\nfn main() {\n    let x = \
         vec![1, 2, 3];\n    println!(\"{x:?}\");\n}\n```\n\n",
    ),
    ("one block of code", "    let total = values.iter().map(|value| value * 2).sum::<u64>();\n"),
    (
        "one paragraph",
        "and so the river went on and on between its hills and never reached the sea ",
    ),
];

/// A terminal that takes everything.
#[derive(Debug, Default)]
struct Sink(usize);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer that streams into the chat.
struct Stage {
    model: Model,
    view: View,
    theme: Theme,
    terminal: Terminal<CrosstermBackend<Sink>>,
    turn: TurnId,
    at: Duration,
}

impl Stage {
    fn new() -> Self {
        let (width, height) = SIZE;
        let settings = Settings {
            profile: "bench".into(),
            model: "bench".into(),
            limits: Limits { n_ctx: 65_536, ..Limits::default() },
            sidebar: true,
            ..Settings::default()
        };
        let mut model = Model::new(settings, SessionId(1), width, height);
        model.update(Msg::Paste("Write a long answer.".into()));
        let key = Key::plain(KeyCode::Enter);
        let effects = model.update(Msg::Key { key, at: Duration::ZERO });
        let turn = effects.iter().find_map(|effect| match effect {
            Effect::Generate { turn, .. } => Some(*turn),
            _ => None,
        });
        let mut stage = Self { turn: turn.expect("the question is sent"), ..Self::of(model) };
        stage.event(TurnEvent::Routed(Decision::new(Route::Local, "bench", "bench")));
        stage
    }

    /// Gives the screen another size.
    fn resize(&mut self, width: u16, height: u16) {
        self.model.update(Msg::Resize { width, height });
        self.terminal.resize(Rect::new(0, 0, width, height)).expect("the sink takes all");
    }

    /// Shows a model.
    fn of(model: Model) -> Self {
        let (width, height) = SIZE;
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let backend = CrosstermBackend::new(Sink::default());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport });
        Self {
            model,
            view: View::default(),
            theme: Theme::named("dark").expect("built in"),
            terminal: terminal.expect("nothing that can fail"),
            turn: TurnId(0),
            at: Duration::ZERO,
        }
    }

    fn event(&mut self, event: TurnEvent) {
        self.at += Duration::from_millis(4);
        black_box(self.model.update(Msg::Turn { turn: self.turn, event, at: self.at }));
    }

    fn frame(&mut self) {
        let (model, theme, view) = (&self.model, &self.theme, &mut self.view);
        let mut laid = None;
        let drawn = self.terminal.draw(|frame| {
            let area = frame.area();
            let drawn = ui::draw(model, theme, view, area, frame.buffer_mut());
            if let Some(cursor) = drawn.cursor {
                frame.set_cursor_position(cursor);
            }
            laid = drawn.laid;
        });
        drawn.map(drop).expect("the sink takes all");
        if let Some(laid) = laid {
            self.model.update(Msg::Laid(laid));
        }
    }
}

/// What a stretch of tokens cost.
#[derive(Clone, Copy)]
struct Cost {
    token: Duration,
    frame: Duration,
    frame_p99: Duration,
}

fn main() {
    answers();
    long::measure();
    terminal::measure();
}

fn answers() {
    say(&format!("{} x {} cells, {TOKENS_PER_FRAME} tokens a frame", SIZE.0, SIZE.1));
    for (name, text) in ANSWERS {
        // A fence that is never closed, for the block of code.
        let opening = if name.contains("code") { "```rust\n" } else { "" };
        let costs = stream(opening, text);
        let (first, last) = (costs[1], costs[costs.len() - 1]);
        for (place, cost) in [("start", first), ("end", last)] {
            let (token, frame, p99) = (us(cost.token), us(cost.frame), us(cost.frame_p99));
            say(&format!(
                "{name:18} {place:6} {token:7.2} us/token  {frame:7.1} us/frame  p99 {p99:.0}"
            ));
        }
        let slope = (us(last.token) + us(last.frame) / TOKENS_PER_FRAME as f64
            - us(first.token)
            - us(first.frame) / TOKENS_PER_FRAME as f64)
            / (TOKENS as f64 / 1000.0);
        say(&format!("{name:18} each 1,000 tokens add {slope:+.3} us to one"));
        let share = (us(last.token) + us(last.frame) / TOKENS_PER_FRAME as f64)
            / (us(first.token) + us(first.frame) / TOKENS_PER_FRAME as f64);
        let whole = us(last.token) + us(last.frame) / TOKENS_PER_FRAME as f64;
        let verdict = |well: bool| if well { "ok" } else { "too much" };
        say(&format!(
            "{name:18} the end costs {share:.2} times the start: {whole:.1} us/token (wanted: 20) {}, \
             p99 of a frame {:.1} ms (wanted: 8) {}",
            verdict(whole <= TOKEN_MOST_US),
            us(last.frame_p99) / 1e3,
            verdict(last.frame_p99 <= FRAME_MOST)
        ));
    }
}

/// Prints the middle, the 99th percentile and what is wanted of that.
fn row(name: &str, mut times: Vec<Duration>, most: Duration) {
    times.sort();
    let (middle, late) = (times[times.len() / 2], times[(times.len() * 99).div_ceil(100) - 1]);
    let verdict = if late <= most { "ok" } else { "too slow" };
    let ms = |time: Duration| us(time) / 1e3;
    say(&format!(
        "{name:50} {:7.2} ms median  {:7.2} ms p99  (wanted: {:.0}) {verdict}",
        ms(middle),
        ms(late),
        ms(most)
    ));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark lets time pass")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Streams an answer and returns the costs of its stretches, in order.
fn stream(opening: &str, text: &str) -> Vec<Cost> {
    let mut stage = Stage::new();
    stage.event(TurnEvent::Token(TokenEvent::Delta(opening.to_owned())));
    let mut pieces = tokens(text).into_iter().cycle();
    let mut costs = Vec::new();
    for _ in 0..TOKENS / WINDOW {
        let (mut token, mut frames) = (Duration::ZERO, Vec::new());
        for _ in 0..WINDOW / TOKENS_PER_FRAME {
            let begun = now();
            for piece in pieces.by_ref().take(TOKENS_PER_FRAME) {
                stage.event(TurnEvent::Token(TokenEvent::Delta(piece)));
            }
            let updated = now();
            stage.frame();
            token += updated - begun;
            frames.push(now() - updated);
        }
        frames.sort();
        costs.push(Cost {
            token: token / u32::try_from(WINDOW).unwrap_or(u32::MAX),
            frame: frames[frames.len() / 2],
            frame_p99: frames[frames.len() * 99 / 100],
        });
    }
    costs
}

/// Cuts text as a tokenizer would: a word with the blank before it.
fn tokens(text: &str) -> Vec<String> {
    text.split_inclusive([' ', '\n']).map(str::to_owned).collect()
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}
