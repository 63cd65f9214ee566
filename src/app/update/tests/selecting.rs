//! Where a session is answered and by what: chosen from lists, by key and by command.

use super::*;
use crate::chat::Answer;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Place;
use crate::chat::PrivacyClass;
use crate::chat::SessionInfo;
use crate::chat::Shelved;
use crate::chat::Timestamp;
use crate::chat::TurnSettings;

fn place(endpoint: &str) -> Place {
    Place { endpoint: endpoint.into(), model: "big".into(), measured: None, rejected: None }
}

fn shelved(name: &str, fits: bool) -> Shelved {
    Shelved {
        name: name.into(),
        bytes: 98_000_000,
        fits: Some(fits),
        decode_tps: None,
        fault: None,
    }
}

/// A chat whose session may go to two endpoints, with a model that is loaded.
fn chat() -> Chat {
    let mut chat = Chat::new();
    let origin = |name: &str| (name.to_owned(), format!("https://{name}.example"));
    let settings = Settings {
        model: "small".into(),
        privacy: PrivacyClass::Open,
        leaves_to: vec![origin("lan"), origin("far")],
        ..Settings::default()
    };
    chat.model = Model::new(settings, SessionId(0), 80, 24);
    let state = LoadState::Ready(ModelInfo { pool_tokens: 4096, ..ModelInfo::default() });
    chat.send(Msg::Load { state, at: Duration::ZERO });
    chat
}

/// Opens the list of routes and models, and tells what there is.
fn open(chat: &mut Chat) {
    let effects = chat.key(Key::plain(KeyCode::F(4)));
    assert_eq!(effects, [Effect::Places(0), Effect::Shelf]);
    chat.send(Msg::Places(vec![place("lan"), place("far")]));
    chat.send(Msg::Shelved(vec![shelved("small", true), shelved("large", false)]));
}

fn labels(chat: &Chat) -> Vec<&str> {
    chat.model.palette().shown().map(|choice| choice.label.as_str()).collect()
}

#[test]
fn the_list_holds_every_route_and_every_model() {
    let mut chat = chat();
    open(&mut chat);
    let wanted = [
        "route: as the mode says (now)",
        "route: this device",
        "route: lan",
        "route: far",
        "model: small (now)",
        "model: large",
    ];
    assert_eq!(labels(&chat), wanted);
    let details: Vec<&str> =
        chat.model.palette().shown().map(|choice| choice.detail.as_str()).collect();
    assert_eq!(details[2], "not measured · big");
    assert_eq!(details[5], "too large · not measured · 98 MB");
}

#[test]
fn a_route_that_is_chosen_is_pinned() {
    let mut chat = chat();
    open(&mut chat);
    chat.keys("far<Enter>");
    assert_eq!(chat.model.overlay(), None);
    assert_eq!(chat.model.current().pin(), Some(&Pin::Remote(Some("far".into()))));
    assert_eq!(chat.notice(), "every turn runs on far");
    open(&mut chat);
    assert!(labels(&chat).contains(&"route: far (now)"));
    chat.keys("mode says<Enter>");
    assert_eq!(chat.model.current().pin(), None);
}

#[test]
fn what_is_told_late_keeps_what_is_typed_and_selected() {
    let mut chat = chat();
    chat.key(Key::plain(KeyCode::F(4)));
    chat.keys("route<Down><Down>");
    chat.send(Msg::Places(vec![place("lan"), place("far")]));
    chat.send(Msg::Shelved(vec![shelved("small", true)]));
    assert_eq!(chat.model.palette().query(), "route");
    chat.keys("<Enter>");
    assert_eq!(chat.model.current().pin(), Some(&Pin::Remote(Some("lan".into()))));
}

#[test]
fn a_model_that_is_chosen_answers_the_session_from_the_next_turn_on() {
    let mut chat = chat();
    open(&mut chat);
    let effects = chat.keys("large<Enter>");
    assert_eq!(effects, [Effect::Model(SessionId(0), "large".into())]);
    assert_eq!(chat.model.settings().model, "large");
    assert!(matches!(chat.model.engine().state(), EngineState::Loading(_)));
    chat.ask_allowed("Why?");
    let begun = chat.saved.iter().find_map(|change| match change {
        Change::Begin { nodes, .. } => nodes.iter().find_map(|node| node.answer.as_deref()),
        _ => None,
    });
    assert_eq!(begun.expect("an answer").settings.model.as_deref(), Some("large"), "it is kept");
    // Another session has the profile's model, and this one is as it was when it is in front again.
    let effects = chat.keys("<C-n>");
    assert!(effects.contains(&Effect::Model(chat.model.current().id(), "small".into())));
    let effects = chat.keys("<A-p>");
    assert!(effects.contains(&Effect::Model(SessionId(0), "large".into())));
}

