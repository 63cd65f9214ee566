//! The chat as lines that are only added.

use std::fmt::Write as _;

use super::*;
use crate::chat::FaultKind;
use crate::chat::PrivacyClass;
use crate::ui::Announcer;

/// A stage and everything that was said.
struct Told {
    stage: Stage,
    announcer: Announcer,
    text: String,
}

impl Told {
    fn new() -> Self {
        let stage = Stage::new(80, 24);
        Self { stage, announcer: Announcer::default(), text: String::new() }
    }

    /// Enters a line, as its terminal does.
    fn line(&mut self, line: &str) {
        let at = self.stage.at();
        writeln!(self.text, "{line}").expect("text");
        self.announcer.entered();
        self.then(|stage| stage.send(Msg::Line { line: line.to_owned(), at }));
    }

    /// Fails where something is said that is in no resource.
    fn speaks_every_language(&self) {
        words::with_marks(|| {
            let (mut announcer, mut text) = (Announcer::default(), String::new());
            self.stage.again(|model| text.push_str(&announcer.say(model)));
            words::all_marked("plain", &text, &self.stage);
        });
    }

    fn then(&mut self, act: impl FnOnce(&mut Stage)) {
        act(&mut self.stage);
        let new = self.announcer.say(&self.stage.model);
        assert!(!new.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{new:?}");
        self.text.push_str(&new);
    }
}

#[test]
fn states_are_said_in_words_and_nothing_is_said_twice() {
    let mut told = Told::new();
    told.then(|stage| stage.load(LoadState::Loading(10)));
    told.then(|stage| stage.load(LoadState::Loading(60)));
    told.then(|stage| *stage = Stage::ready(80, 24));
    told.then(|stage| stage.ask("Why is the sky blue?"));
    told.announcer.entered();
    told.then(|stage| stage.prefilled(0));
    for word in ["Sunlight ", "is scat", "tered.\n\nYes", "."] {
        told.then(|stage| stage.token(0, TokenEvent::Delta(word.into())));
        told.then(|_| {});
    }
    told.then(|stage| stage.finished(0, StopReason::EndOfTurn));
    told.then(|stage| stage.ask("/nwe"));
    told.then(|stage| stage.send(Msg::Edited(String::new())));
    told.then(|stage| stage.ask("And at night?"));
    let fault = Fault::new("the engine stopped").hint("ask again");
    told.then(|stage| {
        stage.token(1, TokenEvent::Finished(StopReason::Failed(fault), Usage::default()));
    });
    told.then(|stage| stage.ask("/help"));
    insta::assert_snapshot!("plain", told.text);
    told.speaks_every_language();
}

#[test]
fn what_is_hostile_is_said_clean() {
    let mut told = Told::new();
    told.then(|_| {});
    told.then(|stage| {
        stage.answered(0, "q\u{1b}[2J", "a \u{1b}]0;t\u{7}b\u{9b}2J \u{202e}c\r\nd\u{8}");
    });
    told.then(|stage| stage.send(Msg::Told("n\u{1b}[31m\u{7}".into())));
    assert!(told.text.contains("a b <U+202E>c\nd"), "{:?}", told.text);
}

/// Gives a list of saved sessions.
fn listed() -> Vec<Listed> {
    let titles = ["Why is the sky blue?", "Traits\u{1b}[2J in Rust"];
    let entry = |(id, title): (u128, &str)| {
        let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
        info.title = title.to_owned();
        Listed { info, messages: 4, answering: false }
    };
    (10..).zip(titles).map(entry).collect()
}

#[test]
fn every_state_and_list_is_said_in_words() {
    let mut told = Told::new();
    told.then(|stage| *stage = Stage::ready(80, 24));
    told.then(|stage| stage.ask("one"));
    told.then(|stage| stage.token(0, TokenEvent::Queued(2)));
    told.then(|stage| stage.token(0, TokenEvent::Queued(1)));
    told.then(|stage| stage.prefilled(0));
    told.then(|stage| stage.token(0, TokenEvent::Delta("<think>hm".into())));
    told.then(|stage| stage.token(0, TokenEvent::Delta("</think>Yes, ".into())));
    told.then(|stage| stage.finished(0, StopReason::Cancelled));
    for (turn, reason) in [(1, StopReason::Length), (2, StopReason::ContextFull)] {
        told.then(|stage| stage.ask("more"));
        told.then(|stage| stage.token(turn, TokenEvent::Delta("word".into())));
        told.then(|stage| stage.finished(turn, reason));
    }
    told.then(|stage| stage.ask("again"));
    let fault = Fault::new("the engine was ended by SIGKILL");
    told.then(|stage| stage.send(Msg::Lost(fault.clone())));
    told.then(|stage| stage.finished(3, StopReason::Interrupted(fault)));
    told.then(|stage| stage.key(Key::ctrl('o')));
    told.then(|stage| stage.send(Msg::Listed(listed())));
    told.then(|stage| stage.send(Msg::Listed(listed())));
    told.then(|stage| stage.plain(KeyCode::Esc));
    told.then(|stage| stage.key(Key::ctrl('p')));
    told.then(|stage| stage.plain(KeyCode::Esc));
    told.then(|stage| stage.ask("/search"));
    told.then(|stage| stage.plain(KeyCode::Esc));
    told.then(|stage| stage.key(Key::ctrl('n')));
    told.then(|stage| stage.ask("last"));
    told.then(|stage| stage.key(Key::ctrl('d')));
    insta::assert_snapshot!("plain_states", told.text);
    told.speaks_every_language();
}

#[test]
fn every_question_is_asked_in_words_and_answered_by_a_line() {
    let mut told = Told::new();
    told.stage = Stage::ready(80, 24);
    let places = ["lan", "far"].map(|name| (name.to_owned(), format!("https://{name}.example")));
    let settings = Settings {
        leaves_to: places.to_vec(),
        privacy: PrivacyClass::Open,
        ..told.stage.model.settings().clone()
    };
    told.stage.restart(settings);
    told.line("Where to?");
    told.line("what?");
    told.line("no");
    told.line("y");
    told.then(|stage| stage.prefilled(0));
    told.then(|stage| stage.token(0, TokenEvent::Delta("Here.".into())));
    told.line("/close");
    told.line("n");
    told.line("/quit");
    told.line("no");
    told.then(|stage| stage.finished(0, StopReason::EndOfTurn));
    told.line("And more?");
    let fault = Fault::new("the conversation has 5000 tokens, the context holds 4096");
    let fault = StopReason::Failed(fault.kind(FaultKind::TooLong));
    told.then(|stage| stage.token(1, TokenEvent::Finished(fault, Usage::default())));
    told.line("9");
    told.line("");
    told.line("/save");
    told.line("");
    told.line("/sessions");
    told.then(|stage| stage.send(Msg::Listed(listed())));
    told.line("traits");
    told.line("");
    told.line("/search sky");
    let hit = Hit {
        session: SessionId(10),
        title: "Why is\u{1b}[2J it blue?".into(),
        message: MessageId(3),
        role: chat::Role::User,
        created: Timestamp(0),
        context: "the sky is blue".into(),
        place: 4..7,
    };
    told.then(|stage| stage.send(Msg::Found { query: "sky".into(), hits: Ok(vec![hit]) }));
    told.line("");
    told.line("/device");
    told.line("/route why");
    insta::assert_snapshot!("plain_questions", told.text);
    told.speaks_every_language();
}
