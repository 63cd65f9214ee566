//! Lines where the terminal is not taken: what is asked is answered by a word or a number.

use super::*;
use crate::app::Growth;
use crate::chat::FaultKind;
use crate::chat::Limits;
use crate::chat::Listed;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;

fn line(chat: &mut Chat, text: &str) -> Vec<Effect> {
    chat.send(Msg::Line { line: text.to_owned(), at: Duration::ZERO })
}

fn saved(id: u128, title: &str) -> Listed {
    let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
    info.title = title.to_owned();
    Listed { info, messages: 2, answering: false }
}

#[test]
fn a_line_is_sent_and_one_that_ends_in_a_backslash_goes_on() {
    let mut chat = Chat::new();
    assert_eq!(line(&mut chat, "one \\"), []);
    let effects = line(&mut chat, "two");
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(said(generation).last().map(|(_, text)| text.as_str()), Some("one \ntwo"));
    // What was no command is not in the way of the next line.
    chat.finish(0, StopReason::EndOfTurn);
    line(&mut chat, "/nwe");
    assert!(matches!(line(&mut chat, "three").as_slice(), [Effect::Generate { .. }]));
}

#[test]
fn a_question_takes_a_whole_word_and_nothing_else() {
    let mut chat = Chat::new();
    line(&mut chat, "one");
    line(&mut chat, "/quit");
    for (answer, asked) in [("maybe", true), ("yesterday", true), ("no", false)] {
        assert_eq!(line(&mut chat, answer), [], "{answer}");
        assert_eq!(matches!(chat.model.overlay(), Some(Overlay::Quit(_))), asked, "{answer}");
    }
    assert_eq!(chat.draft(), "", "no letter of it is typed");
    line(&mut chat, "/quit");
    assert_eq!(line(&mut chat, "Yes"), [Effect::Cancel(TurnId(0))]);
    assert!(chat.model.is_leaving());
}

#[test]
fn what_is_only_shown_takes_no_line() {
    for command in ["/help", "/device", "/route why"] {
        let mut chat = Chat::new();
        line(&mut chat, command);
        assert!(chat.model.overlay().is_some(), "{command}");
        let effects = line(&mut chat, "a question");
        assert!(effects.iter().any(|it| matches!(it, Effect::Generate { .. })), "{effects:?}");
        assert_eq!(chat.model.overlay(), None);
    }
}

#[test]
fn a_conversation_that_does_not_fit_is_decided_by_number() {
    let full = || {
        let mut chat = Chat::new();
        let settings = Settings {
            limits: Limits { n_ctx: 100, ..Limits::default() },
            growth: Some(Growth { token_bytes: 1000, train_tokens: 150 }),
            ..chat.model.settings().clone()
        };
        chat.model = Model::new(settings, SessionId(0), 80, 24);
        chat.answered(0, &"one".repeat(10), &"x".repeat(20));
        chat.ask("two");
        let fault = Fault::new("too long").kind(FaultKind::TooLong);
        chat.finish(1, StopReason::Failed(fault));
        assert_eq!(chat.model.overlay(), Some(Overlay::Full));
        chat
    };
    let mut chat = full();
    assert_eq!(line(&mut chat, "5"), []);
    assert_eq!(line(&mut chat, "d"), [], "what is told are numbers");
    assert_eq!(chat.model.overlay(), Some(Overlay::Full));
    assert!(matches!(line(&mut chat, "1").as_slice(), [Effect::Generate { .. }]));
    assert!(chat.model.current().sent_from().is_some());
    let mut chat = full();
    assert!(matches!(line(&mut chat, "2").as_slice(), [Effect::Generate { .. }]));
    assert!(chat.notice().starts_with("summing"));
    let mut chat = full();
    line(&mut chat, "3");
    assert_eq!(chat.model.sessions().len(), 2);
    let mut chat = full();
    assert_eq!(line(&mut chat, "4").first(), Some(&Effect::Enlarge(150)));
    let mut chat = full();
    assert_eq!((line(&mut chat, ""), chat.model.overlay()), (Vec::new(), None));
}

#[test]
fn lists_are_narrowed_by_words_and_chosen_from_by_number() {
    let mut chat = Chat::new();
    line(&mut chat, "/sessions");
    chat.send(Msg::Listed(vec![saved(7, "rivers"), saved(8, "seas"), saved(9, "river beds")]));
    assert_eq!(line(&mut chat, "4"), [], "there is none");
    line(&mut chat, "river");
    assert_eq!(chat.model.picker().shown().len(), 2);
    let second = chat.model.picker().shown().nth(1).map(|it| it.info.id).expect("two");
    let effects = line(&mut chat, "2");
    assert!(effects.contains(&Effect::Open(second)), "{effects:?}");
    assert_eq!(chat.model.overlay(), None);
    line(&mut chat, "/theme");
    assert!(chat.model.overlay().is_some(), "a list of themes");
    // A command goes on top of none of them.
    line(&mut chat, "/new");
    assert_eq!((chat.model.overlay(), chat.model.sessions().len()), (None, 2));
    assert_eq!(line(&mut chat, "/search seas").last(), Some(&Effect::Find("seas".into())));
    assert_eq!(line(&mut chat, "lakes").last(), Some(&Effect::Find("lakes".into())));
}

#[test]
fn there_is_no_sidebar_beside_lines() {
    let mut chat = Chat::new();
    let settings = Settings { sidebar: true, inline: true, ..Settings::default() };
    chat.model = Model::new(settings, SessionId(0), 160, 40);
    assert_eq!(chat.send(Msg::Redraw), []);
    assert_eq!(line(&mut chat, "/sidebar"), [Effect::List]);
    assert_eq!(chat.model.overlay(), Some(Overlay::Sessions));
}

#[test]
fn a_file_is_named_or_the_name_that_stands_there_is_taken() {
    let mut chat = Chat::new();
    chat.answered(0, "one", "an answer");
    for (answer, wanted) in [("y", "answer.md"), ("other.txt", "other.txt")] {
        line(&mut chat, "/save");
        assert_eq!(chat.model.overlay(), Some(Overlay::SaveTo));
        let effects = line(&mut chat, answer);
        let [Effect::Write { path, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(path, wanted);
    }
    line(&mut chat, "/save");
    assert_eq!((line(&mut chat, " "), chat.model.overlay()), (Vec::new(), None));
}