#[test]
fn a_model_that_cannot_be_had_is_given_up() {
    let mut chat = chat();
    let effects = chat.keys("/model nowhere<Enter>");
    assert_eq!(effects, [Effect::Model(SessionId(0), "nowhere".into())]);
    let fault = Fault::new("no model nowhere");
    let effects = chat.send(Msg::NoModel { session: SessionId(0), fault });
    assert_eq!(effects, [Effect::Model(SessionId(0), "small".into())]);
    assert_eq!(
        (chat.model.settings().model.as_str(), chat.notice()),
        ("small", "no model nowhere")
    );
}

#[test]
fn the_model_of_a_saved_session_comes_back() {
    let mut chat = chat();
    let settings = TurnSettings { model: Some("large".into()), ..TurnSettings::default() };
    let node = |id, parent: Option<u128>, role| Node {
        id: MessageId(id),
        parent: parent.map(MessageId),
        created: Timestamp(0),
        message: Message::text(role, "said"),
        state: NodeState::Complete,
        answer: (role == Role::Assistant)
            .then(|| Box::new(Answer { settings: settings.clone(), ..Answer::default() })),
    };
    let nodes = [node(1, None, Role::User), node(2, Some(1), Role::Assistant)];
    let mut info = SessionInfo::new(SessionId(7), "quick", Timestamp(0));
    info.leaf = Some(MessageId(2));
    let page = nodes.iter().map(|node| (node.clone(), vec![node.id])).collect();
    let effects = chat.send(Msg::Opened { info: Box::new(info), page });
    assert_eq!(effects, [Effect::Model(SessionId(7), "large".into())]);
}

/// Answers a question, and marks it.
fn answered(chat: &mut Chat) {
    chat.ask_allowed("Why?");
    chat.delta(0, "So.");
    chat.finish(0, StopReason::EndOfTurn);
}

impl Chat {
    /// Asks, and lets the session go nowhere.
    fn ask_allowed(&mut self, question: &str) {
        self.send(Msg::Paste(question.into()));
        self.keys("<Enter>");
        while self.model.asks_about().is_some() {
            self.keys("n");
        }
    }
}

#[test]
fn an_answer_from_another_route_stands_beside_the_first_once_the_user_agrees() {
    let mut chat = chat();
    answered(&mut chat);
    assert!(matches!(chat.keys("<Esc>R").as_slice(), [Effect::Places(_)]));
    chat.send(Msg::Places(vec![place("lan"), place("far")]));
    assert_eq!(labels(&chat), ["this device", "lan", "far"]);
    // It was refused before: whoever chooses it is asked again, and nothing has left until then.
    assert_eq!(chat.keys("far<Enter>"), []);
    assert_eq!(chat.model.asks_about(), Some(("far", "https://far.example")));
    let effects = chat.keys("y");
    assert_eq!(effects[0], Effect::Allow(SessionId(0), "far".into()));
    let Effect::Generate { pin, generation, .. } = &effects[1] else { panic!("{effects:?}") };
    assert_eq!(*pin, Some(Pin::Remote(Some("far".into()))));
    assert_eq!(said(generation), [(Role::User, "Why?".to_owned())]);
    let placed = chat.turn(0).replied().expect("an answer");
    assert_eq!((placed.place, placed.of), (2, 2));
    assert_eq!(chat.model.current().pin(), None, "for this turn only");
}

#[test]
fn the_time_that_the_user_takes_to_agree_is_not_the_first_tokens() {
    let mut chat = chat();
    chat.send(Msg::Paste("Why?".into()));
    chat.keys("<Enter>");
    chat.wait(5000);
    while chat.model.asks_about().is_some() {
        chat.keys("y");
    }
    chat.wait(1000);
    chat.delta(0, "So.");
    let ttft = chat.turn(0).timings().ttft.expect("it has begun");
    assert_eq!(ttft, Duration::from_secs(1));
}

#[test]
fn a_local_only_session_is_never_sent_however_it_is_chosen() {
    let mut chat = chat();
    let settings = Settings { privacy: PrivacyClass::LocalOnly, ..chat.model.settings().clone() };
    chat.model = Model::new(settings, SessionId(0), 80, 24);
    answered(&mut chat);
    let effects = chat.keys("/again far<Enter>");
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(generation.class, PrivacyClass::LocalOnly, "the router refuses it");
    chat.finish(1, StopReason::Cancelled);
    chat.keys("<Esc>R");
    chat.send(Msg::Places(vec![place("far")]));
    let details: Vec<&str> =
        chat.model.palette().shown().map(|choice| choice.detail.as_str()).collect();
    assert_eq!(details[1], "the session is local-only");
}

#[test]
fn without_a_question_there_is_nothing_to_answer_once_more() {
    let mut chat = chat();
    chat.keys("/again<Enter>");
    assert_eq!((chat.model.overlay(), chat.notice()), (None, "there is no question here"));
}
