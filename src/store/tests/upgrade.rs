//! Files of every schema that was ever released, brought to the newest.

use super::*;
use crate::store::locks::Locks;

/// A file that was written by schema 1, closed without its last answer having ended.
const V1: &[u8] = include_bytes!("../../../tests/fixtures/store/v1.db");

/// The same, as schema 2 wrote it.
const V2: &[u8] = include_bytes!("../../../tests/fixtures/store/v2.db");

fn old() -> Home {
    with(V1)
}

fn with(file: &[u8]) -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.place().dir()).expect("a directory");
    std::fs::write(home.place().database(), file).expect("written");
    home
}

fn open(home: &Home) -> Opened {
    Store::open(home.place(), Options::default(), Timestamp(1_000_000))
}

#[test]
fn schema_1_is_brought_up_to_date_with_everything_in_it() {
    let home = old();
    let opened = open(&home);
    let to = migrate::VERSION;
    let backup = home.place().backups().join(format!("v1-to-v{to}.db"));
    let notes = opened.notes.iter().filter(|note| !matches!(note, Note::WasOpenToOthers(_)));
    let migrated = Note::Migrated { from: 1, to, backup: backup.clone() };
    assert_eq!(notes.cloned().collect::<Vec<_>>(), [migrated, Note::Interrupted(1)]);
    let kept = Connection::open(&backup).expect("a copy");
    let version: i32 = kept.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("read");
    assert_eq!(version, 1);
    let reader = opened.store.reader().expect("a reader");
    let tree = reader.tree(SESSION).expect("a tree");
    assert_eq!((tree.len(), tree.leaf()), (4, Some(MessageId(3))));
    let answer = tree.node(MessageId(3)).expect("there");
    let said = Part::Text("大模型不知道".to_owned());
    assert_eq!(answer.message.parts, [Part::Reasoning("Which one?".to_owned()), said]);
    let how = answer.answer.as_ref().expect("how");
    assert_eq!(how.spans[1].route, Route::Remote("lan".to_owned()));
    assert_eq!(how.settings.system.as_deref(), Some("Answer briefly."));
    assert!((how.settings.sampling.temp - 0.7).abs() < f32::EPSILON);
    let info = reader.session(SESSION).expect("read").expect("there");
    assert_eq!(info.tags, ["café", "travel"]);
    assert_eq!((info.draft.text.as_str(), info.queued.len()), ("and ", 1));
    assert_eq!(stored_classes(&home), [(info.privacy.name().to_owned(), 4)], "as its session is");
    let story = reader.nodes(SessionId(9)).expect("read").remove(1);
    assert_eq!(
        (story.state, story.message.plain().as_str()),
        (NodeState::Interrupted, "Once upon a")
    );
    let hits = |word: &str| reader.search(word, &Filter::default(), 10).expect("found").len();
    assert_eq!((hits("cafe zurich"), hits("模型"), hits("upon")), (1, 1, 1), "all is indexed");
    drop(opened);
    assert_eq!(open(&home).notes, []);
}

/// Returns the classes of the messages of the one session, each with how many have it.
fn stored_classes(home: &Home) -> Vec<(String, u32)> {
    let db = Connection::open(home.place().database()).expect("a database");
    let sql = "SELECT m.privacy, count(*) FROM message m JOIN session s ON s.n = m.session
               WHERE s.id = ?1 GROUP BY 1";
    let mut find = db.prepare(sql).expect("SQL");
    let rows = find.query_map([row::blob(SESSION.0)], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("rows").collect::<Result<_, _>>().expect("read")
}

#[test]
fn an_upgrade_that_cannot_keep_a_copy_does_not_happen() {
    let home = old();
    std::fs::write(home.place().backups(), "in the way").expect("written");
    let opened = open(&home);
    assert!(matches!(opened.notes.last(), Some(Note::ReadOnly(_))), "{:?}", opened.notes);
    let reader = opened.store.reader().expect("a reader");
    assert_eq!(reader.nodes(SESSION).expect("read").len(), 4, "what is there can be read");
    assert_eq!(std::fs::read(home.place().database()).expect("read"), V1, "untouched");
}

#[test]
fn nothing_is_upgraded_under_an_older_window() {
    let home = old();
    let locks = Locks::opening(&home.place()).expect("a lock");
    let older = locks.opened().expect("open");
    let opened = open(&home);
    let Some(Note::ReadOnly(fault)) = opened.notes.last() else { panic!("{:?}", opened.notes) };
    assert!(fault.message.contains("older edgewise has the conversations open"), "{fault}");
    drop((older, opened));
    assert!(matches!(open(&home).notes.as_slice(), [Note::Migrated { .. }, Note::Interrupted(1)]));
}

#[test]
fn schema_2_is_brought_up_to_date_and_remembers_endpoints() {
    let home = with(V2);
    let opened = open(&home);
    let to = migrate::VERSION;
    let backup = home.place().backups().join(format!("v2-to-v{to}.db"));
    let notes: Vec<&Note> =
        opened.notes.iter().filter(|note| !matches!(note, Note::WasOpenToOthers(_))).collect();
    assert_eq!(notes, [&Note::Migrated { from: 2, to, backup }]);
    let reader = opened.store.reader().expect("a reader");
    assert_eq!(reader.tree(SESSION).expect("a tree").len(), 4);
    assert_eq!(reader.search("cafe zurich", &Filter::default(), 10).expect("found").len(), 1);
    assert_eq!(reader.lessons().expect("read"), []);
    lessons::learn(&opened.store, lessons::lesson(1));
    assert_eq!(reader.lessons().expect("read"), [lessons::lesson(1)]);
}
