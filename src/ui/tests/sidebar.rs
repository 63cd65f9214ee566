//! The open sessions beside the conversation.

use super::*;
use crate::ui::Target;

/// Opens sessions in every state: answered, failed, unread, running at an endpoint, new.
fn sessions(stage: &mut Stage) {
    stage.restart(Settings { sidebar: true, ..stage.model.settings().clone() });
    stage.load(LoadState::Ready(ModelInfo { pool_tokens: 4096, ..ModelInfo::default() }));
    stage.answered(0, "Why is the sky blue?", RAYLEIGH);
    stage.key(Key::ctrl('n'));
    stage.ask("夜空はなぜ暗いのですか");
    stage.prefilled(1);
    stage.token(1, TokenEvent::Finished(StopReason::Failed(Fault::new("gone")), Usage::default()));
    stage.key(Key::ctrl('n'));
    stage.ask("Tell me a long story about a dragon that nobody likes");
    stage.prefilled(2);
    stage.key(Key::ctrl('n'));
    stage.finished(2, StopReason::EndOfTurn);
    stage.ask("And now at work?");
    let decision = Decision::new(Route::Remote("work-server".into()), "big", "pinned");
    stage.event(3, TurnEvent::Routed(decision));
    stage.streamed(3, "It runs there");
    stage.key(Key::ctrl('n'));
    stage.ask("/route local");
}

#[test]
fn every_state_of_a_session() {
    for (width, height) in [(120, 30), (160, 50)] {
        let mut stage = Stage::ready(width, height);
        sessions(&mut stage);
        kept(&format!("sidebar_{width}x{height}"), &stage);
    }
}

fn is_there(stage: &Stage) -> bool {
    stage.shot().starts_with(" sessions ")
}

#[test]
fn there_is_none_where_there_is_no_room_or_when_it_is_not_wanted() {
    for (width, height) in [(119, 30), (80, 24), (40, 12)] {
        let mut stage = Stage::ready(width, height);
        sessions(&mut stage);
        assert!(!is_there(&stage), "{}", stage.shot());
    }
    let mut stage = Stage::ready(120, 30);
    sessions(&mut stage);
    assert!(is_there(&stage), "{}", stage.shot());
    stage.plain(KeyCode::F(3));
    stage.plain(KeyCode::F(3));
    assert!(!is_there(&stage), "{}", stage.shot());
}

#[test]
fn a_click_finds_the_session_or_the_message_that_is_drawn_there() {
    let mut stage = Stage::ready(120, 30);
    sessions(&mut stage);
    let second = stage.model.sessions()[1].id();
    assert_eq!(stage.view.at(5, 2), Some(Target::Session(second)));
    assert_eq!(stage.view.at(5, 20), None);
    assert_eq!(stage.view.at(27, 2), None, "the line between");
    stage.send(Msg::ClickSession(stage.model.sessions()[0].id()));
    let Some(Target::Message(..)) = stage.view.at(40, 2) else { panic!("{}", stage.shot()) };
    assert!(matches!(stage.view.at(5, 2), Some(Target::Session(_))));
}

#[test]
fn the_session_in_front_is_on_the_screen_however_many_there_are() {
    let mut stage = Stage::ready(120, 12);
    sessions(&mut stage);
    for _ in 0..20 {
        stage.key(Key::ctrl('n'));
    }
    assert!(stage.shot().contains("25   new"), "{}", stage.shot());
    stage.key(Key::alt(KeyCode::Char('1')));
    assert!(stage.shot().contains(" 1   Why is"), "{}", stage.shot());
}

#[test]
fn an_answer_that_grows_wraps_no_more_beside_it() {
    let mut stage = Stage::ready(160, 50);
    sessions(&mut stage);
    stage.ask("Go on");
    let before = stage.view.stats();
    stage.token(4, TokenEvent::Delta("word ".into()));
    assert!(stage.view.stats().wrapped_bytes - before.wrapped_bytes <= 64);
}

/// Tells which sessions were saved last.
fn saved(stage: &mut Stage, count: u128) {
    let listed = (100..100 + count).map(|id| {
        let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
        info.title = format!("夜 saved {id}\u{1b}[2J with a long title");
        Listed { info, messages: 2, answering: false }
    });
    stage.send(Msg::Recent(listed.collect()));
}

#[test]
fn saved_sessions_stand_below_and_one_is_selected() {
    for (width, height) in [(120, 30), (160, 50)] {
        let mut stage = Stage::ready(width, height);
        sessions(&mut stage);
        saved(&mut stage, 3);
        stage.plain(KeyCode::F(3));
        for _ in 0..2 {
            stage.plain(KeyCode::Down);
        }
        kept(&format!("sidebar_saved_{width}x{height}"), &stage);
    }
}

#[test]
fn the_selected_session_is_on_the_screen_and_a_click_finds_what_is_drawn() {
    let mut stage = Stage::ready(120, 12);
    sessions(&mut stage);
    saved(&mut stage, 30);
    stage.plain(KeyCode::F(3));
    for at in 100..130 {
        stage.plain(KeyCode::Down);
        let shot = stage.shot();
        assert!(shot.contains(&format!("saved {at}")), "{at}: {shot}");
    }
    // The last row of the screen has the last one.
    assert_eq!(stage.view.at(5, 11), Some(Target::Session(SessionId(129))));
    stage.plain(KeyCode::PageUp);
    stage.plain(KeyCode::Home);
    assert!(stage.shot().contains(" 1   Why is"), "{}", stage.shot());
    assert_eq!(stage.view.at(5, 6), None, "the heading");
    assert_eq!(stage.view.at(5, 7), Some(Target::Session(SessionId(100))));
}
