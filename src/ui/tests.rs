//! What the screen looks like, at three sizes, and what drawing it costs.

use std::time::Duration;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Growth;
use crate::app::Model;
use crate::app::Msg;
use crate::app::Settings;
use crate::chat;
use crate::chat::Candidate;
use crate::chat::Decision;
use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Fault;
use crate::chat::Health;
use crate::chat::Hit;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Limits;
use crate::chat::Listed;
use crate::chat::LoadState;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::ModelInfo;
use crate::chat::Mods;
use crate::chat::Prediction;
use crate::chat::Rates;
use crate::chat::Reject;
use crate::chat::Route;
use crate::chat::Saving;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::StopReason;
use crate::chat::SwitchPrice;
use crate::chat::Timestamp;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::theme::Theme;
use crate::ui::Stats;
use crate::ui::View;
use crate::ui::draw;

mod cost;
mod fields;
mod fuzz;
mod hostile;
mod looks;
mod overlays;
mod places;
mod plain;
mod promises;
mod sidebar;
mod spec;
mod styles;
mod transcript;
mod words;

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (160, 50)];

const RAYLEIGH: &str = "Sunlight is scattered by the molecules of the air. Blue light has a shorter \
    wavelength than red and is scattered about ten times as much, so the light that reaches you \
    from every part of the sky is mostly blue.\n\nAt sunset the light has a longer way through the \
    air: most of the blue is gone, and what is left is red.\n";

/// A model, its view and a terminal, driven by messages.
struct Stage {
    model: Model,
    view: View,
    theme: Theme,
    terminal: Terminal<TestBackend>,
    ms: u64,
    /// What the model began with, and was told, to tell it again.
    settings: Settings,
    heard: Vec<Msg>,
}

impl Stage {
    fn new(width: u16, height: u16) -> Self {
        let settings = Settings {
            profile: "quick".into(),
            model: "smollm2-135m-instruct".into(),
            limits: Limits { n_ctx: 4096, ..Limits::default() },
            growth: Some(Growth { token_bytes: 23_040, train_tokens: 8192 }),
            ..Settings::default()
        };
        let mut stage = Self::with(settings, width, height);
        stage.draw();
        stage
    }

    fn with(settings: Settings, width: u16, height: u16) -> Self {
        let backend = TestBackend::new(width, height);
        Self {
            model: Model::new(settings.clone(), SessionId(1), width, height),
            view: View::default(),
            theme: Theme::named("dark").expect("built in"),
            terminal: Terminal::new(backend).expect("a test terminal"),
            ms: 0,
            settings,
            heard: Vec::new(),
        }
    }

    fn ready(width: u16, height: u16) -> Self {
        let mut stage = Self::new(width, height);
        let info = ModelInfo {
            name: "SmolLM2 135M Instruct".into(),
            description: "llama 135M Q4_1".into(),
            pool_tokens: 4096,
            train_tokens: 8192,
            weight_bytes: 98_362_432,
            system: "AVX2".into(),
            ..ModelInfo::default()
        };
        stage.load(LoadState::Ready(info));
        let health = Health { resident_bytes: 181_600_000, threads: 2, ..Health::default() };
        stage.send(Msg::Health(health));
        stage
    }

    fn at(&self) -> Duration {
        Duration::from_millis(self.ms)
    }

    fn send(&mut self, msg: Msg) {
        self.heard.push(msg.clone());
        self.model.update(msg);
        self.draw();
    }

    fn load(&mut self, state: LoadState) {
        let at = self.at();
        self.send(Msg::Load { state, at });
    }

    fn key(&mut self, key: Key) {
        let at = self.at();
        self.send(Msg::Key { key, at });
    }

    fn plain(&mut self, code: KeyCode) {
        self.key(Key::plain(code));
    }

    fn ask(&mut self, question: &str) {
        self.send(Msg::Paste(question.into()));
        self.plain(KeyCode::Enter);
    }

    fn event(&mut self, turn: u64, event: TurnEvent) {
        let at = self.at();
        self.send(Msg::Turn { turn: TurnId(turn), event, at });
    }

    fn token(&mut self, turn: u64, event: TokenEvent) {
        self.event(turn, TurnEvent::Token(event));
    }

