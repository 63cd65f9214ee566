//! Sessions as files: what is written is read back as it was, and what is wrong is named.

use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::chat::FaultKind;
use crate::chat::MediaHash;

fn whole(store: &Store, session: SessionId) -> Imported {
    store.reader().expect("a reader").whole(session).expect("read").expect("there")
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), Just("quote \" and \\ and\nline\u{2028}\u{1b}[31m".to_owned())]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => text().prop_map(Part::Text),
        1 => text().prop_map(Part::Reasoning),
        1 => any::<[u8; 32]>().prop_map(|hash| Part::Media(MediaHash(hash))),
        1 => (text(), text(), text())
            .prop_map(|(id, name, arguments)| Part::ToolCall { id, name, arguments }),
        1 => (text(), text()).prop_map(|(id, content)| Part::ToolResult { id, content }),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    (text(), any::<[u32; 3]>(), any::<Option<u32>>(), -1e6_f32..1e6, any::<bool>()).prop_map(
        |(text, [a, b, c], seed, temp, failed)| {
            let mut answer = Answer {
                spans: vec![
                    Span { from_byte: 0, route: Route::Local, model: text.clone() },
                    Span {
                        from_byte: 7,
                        route: Route::Remote("lan".to_owned()),
                        model: text.clone(),
                    },
                ],
                reason: Some(text.clone()),
                ..Answer::default()
            };
            answer.fault =
                failed.then(|| Fault::new(text.clone()).kind(FaultKind::TooLong).hint("h"));
            answer.settings.system = Some(text);
            answer.settings.sampling.seed = seed;
            answer.settings.sampling.temp = temp;
            (answer.usage.prompt_tokens, answer.usage.cached_tokens) = (a, b);
            answer.timings.ttft = Some(Duration::from_micros(c.into()));
            answer
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_exported_is_imported_the_same(
        parts in prop::collection::vec(prop::collection::vec(part(), 0..4), 1..8),
        parents in prop::collection::vec(any::<prop::sample::Index>(), 8),
        answer in answer(),
        title in text(),
        open in prop::option::of(1..8_usize),
    ) {
        let home = Home::new();
        let store = home.open().store;
        let nodes: Vec<Node> = (1..).zip(parts).map(|(id, parts): (u128, _)| {
            let at = usize::try_from(id).expect("small");
            let parent = Some(parents[at - 1].index(at) as u128).filter(|id| *id > 0);
            let mut node = node(id, parent, if id % 2 == 0 { Role::Assistant } else { Role::User }, "");
            node.message.parts = parts;
            node.answer = (id % 2 == 0).then(|| Box::new(answer.clone()));
            node
        }).collect();
        let mut session = info();
        session.title = title;
        session.tags = vec!["a".to_owned(), "é \"".to_owned()];
        session.queued = vec!["next\n".to_owned()];
        session.scroll = Some(ScrollAnchor { message: MessageId(1), line: 2 });
        // It was open for so many messages, and then no more.
        let (first, rest) = nodes.split_at(open.unwrap_or(0).min(nodes.len()));
        session.privacy = if open.is_some() { PrivacyClass::Open } else { PrivacyClass::LocalOnly };
        let (profile, mode) = (session.profile.clone(), session.mode);
        save(&store, Change::Create(session));
        save(&store, Change::Add { session: SESSION, nodes: first.to_vec() });
        let privacy = PrivacyClass::LocalOnly;
        save(&store, Change::Govern { session: SESSION, profile, mode, privacy });
        save(&store, Change::Add { session: SESSION, nodes: rest.to_vec() });
        let there = whole(&store, SESSION);
        prop_assert_eq!(there.classes.len(), first.len());
        prop_assert!(there.classes.values().all(|class| *class == PrivacyClass::Open));
        let file = jsonl(&there);
        prop_assert_eq!(file.lines().count(), there.nodes.len() + 1, "a message is a line");
        let parcel = read_jsonl(Cursor::new(&file)).expect("our own");
        prop_assert_eq!(&parcel.sessions, std::slice::from_ref(&there));
        let other = Home::new();
        let second = other.open().store;
        save(&second, Change::Import(parcel.sessions));
        prop_assert_eq!(whole(&second, SESSION), there);
        // What may leave the device may leave the other one as well, and nothing else.
        let (from, into, created) = (SESSION, SessionId(8), Timestamp(9));
        let fork = |at: &Node| Change::Fork { from, at: Some(at.id), take: Take::Open, into, created };
        for at in first.iter().take(1) {
            save(&second, fork(at));
            prop_assert_eq!(whole(&second, into).info.privacy, PrivacyClass::Open);
        }
        if first.is_empty() {
            prop_assert!(matches!(second.submit(fork(&rest[0])).wait(), Saved::Refused(_)));
        }
    }
}

#[test]
fn a_file_without_classes_and_one_that_contradicts_itself_are_as_strict_as_they_say() {
    let home = Home::new();
    let store = home.open().store;
    let mut session = info();
    session.privacy = PrivacyClass::Open;
    let nodes = vec![node(1, None, Role::User, "a"), node(2, Some(1), Role::Assistant, "b")];
    save(&store, Change::Create(session));
    save(&store, Change::Add { session: SESSION, nodes });
    let file = jsonl(&whole(&store, SESSION));
    assert!(file.contains("\"v\":1,"), "as it was before there were classes: {file}");
    let read = |file: &str| read_jsonl(Cursor::new(file)).expect("a session").sessions.remove(0);
    assert_eq!(read(&file), whole(&store, SESSION));
    let lines: Vec<&str> = file.lines().collect();
    let private = lines[2].replacen("\"parts\"", "\"privacy\":\"local-only\",\"parts\"", 1);
    let mixed = read(&[lines[0], lines[1], &private].join("\n"));
    assert_eq!(mixed.info.privacy, PrivacyClass::LocalOnly);
    assert_eq!(mixed.classes, [(MessageId(1), PrivacyClass::Open)].into());
    let again = jsonl(&mixed);
    assert!(again.contains("\"v\":2,"), "{again}");
    assert_eq!(read(&again), mixed);
}

#[test]
fn a_bad_file_is_named_by_line_and_reason_and_nothing_is_taken() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    save(&store, finish(NodeState::Complete));
    let good = jsonl(&whole(&store, SESSION));
    let lines: Vec<&str> = good.lines().collect();
    let swapped = [lines[0], lines[2], lines[1]].join("\n");
    let newer = good.replacen("\"v\":1", "\"v\":9", 1);
    let cases = [
        ("{\"type\":\"message\"}".to_owned(), "line 1: missing field"),
        (format!("{}\nnot json", lines[0]), "line 2: expected ident at column 2"),
        (lines[1].to_owned(), "line 1: a message before any session"),
        (swapped, "the session of line 1: message 00000000-0000-0000-0000-000000000002 follows"),
        (newer, "line 1: written by a newer edgewise"),
        (format!("{good}{good}"), "the session of line 4: it is in the file twice"),
        (good.replace("\"role\":\"user\"", "\"role\":\"king\""), "line 2: no role: `king`"),
        (
            good.replacen("\"parts\"", "\"privacy\":\"public\",\"parts\"", 1),
            "line 2: no privacy class: `public`",
        ),
        (good.replace("\"title\"", "\"titel\""), "line 1: unknown field `titel`"),
    ];
    for (file, message) in cases {
        let fault = read_jsonl(Cursor::new(&file)).expect_err(message);
        assert!(fault.message.starts_with(message), "{fault} is not {message}");
        assert_eq!(fault.kind, FaultKind::Usage);
    }
}

