//! The chat without a terminal: messages in, effects and state out.
use std::time::Duration;

use proptest::prelude::*;

use crate::app::Effect;
use crate::app::EngineState;
use crate::app::Laid;
use crate::app::Model;
use crate::app::Msg;
use crate::app::Overlay;
use crate::app::Phase;
use crate::app::Session;
use crate::app::Settings;
use crate::app::Turn;
use crate::chat::Change;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::LoadState;
use crate::chat::ModelInfo;
use crate::chat::Mods;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::route::Pin;
use crate::text::Clean;

mod acting;
mod answering;
mod composing;
mod conversing;
mod filling;
mod finding;
mod leaving;
mod overflowing;
mod promises;
mod saving;
mod selecting;
mod sessions;
mod stepping_back;
mod variants;

/// A model and its clock.
struct Chat {
    model: Model,
    now: Duration,
    /// What was to be saved.
    saved: Vec<Change>,
}

impl Chat {
    fn new() -> Self {
        let settings = Settings { system: Some("Be brief.".into()), ..Settings::default() };
        Self {
            model: Model::new(settings, SessionId(0), 80, 24),
            now: Duration::ZERO,
            saved: Vec::new(),
        }
    }

    fn ephemeral() -> Self {
        let mut chat = Self::new();
        let settings = Settings { ephemeral: true, ..chat.model.settings().clone() };
        chat.model = Model::new(settings, SessionId(0), 80, 24);
        chat
    }

    fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let (saves, effects): (Vec<_>, Vec<_>) = self
            .model
            .update(msg)
            .into_iter()
            .filter(|effect| !matches!(effect, Effect::Watch(_)))
            .partition(|effect| matches!(effect, Effect::Save(_)));
        let saves = saves.into_iter().map(|effect| match effect {
            Effect::Save(save) => save,
            effect => panic!("{effect:?}"),
        });
        self.saved.extend(saves);
        effects
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        self.send(Msg::Key { key, at: self.now })
    }

    /// Presses keys written like `hello<A-b><Enter>`.
    fn keys(&mut self, keys: &str) -> Vec<Effect> {
        parse(keys).into_iter().flat_map(|key| self.key(key)).collect()
    }

    fn ask(&mut self, question: &str) -> Generation {
        self.send(Msg::Paste(question.into()));
        match self.keys("<Enter>").as_slice() {
            [Effect::Generate { generation, .. }] => generation.clone(),
            effects => panic!("{question} gave {effects:?}"),
        }
    }

    fn token(&mut self, turn: u64, event: TokenEvent) -> Vec<Effect> {
        let event = TurnEvent::Token(event);
        self.send(Msg::Turn { turn: TurnId(turn), event, at: self.now })
    }

    fn delta(&mut self, turn: u64, text: &str) {
        assert!(self.token(turn, TokenEvent::Delta(text.into())).is_empty());
    }

    fn finish(&mut self, turn: u64, reason: StopReason) -> Vec<Effect> {
        self.token(turn, TokenEvent::Finished(reason, Usage::default()))
    }

    fn answered(&mut self, turn: u64, question: &str, answer: &str) {
        self.ask(question);
        self.delta(turn, answer);
        assert!(self.finish(turn, StopReason::EndOfTurn).is_empty());
    }

    fn draft(&self) -> &str {
        self.model.current().composer().text()
    }

    fn notice(&self) -> &str {
        self.model.notice().map_or("", |notice| notice.text.as_str())
    }

    fn turn(&self, index: usize) -> &Turn {
        &self.model.current().turns()[index]
    }
}

fn parse(keys: &str) -> Vec<Key> {
    let mut parsed = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let close = rest.find('>').filter(|_| c == '<');
        let name = close.map_or(&rest[..c.len_utf8()], |close| &rest[1..close]);
        rest = &rest[close.map_or(c.len_utf8(), |close| close + 1)..];
        parsed.push(named(name));
    }
    parsed
}

fn named(name: &str) -> Key {
    let mut mods = Mods::default();
    let mut name = name;
    while let Some((modifier @ ("A" | "C" | "S"), rest)) = name.split_once('-') {
        match modifier {
            "A" => mods.alt = true,
            "C" => mods.ctrl = true,
            _ => mods.shift = true,
        }
        name = rest;
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BS" => KeyCode::Backspace,
        "Del" => KeyCode::Delete,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "F1" => KeyCode::F(1),
        "F2" => KeyCode::F(2),
        "F3" => KeyCode::F(3),
        "F4" => KeyCode::F(4),
        _ => KeyCode::Char(name.chars().next().expect("a character")),
    };
    Key { code, mods }
}

fn said(generation: &Generation) -> Vec<(Role, String)> {
    generation.messages.iter().map(|message| (message.role, message.plain())).collect()
}
