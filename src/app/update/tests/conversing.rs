//! Turns: what goes out, what comes back, what waits.

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
        [(Role::User, "What is 2+2?".into()), (Role::Assistant, raw), (Role::User, "Sure?".into()),]
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
