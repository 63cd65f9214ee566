//! The list of sessions and the search.

use super::*;
use crate::app::Asks;
use crate::chat::Hit;
use crate::chat::Listed;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::PrivacyClass;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;

fn entry(id: u128, title: &str) -> Listed {
    let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
    info.title = title.to_owned();
    Listed { info, messages: 2, answering: false }
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
    assert_eq!(chat.saved, [Change::Remove(SessionId(7))]);
}

#[test]
fn deleting_the_one_in_front_closes_it_and_leaving_deletes_too() {
    let mut chat = picking();
    chat.keys("<Del>y");
    let effects = chat.send(Msg::Quit(chat.now));
    assert_eq!(effects, [Effect::Forget(SessionId(0)), Effect::Exit]);
    assert_eq!(chat.saved, [Change::Remove(SessionId(0))]);
    assert!(chat.model.current().turns().is_empty());
}

#[test]
fn one_that_answers_is_not_deleted() {
    let mut chat = picking();
    let busy = Listed { answering: true, ..entry(7, "sky") };
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
            Change::Rename { session: SessionId(0), title: "one more".into() },
            Change::Archive { session: SessionId(7), archived: true },
        ]
    );
}

#[test]
fn tags_of_the_session_in_front() {
    let mut chat = picking();
    chat.keys("<Esc>/tag work +home -none<Enter>");
    assert_eq!(chat.notice(), "tags: home work");
    let [Change::Tag { add, remove, .. }] = chat.saved.as_slice() else {
        panic!("{:?}", chat.saved)
    };
    assert_eq!((add.len(), remove.as_slice()), (2, &["none".to_owned()][..]));
    chat.keys("/archive<Enter>");
    assert!(matches!(chat.saved.last(), Some(Change::Archive { archived: true, .. })));
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
    chat.send(Msg::Whole {
        session: SessionId(7),
        nodes,
        leaf: Some(MessageId(3)),
        class: PrivacyClass::Open,
    });
    assert_eq!(chat.turn(0).answer(), "the sky");
    assert_eq!(chat.model.current().reading(), Some(MessageId(2)));
}

#[test]
fn an_ephemeral_chat_reads_nothing() {
    let mut chat = Chat::ephemeral();
    assert_eq!(chat.keys("<C-o><C-s>/search x<Enter>"), []);
    assert_eq!(chat.model.overlay(), None);
}
