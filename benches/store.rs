//! Times the store on a generated one: 100,000 messages, one session of 10,000 of them.
//!
//! `cargo bench --bench store`. Prints the median and the 99th percentile of each, in milliseconds,
//! beside the figure to reach; ends with 1 where one is not reached.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use edgewise::app::Model;
use edgewise::app::Msg;
use edgewise::app::Settings;
use edgewise::chat::Change;
use edgewise::chat::Imported;
use edgewise::chat::Message;
use edgewise::chat::MessageId;
use edgewise::chat::Node;
use edgewise::chat::NodeState;
use edgewise::chat::PartKind;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Role;
use edgewise::chat::SessionId;
use edgewise::chat::SessionInfo;
use edgewise::chat::Timestamp;
use edgewise::store::Filter;
use edgewise::store::Options;
use edgewise::store::Place;
use edgewise::store::Saved;
use edgewise::store::Store;
use edgewise::theme::Theme;
use edgewise::ui;
use edgewise::ui::View;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const MESSAGES: u128 = 100_000;
const LONG: u128 = 10_000;
const SHORT: u128 = 45;

/// Messages that the chat reads for its first frame.
const PAGE: u32 = 128;

/// The session of 10,000 messages.
const LONG_SESSION: SessionId = SessionId(1);

/// What messages are made of; the first are in most of them.
const WORDS: [&str; 24] = [
    "the",
    "model",
    "and",
    "answer",
    "of",
    "water",
    "river",
    "Zürich",
    "café",
    "大模型",
    "日本語",
    "kernel",
    "tokens",
    "context",
    "slowly",
    "green",
    "copper",
    "window",
    "people",
    "seven",
    "naïve",
    "bridge",
    "paper",
    "storm",
];

/// Numbers that only look like chance (`SplitMix64`).
fn roll(state: &mut u64, sides: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % sides
}

fn text(state: &mut u64) -> String {
    let length = 40 + roll(state, 120);
    let words = (0..length).map(|_| {
        let most = if roll(state, 3) == 0 { WORDS.len() as u64 } else { 8 };
        WORDS[usize::try_from(roll(state, most)).expect("small")]
    });
    words.collect::<Vec<_>>().join(" ") + &format!(" word{}", roll(state, 50_000))
}

fn session(id: SessionId, messages: u128, state: &mut u64) -> Imported {
    let at = |n: u128| Timestamp(i64::try_from(id.0 * 1000 + n).expect("small"));
    let mut info = SessionInfo::new(id, "default", at(0));
    info.title = format!("session {}", id.0);
    info.updated = at(messages);
    info.leaf = Some(MessageId(messages));
    let node = |n: u128| Node {
        id: MessageId(n),
        parent: Some(MessageId(n - 1)).filter(|parent| parent.0 > 0),
        created: at(n),
        message: Message::text(if n % 2 == 1 { Role::User } else { Role::Assistant }, text(state)),
        state: NodeState::Complete,
        answer: None,
    };
    let classes = BTreeMap::new();
    Imported { info, nodes: (1..=messages).map(node).collect(), classes }
}

fn save(store: &Store, change: Change) {
    assert_eq!(store.submit(change).wait(), Saved::Durable);
}

fn fill(place: &Place) {
    let store = Store::open(place.clone(), Options::default(), Timestamp(1)).store;
    let mut state = 1;
    save(&store, Change::Import(vec![session(LONG_SESSION, LONG, &mut state)]));
    let sessions = (MESSAGES - LONG) / SHORT;
    for hundred in 0..sessions.div_ceil(100) {
        let ids = hundred * 100 + 2..(hundred * 100 + 102).min(sessions + 2);
        let made = ids.map(|id| session(SessionId(id), SHORT, &mut state)).collect();
        save(&store, Change::Import(made));
    }
}

