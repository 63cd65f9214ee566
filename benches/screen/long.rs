//! A conversation of 10,000 messages: opening it, scrolling through it, another width.

use std::time::Duration;

use edgewise::app::Model;
use edgewise::app::Msg;
use edgewise::app::Settings;
use edgewise::chat::KeyCode;
use edgewise::chat::Message;
use edgewise::chat::MessageId;
use edgewise::chat::Node;
use edgewise::chat::NodeState;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Role;
use edgewise::chat::SessionId;
use edgewise::chat::SessionInfo;
use edgewise::chat::Timestamp;

use crate::answers::MIXED;
use crate::now;
use crate::row;
use crate::say;
use crate::stage::SIZE;
use crate::stage::Stage;
use crate::us;

const MESSAGES: u128 = 10_000;

/// Messages that are read before a session is shown, as the chat reads them.
const PAGE: usize = 128;

const SCROLLS: usize = 300;
const RESIZES: u16 = 20;

const OPEN_MOST: Duration = Duration::from_millis(30);
const SCROLL_MOST: Duration = Duration::from_millis(4);
const RESIZE_MOST: Duration = Duration::from_millis(16);

fn nodes() -> Vec<Node> {
    let node = |number: u128| {
        let (role, said) = match number % 2 {
            1 => (Role::User, format!("Question number {number}, which is not a long one?")),
            _ => (Role::Assistant, format!("Answer number {number}.\n\n{MIXED}")),
        };
        Node {
            id: MessageId(number),
            parent: (number > 1).then(|| MessageId(number - 1)),
            message: Message::text(role, said),
            state: NodeState::Complete,
            created: Timestamp(1_750_000_000_000),
            answer: None,
        }
    };
    (1..=MESSAGES).map(node).collect()
}

/// Opens the conversation in a new chat; returns it and what its first frame and its whole tree took.
fn open(nodes: &[Node]) -> (Stage, Duration, Duration) {
    let session = SessionId(7);
    let mut info = SessionInfo::new(session, "bench", Timestamp(0));
    info.leaf = Some(MessageId(MESSAGES));
    let model = Model::new(Settings::default(), SessionId(1), SIZE.0, SIZE.1);
    let mut stage = Stage::of(model);
    let page: Vec<_> =
        nodes[nodes.len() - PAGE..].iter().map(|node| (node.clone(), vec![node.id])).collect();
    let whole = nodes.to_vec();
    let begun = now();
    stage.model.update(Msg::Opened { info: Box::new(info), page });
    stage.frame();
    let shown = begun.elapsed();
    let (leaf, class) = (Some(MessageId(MESSAGES)), PrivacyClass::Open);
    let begun = now();
    stage.model.update(Msg::Whole { session, nodes: whole, leaf, class });
    stage.frame();
    (stage, shown, begun.elapsed())
}

/// Measures all of it and prints a row each.
pub(crate) fn measure() {
    let nodes = nodes();
    let (mut shown, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (_, first, all) = open(&nodes);
        shown.push(first);
        whole.push(all);
    }
    row("10,000 messages: the first frame", shown, OPEN_MOST);
    row("10,000 messages: the frame with all of them", whole, OPEN_MOST);
    let (mut stage, ..) = open(&nodes);
    widths("10,000 messages: a frame of another width", &mut stage);
    let mut scrolls = Vec::new();
    for code in [KeyCode::PageUp, KeyCode::PageDown] {
        for _ in 0..SCROLLS / 2 {
            let begun = now();
            stage.press(code);
            stage.frame();
            scrolls.push(begun.elapsed());
        }
    }
    row("10,000 messages: a frame of scrolling", scrolls, SCROLL_MOST);
    let mut jump = |code| {
        let begun = now();
        stage.press(code);
        stage.frame();
        begun.elapsed()
    };
    let (home, _) = (jump(KeyCode::Home), jump(KeyCode::End));
    say(&format!("10,000 messages: a jump to the first, all laid out   {:7.1} ms", us(home) / 1e3));
    widths("  after a jump to its beginning and back", &mut stage);
}

fn widths(name: &str, stage: &mut Stage) {
    let mut resizes = Vec::new();
    for step in 0..RESIZES {
        let begun = now();
        stage.resize(SIZE.0 - 1 - step, SIZE.1);
        stage.frame();
        resizes.push(begun.elapsed());
    }
    row(name, resizes, RESIZE_MOST);
}
