//! A conversation that no longer fits its context.

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
    let Some(Change::Begin { nodes, .. }) = chat.saved.first() else { panic!("{:?}", chat.saved) };
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
    assert!(matches!(chat.saved.as_slice(), [Change::Add { .. }, Change::Begin { .. }]));
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
        ..ModelInfo::default()
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