    fn prefilled(&mut self, turn: u64) {
        let decision =
            Decision::new(Route::Local, "smollm2-135m-instruct", "this device comes first");
        self.event(turn, TurnEvent::Routed(decision));
        self.token(turn, TokenEvent::Prefill { done: 64, total: 512, cached: 64 });
        self.ms += 600;
        self.token(turn, TokenEvent::Prefill { done: 288, total: 512, cached: 64 });
    }

    fn streamed(&mut self, turn: u64, text: &str) {
        self.ms += 600;
        for word in text.split_inclusive(' ') {
            self.ms += 10;
            self.token(turn, TokenEvent::Delta(word.into()));
        }
    }

    fn finished(&mut self, turn: u64, reason: StopReason) {
        let usage = Usage {
            prompt_tokens: 512,
            cached_tokens: 64,
            completion_tokens: 84,
            prefill: Duration::from_millis(1200),
            decode: Duration::from_millis(863),
            ..Usage::default()
        };
        self.token(turn, TokenEvent::Finished(reason, usage));
    }

    fn answered(&mut self, turn: u64, question: &str, text: &str) {
        self.ask(question);
        self.prefilled(turn);
        self.streamed(turn, text);
        self.finished(turn, StopReason::EndOfTurn);
    }

    /// Begins anew with other settings.
    fn restart(&mut self, settings: Settings) {
        let Rect { width, height, .. } = *self.terminal.backend().buffer().area();
        *self = Self { ms: self.ms, ..Self::with(settings, width, height) };
    }

    /// Tells everything once more to a model that knows nothing yet; `seen` looks at it each time.
    fn again(&self, mut seen: impl FnMut(&Model)) -> Self {
        let Rect { width, height, .. } = *self.terminal.backend().buffer().area();
        let mut again = Self::with(self.settings.clone(), width, height);
        for msg in &self.heard {
            again.model.update(msg.clone());
            seen(&again.model);
            // A word more is drawn with what follows it.
            if !matches!(msg, Msg::Turn { event: TurnEvent::Token(TokenEvent::Delta(_)), .. }) {
                again.draw();
            }
        }
        again.draw();
        again
    }

    /// Draws a frame as the runtime does and tells the model what came out.
    fn draw(&mut self) {
        let Self { model, view, theme, terminal, .. } = self;
        let mut laid = None;
        let drawn = terminal.draw(|frame| {
            let drawn = draw(model, theme, view, frame.area(), frame.buffer_mut());
            if let Some(cursor) = drawn.cursor {
                frame.set_cursor_position(cursor);
            }
            laid = drawn.laid;
        });
        drawn.expect("a test terminal draws");
        if let Some(laid) = laid {
            let version = model.version();
            assert!(model.update(Msg::Laid(laid)).is_empty());
            assert_eq!(model.version(), version, "drawing asks for no drawing");
        }
    }

    /// Returns the screen as it is drawn from nothing, one line a row.
    fn shot(&self) -> String {
        let area = *self.terminal.backend().buffer().area();
        let mut terminal =
            Terminal::new(TestBackend::new(area.width, area.height)).expect("a test terminal");
        let (mut view, model) = (View::default(), &self.model);
        let drawn = terminal.draw(|frame| {
            draw(model, &self.theme, &mut view, frame.area(), frame.buffer_mut());
        });
        drawn.expect("a test terminal draws");
        let shot = terminal.backend().to_string();
        let rows = shot.lines().map(|row| row.split(" Hidden by").next().unwrap_or(row));
        let bare = |row: &str| {
            let row = row.strip_prefix('"').unwrap_or(row);
            row.strip_suffix('"').unwrap_or(row).trim_end().to_owned()
        };
        rows.map(bare).collect::<Vec<_>>().join("\n")
    }
}

/// Compares what is on the screen with what is kept under this name.
#[track_caller]
fn kept(name: &str, stage: &Stage) {
    insta::assert_snapshot!(name, format!("{}\n\n{}", stage.shot(), styles::styles(stage)));
    words::only_marked(name, stage);
}

fn snapshot(name: &str, scene: impl Fn(&mut Stage)) {
    for (width, height) in SIZES {
        let mut stage = Stage::ready(width, height);
        scene(&mut stage);
        kept(&format!("{name}_{width}x{height}"), &stage);
    }
}

/// The rows of transcript on the screen.
fn body(stage: &Stage) -> Vec<String> {
    let shot = stage.shot();
    let rows = shot.lines().skip(1);
    rows.take_while(|row| !row.starts_with("──")).map(str::to_owned).collect()
}