/// Prints what `rounds` calls take; returns whether the 99th percentile is within `most`.
fn time(name: &str, most: Option<Duration>, rounds: u32, mut call: impl FnMut(u32)) -> bool {
    call(0);
    #[expect(clippy::disallowed_methods, reason = "this is what a benchmark does")]
    let now = Instant::now;
    let mut times: Vec<Duration> = (1..=rounds)
        .map(|round| {
            let start = now();
            call(round);
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let goal = most.map_or_else(String::new, |most| format!("  (at most {:.0})", ms(most)));
    println!("{name:48} {:9.3} {:9.3}{goal}", ms(at(50)), ms(at(99)));
    most.is_none_or(|most| at(99) <= most)
}

fn main() -> ExitCode {
    let dir = tempfile::tempdir().expect("a directory");
    let place = Place::new(dir.path().join("sessions"));
    fill(&place);
    println!("{:48} {:>9} {:>9}", "milliseconds", "median", "99 %");
    let millis = |ms| Some(Duration::from_millis(ms));
    let open = || Store::open(place.clone(), Options::default(), Timestamp(1)).store;
    let mut good = time("open and list 50 sessions", millis(30), 100, |_| {
        let listed = open().reader().expect("a reader").sessions(&Filter::default(), 50);
        assert_eq!(listed.expect("listed").len(), 50);
    });
    let store = open();
    let reader = store.reader().expect("a reader");
    good &= time("first page of 10,000 messages", millis(30), 200, |_| {
        assert_eq!(reader.newest(LONG_SESSION, 50).expect("a page").nodes.len(), 50);
    });
    time("all of 10,000 messages", None, 10, |_| {
        assert_eq!(reader.newest(LONG_SESSION, u32::MAX).expect("a page").nodes.len(), 10_000);
    });
    let questions = [
        "the",
        "model answer",
        "word4711",
        "river wat",
        "模型",
        "本",
        "\"of water\"",
        "cafe zurich",
        "w",
    ];
    good &= time("search, 50 results", millis(50), 900, |round| {
        let question = questions[round as usize % questions.len()];
        reader.search(question, &Filter::default(), 50).expect("found");
    });
    for question in questions {
        time(&format!("  of them: {question}"), None, 50, |_| {
            reader.search(question, &Filter::default(), 50).expect("found");
        });
    }
    time("  as the chat asks: 200 results, a new reader", None, 180, |round| {
        let question = questions[round as usize % questions.len()];
        let reader = store.reader().expect("a reader");
        reader.search(question, &Filter::default(), 200).expect("found");
    });
    good &= first_frame(&store);
    good &= append(&store);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What it takes to show the long session in the chat, and to go on when all of it is there.
fn first_frame(store: &Store) -> bool {
    let area = Rect::new(0, 0, 120, 40);
    let theme = Theme::named("dark").expect("built in");
    let open = || {
        let reader = store.reader().expect("a reader");
        let info = reader.session(LONG_SESSION).expect("read").expect("there");
        let page = reader.newest(LONG_SESSION, PAGE).expect("a page");
        let page = page.nodes.into_iter().map(|one| (one.node, one.siblings)).collect();
        let mut model = Model::new(Settings::default(), SessionId(0), area.width, area.height);
        model.update(Msg::Opened { info: Box::new(info), page });
        model
    };
    let draw = |model: &mut Model, view: &mut View| {
        let mut buffer = Buffer::empty(area);
        let drawn = ui::draw(model, &theme, view, area, &mut buffer);
        model.update(Msg::Laid(drawn.laid.expect("there is room")));
        let symbols: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(symbols.contains("the model") || symbols.contains("water"), "{symbols}");
    };
    let most = Some(Duration::from_millis(30));
    let good = time("10,000 messages in the chat: first frame", most, 100, |_| {
        draw(&mut open(), &mut View::default());
    });
    let reader = store.reader().expect("a reader");
    time("  reading the others, beside it", None, 10, |_| {
        assert_eq!(reader.nodes(LONG_SESSION).expect("read").len(), 10_000);
    });
    let nodes = reader.nodes(LONG_SESSION).expect("read");
    let mut opened: Vec<(Model, View, Msg)> = (0..11)
        .map(|_| {
            let (mut model, mut view) = (open(), View::default());
            draw(&mut model, &mut view);
            let leaf = nodes.last().map(|node| node.id);
            (
                model,
                view,
                Msg::Whole {
                    session: LONG_SESSION,
                    nodes: nodes.clone(),
                    leaf,
                    class: PrivacyClass::Open,
                },
            )
        })
        .collect();
    time("  taking them in, and the frame after it", None, 10, |_| {
        let (mut model, mut view, whole) = opened.pop().expect("one for each");
        model.update(whole);
        draw(&mut model, &mut view);
    });
    good
}

/// What the thread that streams waits for, and what a commit takes.
fn append(store: &Store) -> bool {
    let mut begun = session(SessionId(1_000_000), 2, &mut 1);
    begun.nodes[1].state = NodeState::Streaming;
    begun.nodes[1].message.parts.clear();
    save(store, Change::Begin { session: Box::new(begun.info), nodes: begun.nodes });
    let change = |at: u32| Change::Append {
        session: SessionId(1_000_000),
        message: MessageId(2),
        from_byte: u64::from(at) * 4096,
        kind: PartKind::Text,
        text: "x".repeat(4096),
        at: Timestamp(2),
    };
    let most = Some(Duration::from_millis(1));
    let good =
        time("append: handing 4 KiB over", most, 500, |round| drop(store.submit(change(round))));
    time("append: 4 KiB until it is durable", None, 100, |round| save(store, change(round + 1000)));
    good
}
