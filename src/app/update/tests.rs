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
use crate::app::Save;
use crate::app::Session;
use crate::app::Settings;
use crate::app::Turn;
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

/// A model and its clock.
struct Chat {
    model: Model,
    now: Duration,
    /// What was to be saved.
    saved: Vec<Save>,
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
        _ => KeyCode::Char(name.chars().next().expect("a character")),
    };
    Key { code, mods }
}

fn said(generation: &Generation) -> Vec<(Role, String)> {
    generation.messages.iter().map(|message| (message.role, message.plain())).collect()
}

mod composing {
    use super::*;

    /// Types keys and compares the draft, with `|` for the cursor.
    fn check(keys: &str, wanted: &str) {
        let mut chat = Chat::new();
        chat.keys(keys);
        assert_eq!(with_cursor(&chat), wanted, "{keys}");
    }

    fn with_cursor(chat: &Chat) -> String {
        let composer = chat.model.current().composer();
        let (before, behind) = composer.text().split_at(composer.cursor());
        format!("{before}|{behind}")
    }

    #[test]
    fn typing_and_moving() {
        check("hello<Left><Left>X", "helX|lo");
        check("hello<A-b>X", "X|hello");
        check("one two<A-b><A-b>X<A-f>Y", "XoneY| two");
        check("one, two!<C-Left>X", "one, X|two!");
        check("ab<C-a>X<C-e>Y", "XabY|");
        check("ab<Home>X<End>Y", "XabY|");
        check("<Left><Right><Up><Down><BS><Del>", "|");
        check("a?b", "a?b|");
    }

    #[test]
    fn lines() {
        check("a<A-Enter>b<C-j>c<S-Enter>d", "a\nb\nc\nd|");
        check("long<C-j>x<Up>Y", "lY|ong\nx");
        check("ab<C-j>漢字<Up>Y", "abY|\n漢字");
        check("漢字<C-j>abc<Up>Y", "漢Y|字\nabc");
        check("abcd<C-j>x<C-j>abcd<Up><Up>Y", "abcdY|\nx\nabcd");
        check("ab<C-j>cd<Up><C-a>X<Down>Y", "Xab\ncY|d");
        check("ab<Up>X", "X|ab");
        check("ab<C-a><Down>X", "abX|");
        check("a<C-j>b<Home>X<C-Home>", "a\nX|b");
    }

    #[test]
    fn deleting() {
        check("abc<BS>", "ab|");
        check("abc<Left><Left><Del>", "a|c");
        check("one two three<C-w>", "one two |");
        check("one two<A-b><A-d>", "one |");
        check("ab<C-j>cd<C-u>", "ab\n|");
        check("ab<C-j>cd<Up><C-a><C-k>", "|\ncd");
        check("ab<C-j>cd<Up><C-e><C-k>", "ab|cd");
        check("ab<C-h>", "a|");
        check("ab<Left><C-d>", "a|");
    }

    #[test]
    fn a_grapheme_is_one_step() {
        let mut chat = Chat::new();
        chat.send(Msg::Paste("e\u{301}👩‍🚀🇩🇪".into()));
        chat.keys("<Left>");
        assert_eq!(with_cursor(&chat), "e\u{301}👩‍🚀|🇩🇪");
        chat.keys("<BS>");
        assert_eq!(with_cursor(&chat), "e\u{301}|🇩🇪");
        chat.keys("<BS><Del>");
        assert_eq!(with_cursor(&chat), "|");
    }

    #[test]
    fn undo_goes_by_words_and_back() {
        check("one two<C-_>", "one |");
        check("one two<C-_><C-_>", "|");
        check("one two<C-_><C-_><C-_><C-y><C-y><C-y>", "one two|");
        check("one two<C-w><C-/>", "one two|");
        check("ab<Left>c<C-7><C-7>", "|");
        check("ab<BS><BS><C-_>", "a|");
        check("ab<C-_>c<C-y>", "c|");
        check("ab<C-c><C-_>", "ab|");
    }

    #[test]
    fn rows_are_those_of_the_screen() {
        let mut chat = Chat::new();
        let laid = Laid {
            session: SessionId(0),
            width: 10,
            height: 5,
            rows: 0,
            top: 0,
            anchor: None,
            epoch: 0,
            composer_width: 6,
            help_slack: 0,
        };
        chat.send(Msg::Laid(laid));
        chat.keys("abc defgh ij<Up>X");
        assert_eq!(with_cursor(&chat), "abc deX|fgh ij");
        chat.keys("<C-c>abc defgh<Up>X");
        assert_eq!(with_cursor(&chat), "abcX| defgh", "the row's end is the next one's start");
    }

    #[test]
    fn a_paste_never_sends_and_keeps_its_lines() {
        let mut chat = Chat::new();
        assert!(chat.send(Msg::Paste("a\r\nb\rc\n".into())).is_empty());
        assert_eq!(with_cursor(&chat), "a\nb\nc\n|");
        chat.keys("<C-_>");
        assert_eq!(with_cursor(&chat), "|", "a paste is one step");
        chat.send(Msg::Paste("x\u{1b}[2Jy\u{202e}\0".into()));
        assert_eq!(chat.draft(), "xy<U+202E>");
    }

    #[test]
    fn up_brings_sent_prompts_back() {
        let mut chat = Chat::new();
        for (turn, prompt) in (0..).zip(["first", "second", "second", "two\nlines"]) {
            chat.answered(turn, prompt, "ok");
        }
        for (keys, wanted) in [
            ("<Up>", "two\nlines|"),
            ("<Up><Up>", "second|"),
            ("<Up>", "first|"),
            ("<Up>", "first|"),
            ("<Down>", "second|"),
            ("<Down><Down>", "|"),
            ("<Down>", "|"),
            ("<Up>!<Up><Up>", "|two\nlines!"),
        ] {
            chat.keys(keys);
            assert_eq!(with_cursor(&chat), wanted, "{keys}");
        }
    }

    proptest! {
        /// Whatever is typed, undo leads back to nothing and redo to the end.
        #[test]
        fn undo_takes_everything_back(keys in prop::collection::vec(
            prop::sample::select(vec![
                "a", " ", "漢", "<C-j>", "<BS>", "<Del>", "<Left>", "<Right>", "<C-w>", "<A-d>",
                "<C-u>", "<C-k>", "<A-b>", "<Up>", "<Down>", "<C-a>",
            ]), 0..60,
        )) {
            let mut chat = Chat::new();
            chat.keys(&keys.concat());
            let end = chat.draft().to_owned();
            chat.keys(&"<C-_>".repeat(61));
            prop_assert_eq!(chat.draft(), "");
            chat.keys(&"<C-y>".repeat(61));
            prop_assert_eq!(chat.draft(), end);
        }

        /// The cursor is always between two characters.
        #[test]
        fn the_cursor_is_on_a_boundary(
            text in "[a-b \n\t漢é\u{301}👩‍🚀🇩🇪]{0,30}",
            keys in prop::collection::vec(prop::sample::select(vec![
                "<Left>", "<Right>", "<Up>", "<Down>", "<A-b>", "<A-f>", "<BS>", "<Del>", "x",
                "<C-_>", "<C-y>", "<C-k>", "<Home>", "<End>",
            ]), 0..40),
        ) {
            let mut chat = Chat::new();
            chat.send(Msg::Paste(text));
            for key in keys {
                chat.keys(key);
                let composer = chat.model.current().composer();
                prop_assert!(composer.text().is_char_boundary(composer.cursor()));
            }
        }
    }
}

mod conversing {
    use super::*;

    #[test]
    fn a_question_goes_out_with_the_turns_before_it() {
        let mut chat = Chat::new();
        let first = chat.ask("What is 2+2?  \n");
        assert_eq!(
            said(&first),
            [(Role::System, "Be brief.".into()), (Role::User, "What is 2+2?".into())]
        );
        assert_eq!(chat.draft(), "");
        chat.delta(0, "\u{1b}[1m4");
        chat.finish(0, StopReason::EndOfTurn);
        let second = chat.ask("Sure?");
        let raw = "\u{1b}[1m4".to_owned();
        assert_eq!(
            said(&second)[1..],
            [
                (Role::User, "What is 2+2?".into()),
                (Role::Assistant, raw),
                (Role::User, "Sure?".into()),
            ]
        );
        assert_eq!(chat.turn(0).shown_answer().as_str(), "4");
        assert_eq!(chat.model.current().title().map(Clean::as_str), Some("What is 2+2?"));
    }