/// Both files were written by `llm` itself: `tests/fixtures/store/README.md` says how.
fn log(version: &str) -> Parcel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store");
    read_file(&path.join(format!("llm-{version}.db"))).expect("a log")
}

#[test]
fn logs_of_llm_are_taken_in() {
    for version in ["0.26", "0.36"] {
        let parcel = log(version);
        assert_eq!(parcel.left_out, [("attachments".to_owned(), 1)], "{version}");
        let of: Vec<(&str, Vec<String>)> = parcel
            .sessions
            .iter()
            .map(|session| {
                let texts = session.nodes.iter().map(|node| node.message.plain());
                (session.info.title.lines().next().unwrap_or_default(), texts.collect())
            })
            .collect();
        let (title, first) = &of[0];
        assert_eq!(*title, "What is a café?", "{version}");
        let said = [
            "What is a café?",
            "You said: What is a café?",
            "And in Zürich?\n\nReally?",
            "You said: And in Zürich?\n\nReally?",
        ];
        assert_eq!(first, &said.map(str::to_owned), "{version}");
        assert_eq!(of[1].1[0], "大模型是什么", "{version}");
        assert_eq!(of[2].1[0], "A long fragment of a file.\nSum it up", "{version}");
        let answer = parcel.sessions[0].nodes[1].answer.as_ref().expect("an answer");
        assert_eq!(answer.origin().expect("a model").model, "parrot");
        assert_eq!(answer.settings.system.as_deref(), Some("Answer briefly."));
        assert_eq!((answer.usage.prompt_tokens, answer.usage.completion_tokens), (12, 5));
        assert!(parcel.sessions[0].info.created.0 > 1_700_000_000_000, "{version}");
        let home = Home::new();
        let store = home.open().store;
        save(&store, Change::Import(parcel.sessions.clone()));
        save(&store, Change::Import(log(version).sessions));
        let listed = store.reader().expect("a reader").sessions(&Filter::default(), 99);
        assert_eq!(listed.expect("listed").len(), 4, "again adds nothing");
        for session in &parcel.sessions {
            assert_eq!(whole(&store, session.info.id).nodes, session.nodes);
        }
    }
}

#[test]
fn another_database_is_no_log() {
    let home = Home::new();
    save(&home.open().store, begin("q"));
    let error = read_file(&home.place().database()).expect_err("ours");
    assert!(error.to_string().ends_with("is no log of `llm`"), "{error}");
}
