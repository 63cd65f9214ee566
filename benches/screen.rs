//! What showing an answer costs: one of 50,000 tokens, at its start and at its end.
//!
//! `cargo bench --bench screen`; needs no model. A token is the model's `update`; a frame is what
//! `ui::draw` and the terminal's backend do with all that came since the last one. Both must cost
//! the same however long the answer is.

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
/// At 60 frames a second this is a model that decodes 240 tokens in one.
const TOKENS_PER_FRAME: usize = 4;
const SIZE: (u16, u16) = (120, 40);

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
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let backend = CrosstermBackend::new(Sink::default());
        let mut stage = Self {
            model,
            view: View::default(),
            theme: Theme::named("dark").expect("built in"),
            terminal: Terminal::with_options(backend, TerminalOptions { viewport })
                .expect("nothing that can fail"),
            turn: turn.expect("the question is sent"),
            at: Duration::ZERO,
        };
        stage.event(TurnEvent::Routed(Decision::new(Route::Local, "bench", "bench")));
        stage
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
        let share = (us(last.token) + us(last.frame) / TOKENS_PER_FRAME as f64)
            / (us(first.token) + us(first.frame) / TOKENS_PER_FRAME as f64);
        say(&format!("{name:18} the end costs {share:.2} times the start"));
    }
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
