//! Every way out.

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
