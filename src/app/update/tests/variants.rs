//! Edited questions, other answers, forks: nothing is overwritten.

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
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
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
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
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
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
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
fn replay(saved: &[Change], of: SessionId) -> BTreeMap<MessageId, (String, NodeState)> {
    let mut stores: BTreeMap<SessionId, BTreeMap<MessageId, Stored>> = BTreeMap::new();
    for save in saved {
        match save {
            Change::Begin { session, nodes } => {
                let store = stores.entry(session.id).or_default();
                for node in nodes {
                    assert!(node.parent.is_none_or(|parent| store.contains_key(&parent)));
                    assert!(node.state != NodeState::Streaming || node.message.plain().is_empty());
                    let new = (node.message.plain(), node.state, node.parent);
                    assert!(store.insert(node.id, new).is_none(), "a message is begun once");
                }
            }
            Change::Append { session, message, from_byte, text, .. } => {
                let store = stores.get_mut(session).expect("it is there");
                let (had, state, _) = store.get_mut(message).expect("it is there");
                assert_eq!((had.len() as u64, *state), (*from_byte, NodeState::Streaming));
                had.push_str(text);
            }
            Change::Finish { session, message, state, .. } => {
                let store = stores.get_mut(session).expect("it is there");
                let (_, before, _) = store.get_mut(message).expect("it is there");
                assert_eq!(*before, NodeState::Streaming, "it ends once");
                *before = *state;
            }
            Change::Fork { from, at, into, .. } => {
                let store = &stores[from];
                let way = std::iter::successors(*at, |id| store[id].2);
                let copy = way.map(|id| (id, store[&id].clone())).collect();
                stores.insert(*into, copy);
            }
            Change::Select { session, leaf } => assert!(stores[session].contains_key(leaf)),
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

/// Has a question begun at `lan` and broken off there; returns what follows.
fn breaks_off(chat: &mut Chat, anew: bool) -> Vec<Effect> {
    let lan = Route::Remote("lan".into());
    let event = TurnEvent::Routed(Decision::new(lan, "big", "so"));
    chat.send(Msg::Turn { turn: TurnId(0), event, at: chat.now });
    chat.delta(0, "Half of ");
    if anew {
        chat.send(Msg::Turn { turn: TurnId(0), event: TurnEvent::Anew, at: chat.now });
    }
    chat.finish(0, StopReason::Interrupted(Fault::new("lan: gone")))
}

#[test]
fn an_answer_that_nobody_goes_on_with_is_begun_anew_and_its_part_stays() {
    let mut chat = Chat::new();
    let asked = chat.ask("Why?");
    chat.keys("Later?<Enter>");
    let effects = breaks_off(&mut chat, true);
    let [Effect::Generate { turn, generation, pin, broke_off }] = effects.as_slice() else {
        panic!("one turn: {effects:?}")
    };
    assert_eq!((pin, broke_off), (&None, &Some(Route::Remote("lan".into()))));
    assert_eq!(generation.messages, asked.messages, "the same question, without the part");
    assert!(chat.notice().contains("begun anew"), "{}", chat.notice());
    // Both are in the tree; what was queued waits for the new one.
    let tree = chat.model.current().tree();
    assert_eq!(tree.len(), 3);
    let parts: Vec<_> =
        tree.nodes().into_iter().filter(|node| node.message.role == Role::Assistant).collect();
    assert_eq!(parts[0].message.plain(), "Half of ");
    assert_eq!((parts[0].state, parts[1].state), (NodeState::Interrupted, NodeState::Streaming));
    let turn = turn.0;
    chat.delta(turn, "All of it.");
    let next = chat.finish(turn, StopReason::EndOfTurn);
    assert!(matches!(next.as_slice(), [Effect::Generate { broke_off: None, .. }]), "{next:?}");
}

#[test]
fn what_breaks_off_where_there_is_nowhere_else_or_at_the_users_word_stays_as_it_is() {
    let mut chat = Chat::new();
    chat.ask("Why?");
    assert!(breaks_off(&mut chat, false).is_empty());
    let mut chat = Chat::new();
    chat.ask("Why?");
    chat.keys("<C-c>");
    assert!(breaks_off(&mut chat, true).is_empty(), "it was stopped");
}

#[test]
fn a_pin_holds_for_what_is_begun_anew() {
    let mut chat = Chat::new();
    chat.keys("/route once remote<Enter>");
    chat.keys("Why?<Enter>");
    let effects = breaks_off(&mut chat, true);
    assert!(
        matches!(effects.as_slice(), [Effect::Generate { pin: Some(Pin::Remote(None)), .. }]),
        "{effects:?}"
    );
}
