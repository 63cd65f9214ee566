//! A chat without its runtime: the model, the view, and a terminal that takes everything.

use std::hint::black_box;
use std::io;
use std::io::Write;
use std::time::Duration;

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

pub(crate) const SIZE: (u16, u16) = (120, 40);

/// A terminal that takes everything.
#[derive(Debug, Default)]
pub(crate) struct Sink(usize);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A chat on the screen.
pub(crate) struct Stage {
    pub(crate) model: Model,
    view: View,
    theme: Theme,
    terminal: Terminal<CrosstermBackend<Sink>>,
    turn: TurnId,
    pub(crate) at: Duration,
}

impl Stage {
    /// A chat whose question is being answered.
    pub(crate) fn asked() -> Self {
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

    /// Shows a model.
    pub(crate) fn of(model: Model) -> Self {
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

    /// Gives the screen another size.
    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.model.update(Msg::Resize { width, height });
        self.terminal.resize(Rect::new(0, 0, width, height)).expect("the sink takes all");
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, code: KeyCode) {
        let (key, at) = (Key::plain(code), self.at);
        self.model.update(Msg::Key { key, at });
    }

    /// Adds to the answer, a millisecond later.
    pub(crate) fn say(&mut self, piece: String) {
        self.event(TurnEvent::Token(TokenEvent::Delta(piece)));
    }

    fn event(&mut self, event: TurnEvent) {
        self.at += Duration::from_millis(1);
        black_box(self.model.update(Msg::Turn { turn: self.turn, event, at: self.at }));
    }

    /// Draws what there is and writes the difference.
    pub(crate) fn frame(&mut self) {
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