    #[test]
    fn a_partial_answer_is_kept_and_an_absent_one_left_out() {
        let fault = Fault::new("the engine stopped");
        let endings = [
            StopReason::Cancelled,
            StopReason::Interrupted(fault.clone()),
            StopReason::Failed(fault),
            StopReason::Length,
        ];
        for reason in endings {
            let mut chat = Chat::new();
            chat.ask("one");
            chat.delta(0, "part");
            chat.finish(0, reason.clone());
            chat.ask("two");
            chat.finish(1, reason.clone());
            let third = chat.ask("three");
            let texts = said(&third).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
            assert_eq!(texts, ["Be brief.", "one", "part", "three"], "{reason:?}");
            assert_eq!(*chat.turn(0).phase(), Phase::Finished(reason));
            assert!(!chat.turn(1).is_remembered());
        }
    }

    fn queued(chat: &Chat) -> Vec<String> {
        chat.model.current().queue().map(str::to_owned).collect()
    }

    #[test]
    fn while_an_answer_runs_prompts_queue_and_follow_it_in_order() {
        let mut chat = Chat::new();
        chat.ask("one");
        assert!(chat.keys("two<Enter>three<Enter>").is_empty());
        assert_eq!((chat.draft(), queued(&chat)), ("", vec!["two".into(), "three".into()]));
        chat.delta(0, "1");
        let effects = chat.finish(0, StopReason::EndOfTurn);
        let [Effect::Generate { turn, generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(*turn, TurnId(1));
        let texts = said(generation).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts, ["Be brief.", "one", "1", "two"]);
        assert_eq!(queued(&chat), ["three"]);
    }

    #[test]
    fn a_stopped_or_failed_answer_holds_the_queue_until_enter() {
        for reason in [StopReason::Cancelled, StopReason::Failed(Fault::new("no"))] {
            let mut chat = Chat::new();
            chat.ask("one");
            chat.keys("two<Enter>");
            assert!(chat.finish(0, reason).is_empty());
            assert_eq!(queued(&chat), ["two"]);
            assert!(matches!(chat.keys("<Enter>").as_slice(), [Effect::Generate { .. }]));
            assert!(queued(&chat).is_empty());
        }
    }

    #[test]
    fn a_queued_prompt_can_be_taken_back() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.keys("two<Enter>three<Enter><Up>");
        assert_eq!((chat.draft(), queued(&chat)), ("three", vec!["two".into()]));
        chat.keys("<C-u><Up><C-u><Up>");
        assert_eq!((chat.draft(), queued(&chat).len()), ("three", 0), "then the history");
    }

    #[test]
    fn the_queue_of_a_session_behind_goes_on() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.keys("two<Enter><C-n>");
        let effects = chat.finish(0, StopReason::EndOfTurn);
        assert!(matches!(effects.as_slice(), [Effect::Generate { generation, .. }]
                if generation.session == SessionId(0)));
        assert_eq!(chat.model.current().turns().len(), 0);
    }

    #[test]
    fn a_session_is_renamed() {
        let mut chat = Chat::new();
        chat.answered(0, "one", "1");
        chat.keys("/rename  My \ttitle<Enter>");
        assert_eq!(chat.model.current().title().map(Clean::as_str), Some("My title"));
        chat.answered(1, "two", "2");
        assert_eq!(chat.model.current().title().map(Clean::as_str), Some("My title"));
    }

    #[test]
    fn late_and_unknown_events_are_dropped() {
        let mut chat = Chat::new();
        chat.answered(0, "one", "answer");
        let version = chat.model.version();
        chat.delta(0, " more");
        chat.delta(7, "who?");
        chat.finish(0, StopReason::Cancelled);
        assert_eq!(chat.model.version(), version, "nothing to draw");
        assert_eq!(chat.turn(0).answer(), "answer");
        assert_eq!(*chat.turn(0).phase(), Phase::Finished(StopReason::EndOfTurn));
    }

    #[test]
    fn times_and_speeds_are_taken_from_enter_on() {
        let mut chat = Chat::new();
        chat.wait(1000);
        chat.ask("one");
        chat.wait(100);
        chat.token(0, TokenEvent::Queued(2));
        assert_eq!(*chat.turn(0).phase(), Phase::Queued(2));
        chat.token(0, TokenEvent::Prefill { done: 20, total: 120, cached: 20 });
        chat.wait(250);
        chat.token(0, TokenEvent::Prefill { done: 70, total: 120, cached: 20 });
        assert_eq!(
            chat.turn(0).prefill().expect("begun").progress.left(chat.now),
            Some(Duration::from_millis(250))
        );
        chat.wait(250);
        chat.delta(0, "");
        assert_eq!(chat.turn(0).prefill_tps(), Some(200.0));
        assert_eq!(chat.turn(0).timings().ttft, None, "nothing to see yet");
        for _ in 0..10 {
            chat.wait(50);
            chat.delta(0, " x");
        }
        assert_eq!(chat.turn(0).timings().ttft, Some(Duration::from_millis(650)));
        assert_eq!(chat.turn(0).decode_tps(), Some(20.0));
        assert_eq!(chat.turn(0).rate().current(chat.now), Some(20.0));
        assert_eq!(chat.model.current().context_tokens(), 131);
        let usage = Usage { prompt_tokens: 120, completion_tokens: 12, ..Usage::default() };
        chat.token(0, TokenEvent::Finished(StopReason::EndOfTurn, usage));
        assert_eq!(chat.turn(0).timings().total, Duration::from_millis(1100));
        assert_eq!(chat.model.current().context_tokens(), 132);
    }

    #[test]
    fn where_it_runs_is_known_before_the_first_token() {
        let mut chat = Chat::new();
        chat.ask("one");
        let decision = Decision::new(Route::Local, "m", "only here");
        let event = TurnEvent::Routed(decision.clone());
        chat.send(Msg::Turn { turn: TurnId(0), event, at: chat.now });
        assert_eq!(chat.turn(0).decision(), Some(&decision));
        assert_eq!(*chat.turn(0).phase(), Phase::Sent);
    }

    #[test]
    fn commands_are_never_sent() {
        let mut chat = Chat::new();
        assert!(chat.keys("/help<Enter>").is_empty());
        assert_eq!((chat.model.overlay(), chat.draft()), (Some(Overlay::Help(0)), ""));
        chat.keys("<Esc>");
        assert!(chat.keys("/nwe<Enter>").is_empty());
        assert_eq!(chat.draft(), "/nwe");
        assert!(chat.notice().contains("/new?"), "{}", chat.notice());
        chat.keys("<C-u>//usr<Enter>");
        assert_eq!(chat.turn(0).question(), "/usr");
    }

    #[test]
    fn the_panel_of_the_device_asks_once_a_second_and_only_while_it_is_open() {
        let mut chat = Chat::ephemeral();
        assert_eq!(chat.model.next_deadline(), None, "an idle chat does not wake up");
        assert_eq!(chat.keys("/device<Enter>"), [Effect::Look]);
        let due = chat.model.next_deadline().expect("it looks again");
        assert_eq!(due, chat.now + Duration::from_secs(1));
        chat.wait(999);
        assert!(chat.send(Msg::Tick(chat.now)).is_empty());
        chat.wait(1);
        assert_eq!(chat.send(Msg::Tick(chat.now)), [Effect::Look]);
        chat.keys("<Esc>");
        assert_eq!((chat.model.overlay(), chat.model.next_deadline()), (None, None));
    }

    #[test]
    fn a_route_is_pinned_for_a_session_or_one_turn_and_freed() {
        let mut chat = Chat::new();
        let pin = |chat: &mut Chat, keys: &str| {
            let effects = chat.keys(keys);
            let pins = effects.into_iter().filter_map(|effect| match effect {
                Effect::Generate { turn, pin, .. } => Some((turn, pin)),
                _ => None,
            });
            let pins: Vec<_> = pins.collect();
            let [(turn, pin)] = pins.as_slice() else { panic!("one turn: {pins:?}") };
            chat.finish(turn.0, StopReason::EndOfTurn);
            pin.clone()
        };
        assert_eq!(pin(&mut chat, "a<Enter>"), None);
        assert!(chat.keys("/route local<Enter>").is_empty());
        assert!(chat.notice().contains("this device"), "{}", chat.notice());
        chat.keys("/route once remote lan<Enter>");
        assert_eq!(pin(&mut chat, "b<Enter>"), Some(Pin::Remote(Some("lan".into()))));
        assert_eq!(pin(&mut chat, "c<Enter>"), Some(Pin::Local), "once is once");
        chat.keys("/route remote<Enter>");
        assert_eq!(pin(&mut chat, "d<Enter>"), Some(Pin::Remote(None)));
        chat.keys("/route auto<Enter>");
        assert_eq!(pin(&mut chat, "e<Enter>"), None);
        assert!(chat.keys("/route somewhere<Enter>").is_empty());
        assert!(chat.notice().contains("local, remote, auto"), "{}", chat.notice());
        chat.keys("<C-u>/route why<Enter>");
        assert_eq!(chat.model.overlay(), Some(Overlay::Why(0)));
    }

    #[test]
    fn the_engine_comes_and_goes() {
        let mut chat = Chat::new();
        let load = |chat: &mut Chat, state| chat.send(Msg::Load { state, at: chat.now });
        load(&mut chat, LoadState::Loading(40));
        load(&mut chat, LoadState::Ready(ModelInfo::default()));
        chat.send(Msg::Health(Health { threads: 2, ..Health::default() }));
        let version = chat.model.version();
        chat.send(Msg::Health(Health { threads: 2, ..Health::default() }));
        assert_eq!(chat.model.version(), version, "the same figures need no frame");
        chat.send(Msg::Lost(Fault::new("signal 6").hint("ask again")));
        assert_eq!(chat.notice(), "signal 6 · ask again");
        assert!(matches!(chat.model.engine().state(), EngineState::Lost(_)));
        assert_eq!(chat.model.engine().health(), None);
        load(&mut chat, LoadState::Loading(3));
        load(&mut chat, LoadState::Ready(ModelInfo::default()));
        assert_eq!(chat.notice(), "");
    }

    #[test]
    fn a_tick_is_wanted_only_while_an_answer_runs_in_front() {
        let mut chat = Chat::ephemeral();
        assert_eq!(chat.model.next_deadline(), None);
        chat.ask("one");
        assert_eq!(chat.model.next_deadline(), Some(chat.now + Duration::from_millis(250)));
        chat.keys("<C-n>");
        assert_eq!(chat.model.next_deadline(), None);
        chat.keys("<A-p>");
        chat.finish(0, StopReason::EndOfTurn);
        assert_eq!(chat.model.next_deadline(), None);
    }
}

