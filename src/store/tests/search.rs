//! Search against a plain scan of every message.

use proptest::prelude::*;

use super::*;

/// What messages are made of, with what each piece is without case and marks.
const PIECES: [(&str, &str); 12] = [
    ("Café", "cafe"),
    ("cafe", "cafe"),
    ("CAFETERIA", "cafeteria"),
    ("naïve", "naive"),
    ("Ünder", "under"),
    ("型", "型"),
    ("大模型", "大模型"),
    ("模型大", "模型大"),
    ("日本語", "日本語"),
    ("語", "語"),
    ("x1", "x1"),
    ("under", "under"),
];

/// Words are apart from each other in every message here.
fn holds(message: &[usize], asked: &str) -> bool {
    let run = !asked.is_ascii();
    message
        .iter()
        .map(|at| PIECES[*at].1)
        .any(|word| if run { word.contains(asked) } else { word.starts_with(asked) })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn search_finds_what_a_scan_finds(
        messages in prop::collection::vec(prop::collection::vec(0..PIECES.len(), 0..6), 1..24),
        questions in prop::collection::vec(
            prop::collection::vec(
                prop::sample::select(vec![
                    "café", "CAFE", "cafet", "naive", "und", "型", "模型", "大模", "日本", "本語",
                    "x1", "nothing", "語大",
                ]),
                1..3,
            ),
            1..8,
        ),
    ) {
        let home = Home::new();
        let store = home.open().store;
        let nodes: Vec<Node> = (1..)
            .zip(&messages)
            .map(|(id, pieces)| {
                let words: Vec<&str> = pieces.iter().map(|at| PIECES[*at].0).collect();
                node(id, None, Role::User, &words.join(", "))
            })
            .collect();
        save(&store, Change::Create(info()));
        save(&store, Change::Add { session: SESSION, nodes });
        let reader = store.reader().expect("a reader");
        for words in questions {
            let hits = reader.search(&words.join(" "), &Filter::default(), 100).expect("found");
            let found: Vec<u128> = hits.iter().map(|hit| hit.message.0).collect();
            let folded: Vec<String> = words
                .iter()
                .map(|word| word.to_lowercase().replace('é', "e"))
                .collect();
            let mut scan: Vec<u128> = (1..)
                .zip(&messages)
                .filter(|(_, pieces)| folded.iter().all(|word| holds(pieces, word)))
                .map(|(id, _)| id)
                .collect();
            scan.reverse();
            prop_assert_eq!(found, scan, "{:?}", words);
            for hit in hits {
                prop_assert!(!hit.context[hit.place].is_empty());
            }
        }
    }
}

fn answered(model: &str, route: Route) -> Box<Answer> {
    let span = Span { from_byte: 0, route, model: model.to_owned() };
    Box::new(Answer { spans: vec![span], ..Answer::default() })
}

#[test]
fn filters_narrow_lists_and_searches() {
    let home = Home::new();
    let store = home.open().store;
    let mut work = SessionInfo::new(SessionId(8), "work", Timestamp(100));
    work.tags = vec!["plan".to_owned()];
    for (session, model, route) in [
        (info(), "small", Route::Local),
        (Box::new(work), "large", Route::Remote("lan".to_owned())),
    ] {
        let at = session.created.0;
        let mut question = node(1, None, Role::User, "the question");
        let mut answer = node(2, Some(1), Role::Assistant, "the answer to it");
        question.created = Timestamp(at + 1);
        answer.created = Timestamp(at + 2);
        answer.answer = Some(answered(model, route));
        let id = session.id;
        save(&store, Change::Create(session));
        save(&store, Change::Add { session: id, nodes: vec![question, answer] });
    }
    let reader = store.reader().expect("a reader");
    let both = |filter: Filter| {
        let listed = reader.sessions(&filter, 10).expect("listed");
        let hits = reader.search("the", &filter, 10).expect("found");
        let listed: Vec<u128> = listed.iter().map(|one| one.info.id.0).collect();
        let mut found: Vec<u128> = hits.iter().map(|hit| hit.session.0).collect();
        found.dedup();
        assert_eq!(listed, found, "{filter:?}");
        (listed, hits.len())
    };
    let any = Filter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(both(any()), (vec![8, 7], 4));
    assert_eq!(both(Filter { profile: text("work"), ..any() }), (vec![8], 2));
    assert_eq!(both(Filter { model: text("small"), ..any() }), (vec![7], 2));
    assert_eq!(both(Filter { route: text("local"), ..any() }), (vec![7], 2));
    assert_eq!(both(Filter { route: text("remote"), ..any() }), (vec![8], 2));
    assert_eq!(both(Filter { route: text("remote:*"), ..any() }), (vec![], 0));
    assert_eq!(both(Filter { tag: text("plan"), ..any() }), (vec![8], 2));
    assert_eq!(both(Filter { since: Some(Timestamp(100)), ..any() }), (vec![8], 2));
    assert_eq!(both(Filter { before: Some(Timestamp(100)), ..any() }), (vec![7], 2));
    save(&store, Change::Archive { session: SessionId(8), archived: true });
    assert_eq!(both(any()), (vec![7], 2));
    assert_eq!(both(Filter { archived: true, ..any() }), (vec![8, 7], 4));
}

#[test]
fn what_is_removed_is_not_found() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("where is it"));
    save(&store, append(0, "it is here"));
    let found = |word: &str| {
        let reader = store.reader().expect("a reader");
        reader.search(word, &Filter::default(), 10).expect("found").len()
    };
    assert_eq!(found("here"), 0, "not while it streams");
    save(&store, finish(NodeState::Interrupted));
    assert_eq!((found("here"), found("where")), (1, 1));
    let (into, created) = (SessionId(8), Timestamp(9));
    save(&store, Change::Fork { from: SESSION, at: None, take: Take::All, into, created });
    assert_eq!(found("here"), 2);
    save(&store, Change::RemoveMessage { session: SESSION, message: MessageId(2) });
    assert_eq!((found("here"), found("where")), (1, 2));
    save(&store, Change::Remove(SESSION));
    assert_eq!((found("here"), found("where")), (1, 1), "the fork is its own");
}

#[test]
fn a_question_without_a_word_is_refused() {
    let home = Home::new();
    let reader = home.open().store.reader().expect("a reader");
    let error = reader.search(" ?! ", &Filter::default(), 10).expect_err("refused");
    assert_eq!(error.to_string(), "nothing to search for");
}
