//! What is saved, when, and what comes back.

use super::*;
use crate::app::Goal;
use crate::chat::Draft;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::PrivacyClass;
use crate::chat::Saving;
use crate::chat::ScrollAnchor;
use crate::chat::SessionInfo;
use crate::chat::Span;
use crate::chat::Timestamp;

#[test]
fn a_question_is_saved_before_it_is_sent() {
    let mut chat = Chat::new();
    chat.send(Msg::Paste("one".into()));
    let effects = chat
        .model
        .update(Msg::Key { key: Key::plain(KeyCode::Enter), at: Duration::from_millis(5) });
    let [
        Effect::Save(Change::Begin { session, nodes }),
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
        Change::Append { from_byte, text, .. } => Some((from_byte, text)),
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
    let [Change::Append { from_byte: 4098, .. }, Change::Finish { state, answer, .. }] =
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
fn an_answer_that_goes_on_elsewhere_says_which_part_came_from_where() {
    let mut chat = Chat::new();
    chat.ask("one");
    let lan = Route::Remote("lan".to_owned());
    for (route, model, text) in [
        (Route::Remote("down".to_owned()), "x", ""),
        (lan.clone(), "big", "Once "),
        (lan.clone(), "bigger", "upon "),
        (Route::Local, "small", "a time"),
    ] {
        let event = TurnEvent::Routed(Decision::new(route, model, "so"));
        chat.send(Msg::Turn { turn: TurnId(0), event, at: chat.now });
        chat.delta(0, text);
    }
    assert_eq!(chat.turn(0).origins(), [&lan, &Route::Local]);
    chat.finish(0, StopReason::EndOfTurn);
    let span = |from_byte, route: &Route, model: &str| Span {
        from_byte,
        route: route.clone(),
        model: model.to_owned(),
    };
    let wanted = [span(0, &lan, "big"), span(5, &lan, "bigger"), span(10, &Route::Local, "small")];
    let Some(Change::Finish { answer, .. }) = chat.saved.last() else { panic!("{:?}", chat.saved) };
    assert_eq!(answer.spans, wanted);
    let routed = chat.saved.iter().filter_map(|save| match save {
        Change::Routed { span, .. } => Some(span),
        _ => None,
    });
    assert_eq!(routed.skip(1).cloned().collect::<Vec<_>>(), wanted, "as it went");
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
    let [Change::Create(info), Change::Keep { session, desk }] = chat.saved.as_slice() else {
        panic!("{:?}", chat.saved)
    };
    assert_eq!((info.id, *session), (SessionId(0), SessionId(0)));
    assert_eq!(
        (&desk.draft, desk.queued.len(), desk.scroll),
        (&Draft { text: "draft".into(), cursor: 4 }, 0, None)
    );
    assert_eq!(chat.model.next_deadline(), None);
    chat.saved.clear();
    chat.keys("!");
    chat.send(Msg::Quit(chat.now));
    assert!(
        matches!(chat.saved.as_slice(), [Change::Keep { desk, .. }] if desk.draft.text == "draf!t")
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
    assert!(matches!(chat.saved.as_slice(), [Change::Remove(_)]), "{:?}", chat.saved);
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
    chat.send(Msg::Whole {
        session: SessionId(77),
        nodes,
        leaf: Some(MessageId(4)),
        class: PrivacyClass::Open,
    });
    let effects = chat.keys("<C-c><Esc>jjjx");
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(said(generation).last(), Some(&(Role::Assistant, "2".into())));
}

#[test]
fn what_is_asked_before_all_was_read_waits_for_it() {
    let mut chat = Chat::new();
    let (info, nodes) = saved_session(NodeState::Complete);
    open(&mut chat, &info, &nodes[2..]);
    assert_eq!(chat.model.current().turns().len(), 1);
    assert!(chat.keys("<C-c>three<Enter>").is_empty());
    let whole = Msg::Whole {
        session: SessionId(77),
        nodes,
        leaf: Some(MessageId(4)),
        class: PrivacyClass::Open,
    };
    let effects = chat.send(whole);
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
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
    let whole = Msg::Whole {
        session: SessionId(77),
        nodes,
        leaf: Some(MessageId(4)),
        class: PrivacyClass::Open,
    };
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
    chat.send(Msg::Whole {
        session: SessionId(77),
        nodes: whole,
        leaf: Some(MessageId(4)),
        class: PrivacyClass::Open,
    });
    let older = nodes[..2].to_vec();
    chat.send(Msg::Grown {
        session: SessionId(77),
        nodes: older,
        leaf: MessageId(2),
        class: PrivacyClass::Open,
    });
    assert_eq!(chat.model.current().turns().len(), 2, "what is not saved yet stays");
    let mut branch = nodes.clone();
    branch.push(node(9, Some(3), "another", NodeState::Complete));
    chat.send(Msg::Grown {
        session: SessionId(77),
        nodes: branch,
        leaf: MessageId(9),
        class: PrivacyClass::Open,
    });
    assert_eq!(chat.turn(1).answer(), "2", "another branch is not followed");
    let epoch = chat.model.current().epoch();
    let mut asked = node(5, Some(4), "three", NodeState::Complete);
    asked.message.role = Role::User;
    nodes.push(asked);
    nodes.push(node(6, Some(5), "3", NodeState::Complete));
    chat.send(Msg::Grown {
        session: SessionId(77),
        nodes,
        leaf: MessageId(6),
        class: PrivacyClass::Open,
    });
    assert_eq!(chat.turn(2).answer(), "3");
    assert_eq!(chat.model.current().epoch(), epoch, "what is read stays where it is");
    let next = chat.ask("four");
    assert_eq!(next.messages.len(), 8, "it is asked behind that");
}

#[test]
fn another_size_shows_no_more_than_the_end_where_that_is_looked_at() {
    let mut chat = Chat::new();
    let (mut info, _) = saved_session(NodeState::Complete);
    let text = |id: u128| format!("number {id}");
    let parent = |id: u128| (id > 1).then(|| id - 1);
    let all = (1..=400).map(|id| node(id, parent(id), &text(id), NodeState::Complete));
    let all: Vec<Node> = all.collect();
    info.leaf = Some(MessageId(400));
    open(&mut chat, &info, &all);
    let turns = |chat: &Chat| chat.model.current().turns().len();
    let first = turns(&chat);
    assert!(first < 200, "{first} of 200 turns");
    chat.send(Msg::Laid(Laid { rows: 2000, ..laid(&chat) }));
    chat.keys("<C-Home>");
    assert_eq!(turns(&chat), 200, "everything");
    chat.send(Msg::Resize { width: 60, height: 20 });
    assert_eq!(turns(&chat), 200, "what is looked at stays");
    chat.keys("<C-End>");
    chat.send(Msg::Resize { width: 70, height: 20 });
    assert_eq!(turns(&chat), first);
    assert_eq!(chat.model.current().turns().last().map(Turn::answer), Some("number 400"));
    chat.keys("<C-Home>");
    assert_eq!(turns(&chat), 200, "and all of it comes back");
}

fn laid(chat: &Chat) -> Laid {
    Laid {
        session: chat.model.current().id(),
        width: 57,
        height: 10,
        rows: 0,
        top: 0,
        anchor: None,
        epoch: chat.model.current().epoch(),
        composer_width: 58,
        help_slack: 0,
    }
}

#[test]
fn what_another_window_has_asked_waits_here_no_longer() {
    let mut chat = Chat::new();
    let (mut info, mut nodes) = saved_session(NodeState::Complete);
    info.queued = ["one", "three", "five"].map(str::to_owned).to_vec();
    open(&mut chat, &info, &nodes[2..]);
    let queue = |chat: &Chat| chat.model.current().queue().map(str::to_owned).collect::<Vec<_>>();
    chat.send(Msg::Whole {
        session: SessionId(77),
        nodes: nodes.clone(),
        leaf: Some(MessageId(4)),
        class: PrivacyClass::Open,
    });
    assert_eq!(queue(&chat), ["one", "three", "five"], "what was asked before is asked again");
    let mut asked = node(5, Some(4), "three", NodeState::Complete);
    asked.message.role = Role::User;
    nodes.extend([asked, node(6, Some(5), "3", NodeState::Complete)]);
    chat.send(Msg::Grown {
        session: SessionId(77),
        nodes,
        leaf: MessageId(6),
        class: PrivacyClass::Open,
    });
    assert_eq!(queue(&chat), ["one", "five"]);
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
    let held = Saving::Held { fault: Fault::new("no space"), waiting: 1 };
    chat.send(Msg::Saving(held.clone()));
    assert_eq!(*chat.model.saving(), held);
    assert_ne!(chat.model.version(), version);
}