mod variants {
    use std::collections::BTreeMap;

    use super::*;
    use crate::chat::MessageId;
    use crate::chat::NodeState;

    /// What is shown, questions and answers in their order.
    fn shown(chat: &Chat) -> Vec<(String, String)> {
        let turns = chat.model.current().turns().iter();
        turns.map(|turn| (turn.question().to_owned(), turn.answer().to_owned())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
    }

    fn marked(chat: &Chat) -> String {
        let session = chat.model.current();
        let node = session.reading().and_then(|id| session.tree().node(id));
        node.map(|node| node.message.plain()).unwrap_or_default()
    }

    fn two_turns() -> Chat {
        let mut chat = Chat::new();
        chat.answered(0, "one", "1");
        chat.answered(1, "two", "2");
        chat
    }

    #[test]
    fn esc_on_an_empty_draft_gives_the_keys_to_the_transcript() {
        let mut chat = two_turns();
        for (keys, wanted) in [
            ("<Esc>", "2"),
            ("k", "two"),
            ("<Up>", "1"),
            ("<Up>k<Up>", "one"),
            ("j", "1"),
            ("<Down><Down><Down><Down>", "2"),
            ("<Esc>", ""),
            ("<Esc><Enter>", ""),
        ] {
            chat.keys(keys);
            assert_eq!((marked(&chat).as_str(), chat.draft()), (wanted, ""), "{keys}");
        }
        chat.keys("<Esc>zj");
        assert_eq!((marked(&chat).as_str(), chat.draft()), ("", "zj"), "typing goes to the draft");
        chat.keys("<Esc>e");
        assert_eq!(chat.draft(), "zje", "and stays there");
    }

    #[test]
    fn an_edited_question_is_a_sibling_and_nothing_is_overwritten() {
        let mut chat = two_turns();
        chat.keys("<Esc>kkke");
        assert_eq!(chat.draft(), "one");
        let effects = chat.keys("!<Enter>");
        let [Effect::Generate { generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(said(generation)[1..], [(Role::User, "one!".into())]);
        chat.delta(2, "1!");
        chat.finish(2, StopReason::EndOfTurn);
        assert_eq!(shown(&chat), pairs(&[("one!", "1!")]));
        assert_eq!(chat.turn(0).asked().map(|it| (it.place, it.of)), Some((2, 2)));
        chat.keys("<Esc>kh");
        assert_eq!(shown(&chat), pairs(&[("one", "1"), ("two", "2")]));
        assert_eq!(chat.turn(0).asked().map(|it| (it.place, it.of)), Some((1, 2)));
        chat.keys("h");
        assert!(chat.notice().contains("no further one"), "{}", chat.notice());
        chat.keys("<Right>");
        assert_eq!(shown(&chat), pairs(&[("one!", "1!")]));
    }

    #[test]
    fn esc_gives_an_edit_up_and_ctrl_c_too() {
        for keys in ["<Esc>", "<C-c>"] {
            let mut chat = two_turns();
            chat.keys("<Esc>e!");
            chat.keys(keys);
            assert_eq!((chat.draft(), chat.model.current().editing()), ("", None));
            chat.ask("three");
            assert_eq!(chat.model.current().turns().len(), 3);
        }
    }

    #[test]
    fn another_answer_leaves_the_first_and_what_followed_it() {
        let mut chat = two_turns();
        let effects = chat.keys("<Esc>kkr");
        let [Effect::Generate { turn, generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!((*turn, said(generation).len()), (TurnId(2), 2));
        chat.delta(2, "uno");
        chat.finish(2, StopReason::EndOfTurn);
        assert_eq!(shown(&chat), pairs(&[("one", "uno")]));
        chat.keys("<Esc>h");
        assert_eq!(shown(&chat), pairs(&[("one", "1"), ("two", "2")]));
        assert_eq!(chat.model.current().tree().len(), 5);
    }

    #[test]
    fn an_answer_cut_short_is_continued_beside_itself() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.delta(0, "The beg");
        chat.finish(0, StopReason::Interrupted(Fault::new("gone")));
        let effects = chat.keys("<Esc>x");
        let [Effect::Generate { generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(
            said(generation)[1..],
            [(Role::User, "one".into()), (Role::Assistant, "The beg".into())]
        );
        chat.delta(1, "inning");
        assert_eq!(chat.turn(0).shown_answer().as_str(), "The beginning");
        chat.finish(1, StopReason::EndOfTurn);
        assert_eq!(shown(&chat), pairs(&[("one", "The beginning")]));
        chat.keys("<Esc>h");
        assert_eq!(shown(&chat), pairs(&[("one", "The beg")]));
        assert!(matches!(chat.turn(0).phase(), Phase::Finished(StopReason::Interrupted(_))));
        chat.keys("lx");
        assert!(chat.notice().contains("complete"), "{}", chat.notice());
    }

    #[test]
    fn without_a_word_continuing_is_asking_again() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.finish(0, StopReason::Failed(Fault::new("no")));
        let effects = chat.keys("<Esc>x");
        let [Effect::Generate { generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(said(generation)[1..], [(Role::User, "one".into())]);
    }

    #[test]
    fn a_running_answer_keeps_its_path() {
        let mut chat = two_turns();
        chat.ask("three");
        for keys in ["<Esc>r", "x", "h"] {
            assert!(chat.keys(keys).is_empty());
            assert!(chat.notice().contains("still running"), "{keys}: {}", chat.notice());
        }
        chat.keys("e!");
        assert!(chat.keys("<Enter>").is_empty());
        assert_eq!(chat.draft(), "three!", "the wording waits in the draft");
        chat.finish(2, StopReason::EndOfTurn);
        assert!(matches!(chat.keys("<Enter>").as_slice(), [Effect::Generate { .. }]));
    }

    #[test]
    fn a_fork_is_a_session_of_its_own() {
        let mut chat = two_turns();
        chat.keys("<Esc>kkf");
        assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (2, 1));
        assert_eq!(shown(&chat), pairs(&[("one", "1")]));
        assert_eq!(chat.model.current().title().map(Clean::as_str), Some("one"));
        let generation = chat.ask("other");
        assert_eq!(generation.session, chat.model.current().id());
        assert_eq!(said(&generation).len(), 4);
        assert_eq!(chat.model.sessions()[0].tree().len(), 4, "the first is as it was");
    }

    /// Text, state and parent.
    type Stored = (String, NodeState, Option<MessageId>);

    /// What a store has of a session after it was told all this; a change that does not fit what is
    /// there fails.
    fn replay(saved: &[Save], of: SessionId) -> BTreeMap<MessageId, (String, NodeState)> {
        let mut stores: BTreeMap<SessionId, BTreeMap<MessageId, Stored>> = BTreeMap::new();
        for save in saved {
            match save {
                Save::Begin { session, nodes } => {
                    let store = stores.entry(session.id).or_default();
                    for node in nodes {
                        assert!(node.parent.is_none_or(|parent| store.contains_key(&parent)));
                        assert!(
                            node.state != NodeState::Streaming || node.message.plain().is_empty()
                        );
                        let new = (node.message.plain(), node.state, node.parent);
                        assert!(store.insert(node.id, new).is_none(), "a message is begun once");
                    }
                }
                Save::Append { session, message, from_byte, text, .. } => {
                    let store = stores.get_mut(session).expect("it is there");
                    let (had, state, _) = store.get_mut(message).expect("it is there");
                    assert_eq!((had.len() as u64, *state), (*from_byte, NodeState::Streaming));
                    had.push_str(text);
                }
                Save::Finish { session, message, state, .. } => {
                    let store = stores.get_mut(session).expect("it is there");
                    let (_, before, _) = store.get_mut(message).expect("it is there");
                    assert_eq!(*before, NodeState::Streaming, "it ends once");
                    *before = *state;
                }
                Save::Fork { from, at, into, .. } => {
                    let store = &stores[from];
                    let way = std::iter::successors(Some(*at), |id| store[id].2);
                    let copy = way.map(|id| (id, store[&id].clone())).collect();
                    stores.insert(*into, copy);
                }
                Save::Select { session, leaf } => assert!(stores[session].contains_key(leaf)),
                _ => {}
            }
        }
        let store = stores.remove(&of).unwrap_or_default();
        store.into_iter().map(|(id, (text, state, _))| (id, (text, state))).collect()
    }

    fn act() -> impl Strategy<Value = String> {
        let acts = [
            "<Esc>",
            "k",
            "j",
            "<Up>",
            "e",
            "r",
            "x",
            "h",
            "l",
            "f",
            "hi<Enter>",
            "<Enter>",
            "<C-c>",
            "<A-p>",
        ];
        prop::sample::select(acts.map(str::to_owned).to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// Whatever is edited, asked again, continued and forked: no message goes or changes once
        /// it has ended, and what is shown is the tree's path.
        #[test]
        fn nothing_is_ever_overwritten(steps in prop::collection::vec((act(), 0..3_u8), 1..60)) {
            let mut chat = Chat::new();
            chat.answered(0, "one", "1");
            let mut known = BTreeMap::new();
            for (keys, event) in steps {
                chat.keys(&keys);
                let open = chat.model.open_turns().next();
                if let Some(turn) = open {
                    match event {
                        0 => chat.delta(turn.0, "word "),
                        1 => drop(chat.finish(turn.0, StopReason::EndOfTurn)),
                        _ => drop(chat.finish(turn.0, StopReason::Cancelled)),
                    }
                }
                for session in chat.model.sessions() {
                    let path: Vec<MessageId> =
                        session.tree().path().iter().map(|node| node.id).collect();
                    let shown: Vec<MessageId> =
                        session.turns().iter().flat_map(Turn::messages).collect();
                    prop_assert_eq!(&path, &shown);
                    for node in session.tree().nodes() {
                        let key = (session.id(), node.id);
                        let ended = node.state != NodeState::Streaming;
                        let before = known.insert(key, (node.message.plain(), ended));
                        if let Some((text, true)) = before {
                            prop_assert_eq!(text, node.message.plain());
                        }
                    }
                    let told = replay(&chat.saved, session.id());
                    for node in session.tree().nodes() {
                        let (text, state) = told.get(&node.id).expect("it was saved");
                        // What streams is in the turn, and saved by and by.
                        if node.state != NodeState::Streaming {
                            prop_assert_eq!((text.clone(), *state), (node.message.plain(), node.state));
                        }
                    }
                    let kept = known.keys().filter(|(id, _)| *id == session.id()).count();
                    prop_assert_eq!(kept, session.tree().len());
                }
            }
        }
    }
}

mod saving {
    use super::*;
    use crate::app::Goal;
    use crate::app::Saving;
    use crate::chat::Draft;
    use crate::chat::MessageId;
    use crate::chat::Node;
    use crate::chat::NodeState;
    use crate::chat::ScrollAnchor;
    use crate::chat::SessionInfo;
    use crate::chat::Timestamp;

    #[test]
    fn a_question_is_saved_before_it_is_sent() {
        let mut chat = Chat::new();
        chat.send(Msg::Paste("one".into()));
        let effects = chat
            .model
            .update(Msg::Key { key: Key::plain(KeyCode::Enter), at: Duration::from_millis(5) });
        let [
            Effect::Save(Save::Begin { session, nodes }),
            Effect::Generate { generation, .. },
            Effect::Watch(true),
        ] = effects.as_slice()
        else {
            panic!("{effects:?}")
        };
        assert_eq!((session.id, session.title.as_str()), (generation.session, "one"));
        let told = nodes.iter().map(|node| (node.message.plain(), node.state));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [("one".into(), NodeState::Complete), (String::new(), NodeState::Streaming)]
        );
        assert_eq!(nodes[1].parent, Some(nodes[0].id));
        assert!(!generation.ephemeral, "the engine may keep what is saved");
    }

    fn appended(chat: &mut Chat) -> Vec<(u64, String)> {
        let saved = std::mem::take(&mut chat.saved).into_iter();
        let appended = saved.filter_map(|save| match save {
            Save::Append { from_byte, text, .. } => Some((from_byte, text)),
            _ => None,
        });
        appended.collect()
    }

    #[test]
    fn an_answer_is_saved_every_second_or_page_and_its_end_once() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.delta(0, "a");
        assert!(appended(&mut chat).is_empty());
        chat.wait(999);
        chat.delta(0, "b");
        assert!(appended(&mut chat).is_empty());
        chat.wait(1);
        chat.send(Msg::Tick(chat.now));
        assert_eq!(appended(&mut chat), [(0, "ab".into())]);
        chat.delta(0, &"c".repeat(4096));
        assert_eq!(appended(&mut chat), [(2, "c".repeat(4096))]);
        chat.delta(0, "d");
        chat.finish(0, StopReason::Length);
        let [Save::Append { from_byte: 4098, .. }, Save::Finish { state, answer, .. }] =
            chat.saved.as_slice()
        else {
            panic!("{:?}", chat.saved)
        };
        assert_eq!((*state, answer.stop.as_deref()), (NodeState::Complete, Some("length")));
        chat.saved.clear();
        chat.send(Msg::Deadline);
        assert!(chat.saved.is_empty(), "nothing is said twice: {:?}", chat.saved);
    }

    #[test]
    fn the_session_behind_is_saved_as_well() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.keys("<C-n>");
        chat.delta(0, "a");
        let due = chat.model.next_deadline().expect("something is to be saved");
        assert_eq!(due, chat.now + Duration::from_secs(1));
        chat.send(Msg::Tick(due));
        assert_eq!(appended(&mut chat), [(0, "a".into())]);
        assert_eq!(chat.model.next_deadline(), None, "and then nothing wakes it up");
    }

    #[test]
    fn the_desk_is_saved_a_moment_after_it_changed_and_when_leaving() {
        let mut chat = Chat::new();
        chat.keys("draft<Left>");
        assert!(chat.saved.is_empty());
        chat.wait(1000);
        chat.send(Msg::Tick(chat.now));
        let [Save::Create(info), Save::Desk { session, draft, queued, scroll }] =
            chat.saved.as_slice()
        else {
            panic!("{:?}", chat.saved)
        };
        assert_eq!((info.id, *session), (SessionId(0), SessionId(0)));
        assert_eq!(
            (draft, queued.len(), scroll),
            (&Draft { text: "draft".into(), cursor: 4 }, 0, &None,)
        );
        assert_eq!(chat.model.next_deadline(), None);
        chat.saved.clear();
        chat.keys("!");
        chat.send(Msg::Quit(chat.now));
        assert!(
            matches!(chat.saved.as_slice(), [Save::Desk { draft, .. }] if draft.text == "draf!t")
        );
    }

    #[test]
    fn an_untouched_session_is_not_saved_and_an_emptied_one_is_removed() {
        let mut chat = Chat::new();
        chat.keys("<C-n><A-p><A-w>");
        assert!(chat.saved.is_empty(), "{:?}", chat.saved);
        chat.keys("x");
        chat.wait(1000);
        chat.send(Msg::Tick(chat.now));
        chat.saved.clear();
        chat.keys("<BS><A-w>");
        assert!(matches!(chat.saved.as_slice(), [Save::Remove(_)]), "{:?}", chat.saved);
    }

    #[test]
    fn an_ephemeral_chat_saves_nothing() {
        let mut chat = Chat::ephemeral();
        assert!(chat.ask("one").ephemeral);
        chat.delta(0, &"x".repeat(10_000));
        chat.keys("two<Enter>draft");
        chat.wait(5000);
        chat.send(Msg::Tick(chat.now));
        chat.finish(0, StopReason::EndOfTurn);
        chat.keys("<C-u>/rename X<Enter>");
        chat.finish(1, StopReason::EndOfTurn);
        chat.keys("<Esc>kf<A-w>y");
        chat.send(Msg::Deadline);
        assert_eq!(chat.saved, []);
    }

    #[test]
    fn closing_a_saved_session_forgets_nothing() {
        let mut chat = Chat::new();
        chat.answered(0, "one", "1");
        assert_eq!(chat.keys("<A-w>"), []);
        assert_eq!(chat.model.overlay(), None, "it is saved: nothing is asked");
        assert!(chat.model.current().turns().is_empty());
    }

    #[test]
    fn a_turn_that_another_window_refuses_gives_the_question_back() {
        let mut chat = Chat::new();
        chat.answered(0, "one", "1");
        chat.ask("two");
        let fault = Fault::new("another window answers in this session");
        chat.send(Msg::Refused { turn: TurnId(1), fault: fault.clone() });
        assert_eq!((chat.draft(), chat.model.current().turns().len()), ("two", 1));
        assert!(chat.notice().contains("another window"), "{}", chat.notice());
        assert_eq!(chat.model.current().tree().len(), 2);
        assert_eq!(chat.model.open_turns().count(), 0);
        chat.keys("<C-u><Esc>r");
        chat.send(Msg::Refused { turn: TurnId(2), fault });
        assert_eq!(chat.turn(0).answer(), "1", "the answer that was there is shown again");
    }

    fn node(id: u128, parent: Option<u128>, text: &str, state: NodeState) -> Node {
        let role = if id % 2 == 1 { Role::User } else { Role::Assistant };
        Node {
            id: MessageId(id),
            parent: parent.map(MessageId),
            created: Timestamp(0),
            message: crate::chat::Message::text(role, text),
            state,
            answer: None,
        }
    }

    fn saved_session(state: NodeState) -> (SessionInfo, Vec<Node>) {
        let mut info = SessionInfo::new(SessionId(77), "quick", Timestamp(0));
        info.title = "one".into();
        info.leaf = Some(MessageId(4));
        info.draft = Draft { text: "drift".into(), cursor: 3 };
        let complete = NodeState::Complete;
        let nodes = vec![
            node(1, None, "one", complete),
            node(2, Some(1), "1", complete),
            node(3, Some(2), "two", complete),
            node(4, Some(3), "2", state),
        ];
        (info, nodes)
    }

    fn open(chat: &mut Chat, info: &SessionInfo, page: &[Node]) {
        let page = page.iter().map(|node| (node.clone(), vec![node.id])).collect();
        chat.send(Msg::Opened { info: Box::new(info.clone()), page });
    }

    #[test]
    fn a_saved_session_comes_back_with_its_desk() {
        let mut chat = Chat::new();
        let (mut info, nodes) = saved_session(NodeState::Interrupted);
        let anchor = ScrollAnchor { message: MessageId(2), line: 1 };
        info.scroll = Some(anchor);
        info.queued = vec!["next".into()];
        open(&mut chat, &info, &nodes);
        assert_eq!(chat.model.sessions().len(), 1, "the empty one makes way");
        let session = chat.model.current();
        assert_eq!((session.id(), session.composer().cursor()), (SessionId(77), 3));
        assert_eq!(session.title().map(Clean::as_str), Some("one"));
        assert_eq!(session.scroll().goal(), Some(Goal::Line(anchor)));
        assert_eq!(session.queue().collect::<Vec<_>>(), ["next"]);
        assert!(matches!(chat.turn(1).phase(), Phase::Finished(StopReason::Interrupted(_))));
        chat.wait(2000);
        chat.send(Msg::Tick(chat.now));
        assert_eq!(chat.saved, [], "what was read is not written");
        assert_eq!(chat.model.next_deadline(), None);
        chat.send(Msg::Whole { session: SessionId(77), nodes, leaf: Some(MessageId(4)) });
        let effects = chat.keys("<C-c><Esc>jjjx");
        let [Effect::Generate { generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(said(generation).last(), Some(&(Role::Assistant, "2".into())));
    }

    #[test]
    fn what_is_asked_before_all_was_read_waits_for_it() {
        let mut chat = Chat::new();
        let (info, nodes) = saved_session(NodeState::Complete);
        open(&mut chat, &info, &nodes[2..]);
        assert_eq!(chat.model.current().turns().len(), 1);
        assert!(chat.keys("<C-c>three<Enter>").is_empty());
        let whole = Msg::Whole { session: SessionId(77), nodes, leaf: Some(MessageId(4)) };
        let effects = chat.send(whole);
        let [Effect::Generate { generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        let texts = said(generation).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts, ["Be brief.", "one", "1", "two", "2", "three"]);
        chat.keys("<Esc>kkkk");
        assert_eq!(chat.model.current().turns().len(), 3, "earlier ones come when they are wanted");
    }

    #[test]
    fn an_answer_of_another_window_is_shown_when_it_is_complete() {
        let mut chat = Chat::new();
        let (info, mut nodes) = saved_session(NodeState::Streaming);
        open(&mut chat, &info, &nodes);
        assert_eq!(*chat.turn(1).phase(), Phase::Elsewhere);
        assert_eq!(chat.model.open_turns().count(), 0);
        assert_eq!(chat.send(Msg::Changed), [Effect::Reread(SessionId(77))]);
        nodes[3] = node(4, Some(3), "2 and more", NodeState::Complete);
        let whole = Msg::Whole { session: SessionId(77), nodes, leaf: Some(MessageId(4)) };
        chat.send(whole);
        assert_eq!(chat.turn(1).answer(), "2 and more");
        assert_eq!(*chat.turn(1).phase(), Phase::Finished(StopReason::EndOfTurn));
        let peek = Effect::Peek(SessionId(77), MessageId(4));
        assert_eq!(chat.send(Msg::Changed), [peek], "and then nothing is read again");
    }

    #[test]
    fn what_another_window_adds_is_shown_behind_what_is_there() {
        let mut chat = Chat::new();
        let (info, mut nodes) = saved_session(NodeState::Complete);
        open(&mut chat, &info, &nodes);
        let whole = nodes.clone();
        chat.send(Msg::Whole { session: SessionId(77), nodes: whole, leaf: Some(MessageId(4)) });
        let older = nodes[..2].to_vec();
        chat.send(Msg::Grown { session: SessionId(77), nodes: older, leaf: MessageId(2) });
        assert_eq!(chat.model.current().turns().len(), 2, "what is not saved yet stays");
        let mut branch = nodes.clone();
        branch.push(node(9, Some(3), "another", NodeState::Complete));
        chat.send(Msg::Grown { session: SessionId(77), nodes: branch, leaf: MessageId(9) });
        assert_eq!(chat.turn(1).answer(), "2", "another branch is not followed");
        let epoch = chat.model.current().epoch();
        let mut asked = node(5, Some(4), "three", NodeState::Complete);
        asked.message.role = Role::User;
        nodes.push(asked);
        nodes.push(node(6, Some(5), "3", NodeState::Complete));
        chat.send(Msg::Grown { session: SessionId(77), nodes, leaf: MessageId(6) });
        assert_eq!(chat.turn(2).answer(), "3");
        assert_eq!(chat.model.current().epoch(), epoch, "what is read stays where it is");
        let next = chat.ask("four");
        assert_eq!(next.messages.len(), 8, "it is asked behind that");
    }

    #[test]
    fn changes_are_told_only_while_something_on_the_screen_depends_on_them() {
        let mut chat = Chat::new();
        let watches = |effects: Vec<Effect>| {
            let watches = effects.into_iter().filter(|effect| matches!(effect, Effect::Watch(_)));
            watches.collect::<Vec<_>>()
        };
        let mut key = |key: Key| watches(chat.model.update(Msg::Key { key, at: Duration::ZERO }));
        assert_eq!(key(Key::ctrl('o')), [Effect::Watch(true)]);
        assert_eq!(key(Key::plain(KeyCode::Down)), []);
        assert_eq!(key(Key::plain(KeyCode::Esc)), [Effect::Watch(false)]);
    }

    #[test]
    fn how_saving_goes_is_on_the_model() {
        let mut chat = Chat::new();
        let version = chat.model.version();
        let held = Saving::Held(Fault::new("no space"));
        chat.send(Msg::Saving(held.clone()));
        assert_eq!(*chat.model.saving(), held);
        assert_ne!(chat.model.version(), version);
    }
}

mod finding {
    use super::*;
    use crate::app::Asks;
    use crate::app::Entry;
    use crate::app::Hit;
    use crate::chat::MessageId;
    use crate::chat::Node;
    use crate::chat::NodeState;
    use crate::chat::SessionInfo;
    use crate::chat::Timestamp;

    fn entry(id: u128, title: &str) -> Entry {
        let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
        info.title = title.to_owned();
        Entry { info, messages: 2, answering: false }
    }

    fn picking() -> Chat {
        let mut chat = Chat::new();
        chat.answered(0, "one", "1");
        assert_eq!(chat.keys("<C-o>"), [Effect::List]);
        let own = entry(0, "one");
        let effects = chat.send(Msg::Listed(vec![own, entry(7, "sky"), entry(8, "sea")]));
        assert_eq!(effects, [Effect::Preview(SessionId(0))]);
        chat.saved.clear();
        chat
    }

    fn titles(chat: &Chat) -> Vec<&str> {
        chat.model.picker().shown().map(|entry| entry.info.title.as_str()).collect()
    }

    #[test]
    fn a_session_is_found_and_opened_while_another_streams() {
        let mut chat = Chat::new();
        chat.ask("long");
        chat.keys("<C-o>");
        chat.send(Msg::Listed(vec![entry(7, "sky"), entry(8, "sea")]));
        chat.keys("s");
        assert_eq!(chat.keys("<Down>"), [Effect::Preview(SessionId(8))]);
        chat.delta(0, "on and on");
        assert_eq!(chat.turn(0).answer(), "on and on");
        assert_eq!(chat.keys("<Enter>"), [Effect::Open(SessionId(8))]);
        assert_eq!(chat.model.overlay(), None);
    }

    #[test]
    fn one_that_is_open_is_shown_at_once() {
        let mut chat = picking();
        chat.keys("<Esc><C-n><C-o>");
        chat.send(Msg::Listed(vec![entry(0, "one")]));
        assert_eq!(chat.keys("<Enter>"), []);
        assert_eq!((chat.model.current_index(), chat.model.overlay()), (0, None));
    }

    #[test]
    fn deleting_asks_and_can_be_undone_until_the_list_closes() {
        let mut chat = picking();
        chat.keys("<Down><Del>n");
        assert_eq!(titles(&chat), ["one", "sky", "sea"]);
        chat.keys("<Del>y");
        assert_eq!(titles(&chat), ["one", "sea"]);
        chat.keys("<C-_>");
        assert_eq!(titles(&chat), ["one", "sky", "sea"]);
        chat.keys("<C-d>y");
        assert!(chat.saved.is_empty(), "{:?}", chat.saved);
        assert_eq!(chat.keys("<Esc>"), [Effect::Forget(SessionId(7))]);
        assert_eq!(chat.saved, [Save::Remove(SessionId(7))]);
    }

    #[test]
    fn deleting_the_one_in_front_closes_it_and_leaving_deletes_too() {
        let mut chat = picking();
        chat.keys("<Del>y");
        let effects = chat.send(Msg::Quit(chat.now));
        assert_eq!(effects, [Effect::Forget(SessionId(0)), Effect::Exit]);
        assert_eq!(chat.saved, [Save::Remove(SessionId(0))]);
        assert!(chat.model.current().turns().is_empty());
    }

    #[test]
    fn one_that_answers_is_not_deleted() {
        let mut chat = picking();
        let busy = Entry { answering: true, ..entry(7, "sky") };
        chat.send(Msg::Listed(vec![busy]));
        chat.keys("<Del>");
        assert_eq!(*chat.model.picker().asks(), Asks::Nothing);
        assert!(chat.notice().contains("still running"), "{}", chat.notice());
    }

    #[test]
    fn renaming_and_archiving_from_the_list() {
        let mut chat = picking();
        chat.keys("<C-e>!<BS> more<Enter>");
        assert_eq!(chat.model.current().title().map(Clean::as_str), Some("one more"));
        chat.keys("<Down><C-a>");
        assert_eq!(titles(&chat), ["one more", "sea"]);
        assert_eq!(
            chat.saved,
            [
                Save::Rename { session: SessionId(0), title: "one more".into() },
                Save::Archive { session: SessionId(7), archived: true },
            ]
        );
    }

    #[test]
    fn tags_of_the_session_in_front() {
        let mut chat = picking();
        chat.keys("<Esc>/tag work +home -none<Enter>");
        assert_eq!(chat.notice(), "tags: home work");
        let [Save::Tag { add, remove, .. }] = chat.saved.as_slice() else {
            panic!("{:?}", chat.saved)
        };
        assert_eq!((add.len(), remove.as_slice()), (2, &["none".to_owned()][..]));
        chat.keys("/archive<Enter>");
        assert!(matches!(chat.saved.last(), Some(Save::Archive { archived: true, .. })));
    }

    #[test]
    fn a_search_jumps_to_the_message_on_whichever_branch_it_is() {
        let mut chat = Chat::new();
        assert_eq!(chat.keys("/search sky<Enter>"), [Effect::Find("sky".into())]);
        assert_eq!(chat.keys("x<BS>"), [Effect::Find("skyx".into()), Effect::Find("sky".into())]);
        let hit = Hit {
            session: SessionId(7),
            title: "t".into(),
            message: MessageId(2),
            role: Role::Assistant,
            created: Timestamp(0),
            context: "the sky".into(),
            place: 4..7,
        };
        chat.send(Msg::Found { query: "skyx".into(), hits: Err(Fault::new("late")) });
        assert!(chat.model.search().told().is_none() && !chat.model.search().is_current());
        chat.send(Msg::Found { query: "sky".into(), hits: Ok(vec![hit]) });
        assert_eq!(chat.keys("<Enter>"), [Effect::Open(SessionId(7))]);
        let node = |id: u128, parent: Option<u128>, role, text: &str| Node {
            id: MessageId(id),
            parent: parent.map(MessageId),
            created: Timestamp(0),
            message: crate::chat::Message::text(role, text),
            state: NodeState::Complete,
            answer: None,
        };
        let nodes = vec![
            node(1, None, Role::User, "why?"),
            node(2, Some(1), Role::Assistant, "the sky"),
            node(3, Some(1), Role::Assistant, "the sea"),
        ];
        let mut info = SessionInfo::new(SessionId(7), "quick", Timestamp(0));
        info.leaf = Some(MessageId(3));
        let siblings = vec![MessageId(2), MessageId(3)];
        let page = vec![(nodes[0].clone(), vec![MessageId(1)]), (nodes[2].clone(), siblings)];
        chat.send(Msg::Opened { info: Box::new(info), page });
        assert_eq!(chat.turn(0).answer(), "the sea");
        chat.send(Msg::Whole { session: SessionId(7), nodes, leaf: Some(MessageId(3)) });
        assert_eq!(chat.turn(0).answer(), "the sky");
        assert_eq!(chat.model.current().reading(), Some(MessageId(2)));
    }

    #[test]
    fn an_ephemeral_chat_reads_nothing() {
        let mut chat = Chat::ephemeral();
        assert_eq!(chat.keys("<C-o><C-r>/search x<Enter>"), []);
        assert_eq!(chat.model.overlay(), None);
    }
}

mod overflowing {
    use super::*;
    use crate::app::Growth;
    use crate::app::Larger;
    use crate::chat::FaultKind;
    use crate::chat::Limits;
    use crate::config::OnFull;

    fn chat(on_full: OnFull) -> Chat {
        let mut chat = Chat::new();
        let settings = Settings {
            on_full,
            limits: Limits { n_ctx: 100, ..Limits::default() },
            growth: Some(Growth { token_bytes: 1000, train_tokens: 150 }),
            ..chat.model.settings().clone()
        };
        chat.model = Model::new(settings, SessionId(0), 80, 24);
        for (turn, question) in (0..).zip(["one", "two", "three"]) {
            chat.answered(turn, &question.repeat(10), &"x".repeat(20));
        }
        chat.ask("four");
        chat
    }

    fn overflow(chat: &mut Chat, turn: u64) -> Vec<Effect> {
        let fault = Fault::new("the conversation has 150 tokens, the context holds 100");
        chat.finish(turn, StopReason::Failed(fault.kind(FaultKind::TooLong)))
    }

    fn sent(effects: &[Effect]) -> Vec<String> {
        let [Effect::Generate { generation, .. }] = effects else { panic!("{effects:?}") };
        said(generation).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn nothing_is_left_out_unless_the_user_says_so() {
        let mut chat = chat(OnFull::Ask);
        assert!(overflow(&mut chat, 3).is_empty());
        assert_eq!(chat.model.overlay(), Some(Overlay::Full));
        let (dropped, _) = chat.model.dropping().expect("something would go");
        assert_eq!(dropped, ["one".repeat(10), "two".repeat(10)]);
        assert!(chat.keys("x<Esc>").is_empty());
        assert_eq!((chat.model.overlay(), chat.model.current().sent_from()), (None, None));
    }

    #[test]
    fn the_oldest_are_left_out_and_stay_in_the_tree() {
        let mut chat = chat(OnFull::Ask);
        overflow(&mut chat, 3);
        chat.saved.clear();
        let effects = chat.keys("d");
        let three = "three".repeat(10);
        assert_eq!(sent(&effects), ["Be brief.", &three, &"x".repeat(20), "four"]);
        assert_eq!(chat.model.current().turns().len(), 4, "they are still shown");
        let from = chat.model.current().sent_from();
        assert_eq!(from, chat.turn(2).asked().map(|placed| placed.id));
        let Some(Save::Begin { nodes, .. }) = chat.saved.first() else {
            panic!("{:?}", chat.saved)
        };
        let settings = &nodes[0].answer.as_ref().expect("an answer").settings;
        assert_eq!(settings.sent_from, from, "a restart knows it");
        chat.delta(4, "4");
        chat.finish(4, StopReason::EndOfTurn);
        let next = chat.ask("five");
        assert_eq!(next.messages.len(), 6, "and it stays so");
        chat.finish(5, StopReason::EndOfTurn);
        chat.keys("<Esc>kkkkkkr");
        assert_eq!(chat.model.current().sent_from(), None, "an earlier branch is sent whole");
    }

    #[test]
    fn the_profile_can_decide_in_advance_but_not_twice() {
        let mut chat = chat(OnFull::DropOldest);
        let effects = overflow(&mut chat, 3);
        assert_eq!(sent(&effects).len(), 4);
        assert!(overflow(&mut chat, 4).is_empty());
        assert_eq!(chat.model.overlay(), Some(Overlay::Full));
        let mut chat = self::chat(OnFull::Stop);
        assert!(overflow(&mut chat, 3).is_empty());
        assert_eq!(chat.model.overlay(), None);
    }

    #[test]
    fn a_summary_is_a_message_in_their_place() {
        let mut chat = chat(OnFull::Ask);
        overflow(&mut chat, 3);
        let effects = chat.keys("s");
        let summary = sent(&effects);
        assert!(summary[1].contains(&"one".repeat(10)) && !summary[1].contains("three"));
        assert!(chat.model.current().is_summarising());
        chat.delta(4, "They counted.");
        chat.saved.clear();
        let effects = chat.finish(4, StopReason::EndOfTurn);
        let texts = sent(&effects);
        assert!(texts[0].contains("They counted."), "{texts:?}");
        assert_eq!(texts[1..], ["three".repeat(10), "x".repeat(20), "four".into()]);
        assert!(matches!(chat.saved.as_slice(), [Save::Add { .. }, Save::Begin { .. }]));
        let shown = chat.model.current().turns();
        assert_eq!(shown.len(), 5);
        assert_eq!(shown[3].asker(), Role::System);
        assert!(shown[3].shown_question().as_str().contains("They counted."));
    }

    #[test]
    fn a_summary_can_be_stopped() {
        let mut chat = chat(OnFull::Summarise);
        let effects = overflow(&mut chat, 3);
        assert_eq!(sent(&effects).len(), 2);
        assert!(chat.keys("waits<Enter>").is_empty());
        assert_eq!(chat.keys("<C-c>"), [Effect::Cancel(TurnId(4))]);
        assert!(chat.finish(4, StopReason::Cancelled).is_empty());
        assert!(chat.notice().contains("stopped by you"), "{}", chat.notice());
        assert_eq!((chat.model.current().turns().len(), chat.model.open_turns().count()), (4, 0));
    }

    #[test]
    fn a_fork_keeps_the_question() {
        let mut chat = chat(OnFull::Ask);
        overflow(&mut chat, 3);
        chat.keys("f");
        assert_eq!((chat.model.sessions().len(), chat.draft()), (2, "four"));
        assert_eq!(chat.model.current().turns().len(), 3);
    }

    #[test]
    fn a_larger_context_takes_everything() {
        let mut chat = chat(OnFull::Ask);
        overflow(&mut chat, 3);
        let larger = Larger { n_ctx: 150, more_bytes: 50_000 };
        assert_eq!(chat.model.larger(), Some(larger), "what the model was trained on");
        let effects = chat.keys("l");
        let [Effect::Enlarge(150), Effect::Generate { generation, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!((generation.messages.len(), generation.limits.n_ctx), (8, 150));
        assert_eq!(chat.model.overlay(), None);
        assert!(chat.notice().contains("150 tokens"), "{}", chat.notice());
        ready(&mut chat, 150);
        assert_eq!(chat.model.context_limit(), 150);
        assert!(chat.send(Msg::Lost(Fault::new("crashed"))).is_empty(), "it had room");
        overflow(&mut chat, 4);
        assert_eq!(chat.model.larger(), None);
        assert!(chat.keys("l").is_empty());
    }

    #[test]
    fn without_room_for_a_larger_context_there_is_the_one_before() {
        let mut chat = chat(OnFull::Ask);
        ready(&mut chat, 120);
        overflow(&mut chat, 3);
        let larger = Larger { n_ctx: 150, more_bytes: 30_000 };
        assert_eq!(chat.model.larger(), Some(larger), "beside what the pool has");
        chat.keys("l");
        let lost = chat.send(Msg::Lost(Fault::new("the model takes 3 GB")));
        assert_eq!(lost, [Effect::Enlarge(100)]);
        assert_eq!(chat.model.settings().limits.n_ctx, 100);
    }

    fn ready(chat: &mut Chat, pool_tokens: u32) {
        let info = ModelInfo {
            name: "m".into(),
            description: "llama".into(),
            pool_tokens,
            train_tokens: 150,
            weight_bytes: 1,
            system: String::new(),
        };
        let at = chat.now;
        chat.send(Msg::Load { state: LoadState::Ready(info), at });
    }

    #[test]
    fn a_single_question_that_is_too_long_drops_nothing() {
        let mut chat = Chat::new();
        chat.ask("one");
        overflow(&mut chat, 0);
        assert!(chat.keys("d").is_empty());
        assert!(chat.notice().contains("nothing before it"), "{}", chat.notice());
    }
}

mod sessions {
    use super::*;

    #[test]
    fn each_streams_on_while_another_is_in_front() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.keys("draft one<C-n>");
        assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (2, 1));
        assert_eq!(chat.draft(), "");
        let second = chat.ask("two");
        assert_eq!(second.session, chat.model.current().id());
        let version = chat.model.version();
        chat.delta(0, "answer");
        assert_eq!(chat.model.version(), version, "not on the screen");
        chat.finish(0, StopReason::EndOfTurn);
        assert!(chat.model.sessions()[0].has_news());
        chat.keys("<A-p>");
        assert!(!chat.model.sessions()[0].has_news());
        assert_eq!((chat.draft(), chat.turn(0).answer()), ("draft one", "answer"));
        assert!(chat.model.sessions()[1].running().is_some());
    }

    #[test]
    fn next_and_previous_go_around() {
        let mut chat = Chat::new();
        chat.keys("<C-n><C-n>");
        for (keys, wanted) in [
            ("<A-n>", 0),
            ("<A-p>", 2),
            ("<C-PgUp>", 1),
            ("<C-PgDn>", 2),
            ("<A-1>", 0),
            ("<A-9>", 0),
        ] {
            chat.keys(keys);
            assert_eq!(chat.model.current_index(), wanted, "{keys}");
        }
    }

    #[test]
    fn closing_cancels_and_forgets() {
        let mut chat = Chat::ephemeral();
        chat.keys("<C-n>");
        let second = chat.ask("two").session;
        assert!(chat.keys("<A-w>").is_empty());
        assert_eq!(chat.model.overlay(), Some(Overlay::Close));
        assert!(chat.keys("n").is_empty());
        let effects = chat.keys("/close<Enter>y");
        assert_eq!(effects, [Effect::Cancel(TurnId(0)), Effect::Forget(second)]);
        assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (1, 0));
        chat.delta(0, "late");
        assert_eq!(chat.model.open_turns().collect::<Vec<_>>(), [TurnId(0)]);
        chat.finish(0, StopReason::Cancelled);
        assert_eq!(chat.model.open_turns().count(), 0);
    }

    #[test]
    fn the_only_session_makes_way_for_a_new_one() {
        let mut chat = Chat::ephemeral();
        chat.answered(0, "one", "answer");
        assert_eq!(chat.keys("<A-w>y"), [Effect::Forget(SessionId(0))]);
        assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (1, 0));
        assert_ne!(chat.model.current().id(), SessionId(0));
        assert!(chat.model.current().turns().is_empty());
    }
}

mod leaving {
    use super::*;

    #[test]
    fn ctrl_c_stops_then_clears_then_asks_then_quits() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.keys("draft");
        assert_eq!(chat.keys("<C-c>"), [Effect::Cancel(TurnId(0))]);
        assert!(chat.turn(0).is_stopping() && chat.turn(0).is_open());
        assert!(chat.keys("<C-c>").is_empty());
        assert_eq!(chat.draft(), "");
        assert!(chat.keys("<C-c>").is_empty());
        assert!(matches!(chat.model.overlay(), Some(Overlay::Quit(_))));
        chat.wait(900);
        assert!(chat.keys("<C-c>").is_empty(), "cancelled already, not finished yet");
        assert!(chat.model.is_leaving());
        assert_eq!(chat.finish(0, StopReason::Cancelled), [Effect::Exit]);
        assert!(chat.keys("x<Enter>").is_empty());
    }

    #[test]
    fn a_second_ctrl_c_after_more_than_a_second_asks_again() {
        let mut chat = Chat::new();
        chat.keys("<C-c>");
        chat.wait(1001);
        assert!(chat.keys("<C-c>").is_empty());
        assert!(!chat.model.is_leaving());
        chat.wait(1000);
        assert_eq!(chat.keys("<C-c>"), [Effect::Exit]);
    }

    #[test]
    fn the_question_takes_yes_and_no() {
        let mut chat = Chat::new();
        assert!(chat.keys("<C-c>x<Esc>").is_empty());
        assert_eq!((chat.model.overlay(), chat.draft()), (None, ""));
        assert!(chat.keys("<C-c><A-y><C-y>n").is_empty());
        assert_eq!(chat.keys("<C-c>y"), [Effect::Exit]);
    }

    #[test]
    fn ctrl_d_quits_on_an_empty_draft_and_asks_while_an_answer_runs() {
        let mut chat = Chat::new();
        chat.ask("one");
        assert!(chat.keys("<C-d>").is_empty());
        assert!(matches!(chat.model.overlay(), Some(Overlay::Quit(_))));
        chat.keys("n");
        chat.finish(0, StopReason::EndOfTurn);
        assert!(chat.keys("x<C-a><C-d>").is_empty());
        assert_eq!(chat.draft(), "");
        assert_eq!(chat.keys("<C-d>"), [Effect::Exit]);
        let mut chat = Chat::new();
        assert_eq!(chat.keys("/quit<Enter>"), [Effect::Exit]);
    }

    #[test]
    fn a_signal_cancels_every_turn_and_waits_two_seconds() {
        let mut chat = Chat::new();
        chat.ask("one");
        chat.keys("<C-n>");
        chat.ask("two");
        chat.delta(1, "part");
        let effects = chat.send(Msg::Quit(chat.now));
        assert_eq!(effects, [Effect::Cancel(TurnId(0)), Effect::Cancel(TurnId(1))]);
        assert_eq!(chat.model.next_deadline(), Some(chat.now + Duration::from_secs(2)));
        assert!(chat.finish(0, StopReason::Cancelled).is_empty());
        chat.wait(1999);
        assert!(chat.send(Msg::Tick(chat.now)).is_empty());
        chat.wait(1);
        assert_eq!(chat.send(Msg::Tick(chat.now)), [Effect::Exit]);
        assert!(matches!(chat.turn(0).phase(), Phase::Finished(StopReason::Interrupted(_))));
        assert_eq!(chat.turn(0).answer(), "part");
    }

    #[test]
    fn the_deadline_leaves_at_once() {
        let mut chat = Chat::new();
        chat.ask("one");
        assert_eq!(chat.send(Msg::Deadline), [Effect::Exit]);
        assert!(!chat.turn(0).is_open());
    }

    #[test]
    fn suspending_and_repainting_are_the_runtimes() {
        let mut chat = Chat::new();
        assert_eq!(chat.keys("<C-z><C-l>"), [Effect::Suspend, Effect::Repaint]);
        let version = chat.model.version();
        chat.send(Msg::Redraw);
        assert_ne!(chat.model.version(), version);
    }
}

fn key() -> impl Strategy<Value = String> {
    let names = [
        "<Enter>",
        "<C-j>",
        "<C-c>",
        "<C-d>",
        "<C-n>",
        "<A-n>",
        "<A-p>",
        "<A-w>",
        "<PgUp>",
        "<PgDn>",
        "<Home>",
        "<End>",
        "<F1>",
        "<Esc>",
        "<C-z>",
        "<C-l>",
        "<C-o>",
        "<C-r>",
        "<Del>",
        "<Up>",
        "<Down>",
        "<BS>",
        "<C-w>",
        "<C-_>",
        "<A-1>",
        "y",
        "n",
        "a",
        "?",
        " ",
        "/close<Enter>",
        "hi<Enter>",
    ];
    prop::sample::select(names.map(str::to_owned).to_vec())
}

fn reason() -> impl Strategy<Value = StopReason> {
    prop::sample::select(vec![
        StopReason::EndOfTurn,
        StopReason::Cancelled,
        StopReason::Failed(Fault::new("no")),
    ])
}

fn event() -> impl Strategy<Value = TurnEvent> {
    prop_oneof![
        (0..3_u32).prop_map(|ahead| TurnEvent::Token(TokenEvent::Queued(ahead))),
        any::<(u32, u32, u32)>().prop_map(|(done, total, cached)| {
            TurnEvent::Token(TokenEvent::Prefill { done, total, cached })
        }),
        ".{0,4}".prop_map(|text| TurnEvent::Token(TokenEvent::Delta(text))),
        reason().prop_map(|reason| {
            TurnEvent::Token(TokenEvent::Finished(reason, Usage::default()))
        }),
    ]
}

/// One step of a random run; the number is a time or a turn.
#[derive(Clone, Debug)]
enum Step {
    Keys(String),
    Paste(String),
    Turn(u64, TurnEvent),
    Wait(u64),
    Send(Msg),
}

fn step() -> impl Strategy<Value = Step> {
    let laid = (0..3_u128, 1..90_u16, 0..40_u16, 0..500_usize, 0..500_usize).prop_map(
        |(session, width, height, rows, top)| {
            let session = SessionId(session);
            Step::Send(Msg::Laid(Laid {
                session,
                width,
                height,
                rows,
                top,
                anchor: None,
                epoch: 0,
                composer_width: width,
                help_slack: height,
            }))
        },
    );
    prop_oneof![
        8 => key().prop_map(Step::Keys),
        1 => ".{0,20}".prop_map(Step::Paste),
        8 => (0..6_u64, event()).prop_map(|(turn, event)| Step::Turn(turn, event)),
        2 => (0..1500_u64).prop_map(Step::Wait),
        2 => laid,
        1 => Just(Step::Send(Msg::Lost(Fault::new("gone")))),
        1 => Just(Step::Send(Msg::Redraw)),
    ]
}

/// What must hold after every message.
fn hold(chat: &Chat, effects: &[Effect], deadline: bool) -> Result<(), TestCaseError> {
    let sessions = chat.model.sessions();
    prop_assert!(chat.model.current_index() < sessions.len());
    for session in sessions {
        let turns = session.turns();
        let earlier = &turns[..turns.len().saturating_sub(1)];
        prop_assert!(earlier.iter().all(|turn| !turn.is_open()), "two turns run in one session");
    }
    let exits = effects.iter().filter(|effect| **effect == Effect::Exit).count();
    let open = chat.model.open_turns().count();
    prop_assert!(exits == 0 || deadline || open == 0, "left with {open} open");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any run keeps the invariants, a turn's end is final, and leaving always comes to an end.
    #[test]
    fn any_run_keeps_its_promises(steps in prop::collection::vec(step(), 0..80)) {
        let mut chat = Chat::new();
        let mut ended = std::collections::BTreeMap::new();
        let mut generated = Vec::new();
        let mut exits = 0;
        for step in steps {
            let effects = match step {
                Step::Keys(keys) => chat.keys(&keys),
                Step::Paste(text) => chat.send(Msg::Paste(text)),
                Step::Turn(turn, event) => {
                    chat.send(Msg::Turn { turn: TurnId(turn), event, at: chat.now })
                }
                Step::Wait(ms) => {
                    chat.wait(ms);
                    chat.send(Msg::Tick(chat.now))
                }
                Step::Send(msg) => chat.send(msg),
            };
            hold(&chat, &effects, false)?;
            exits += effects.iter().filter(|effect| **effect == Effect::Exit).count();
            for effect in &effects {
                if let Effect::Generate { turn, .. } = effect {
                    prop_assert!(!generated.contains(turn), "a turn is begun once");
                    generated.push(*turn);
                }
            }
            for turn in chat.model.sessions().iter().flat_map(Session::turns) {
                if let Phase::Finished(reason) = turn.phase() {
                    let first = ended.entry(turn.id()).or_insert_with(|| reason.clone());
                    prop_assert_eq!(&*first, reason, "an end is final");
                }
            }
        }
        chat.send(Msg::Quit(chat.now));
        let effects = chat.send(Msg::Deadline);
        hold(&chat, &effects, true)?;
        exits += effects.iter().filter(|effect| **effect == Effect::Exit).count();
        prop_assert!(exits <= 1);
        prop_assert_eq!(chat.model.open_turns().count(), 0);
        prop_assert!(chat.model.update(Msg::Redraw).is_empty());
        prop_assert_eq!(chat.model.next_deadline(), None);
    }
}
