use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::chat::Answer;
use crate::chat::Desk;
use crate::chat::Draft;
use crate::chat::Imported;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Mode;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Part;
use crate::chat::PartKind;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::ScrollAnchor;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::Span;
use crate::chat::Take;
use crate::chat::Timestamp;

mod damage;
mod files;
mod lessons;
mod model;
mod search;
mod upgrade;
mod upkeep;

const SESSION: SessionId = SessionId(7);

/// A store in a directory of its own.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    fn place(&self) -> Place {
        Place::new(self.dir.path().join("sessions"))
    }

    fn open(&self) -> Opened {
        Store::open(self.place(), Options::default(), Timestamp(1))
    }
}

fn info() -> Box<SessionInfo> {
    Box::new(SessionInfo::new(SESSION, "quick", Timestamp(1)))
}

fn node(id: u128, parent: Option<u128>, role: Role, text: &str) -> Node {
    Node {
        id: MessageId(id),
        parent: parent.map(MessageId),
        created: Timestamp(i64::try_from(id).expect("small")),
        message: Message::text(role, text),
        state: NodeState::Complete,
        answer: None,
    }
}

/// An answer that has not said anything yet.
fn open_answer(id: u128, parent: u128) -> Node {
    let mut node = node(id, Some(parent), Role::Assistant, "");
    node.message.parts.clear();
    node.state = NodeState::Streaming;
    node
}

fn begin(question: &str) -> Change {
    let nodes = vec![node(1, None, Role::User, question), open_answer(2, 1)];
    Change::Begin { session: info(), nodes }
}

fn append(from_byte: u64, text: &str) -> Change {
    Change::Append {
        session: SESSION,
        message: MessageId(2),
        from_byte,
        kind: PartKind::Text,
        text: text.to_owned(),
        at: Timestamp(3),
    }
}

fn finish(state: NodeState) -> Change {
    let span = Span { from_byte: 0, route: Route::Local, model: "m".to_owned() };
    let mut answer = Answer { spans: vec![span], ..Answer::default() };
    answer.timings.total = Duration::from_millis(1500);
    Change::Finish {
        session: SESSION,
        message: MessageId(2),
        state,
        answer: Box::new(answer),
        at: Timestamp(9),
    }
}

fn save(store: &Store, change: Change) {
    assert_eq!(store.submit(change).wait(), Saved::Durable);
}

fn refused(store: &Store, change: Change) -> String {
    match store.submit(change).wait() {
        Saved::Refused(fault) | Saved::Busy(fault) => fault.message,
        saved => panic!("{saved:?}"),
    }
}

#[test]
fn a_turn_is_found_again_as_it_was() {
    let home = Home::new();
    let opened = home.open();
    assert_eq!(opened.notes, [Note::Fresh]);
    let store = opened.store;
    save(&store, begin("  \nHow are you?\nReally?"));
    save(&store, append(0, "Fine"));
    save(&store, append(4, ", thanks"));
    save(&store, finish(NodeState::Complete));
    drop(store);
    let again = home.open();
    assert_eq!(again.notes, []);
    let reader = again.store.reader().expect("a reader");
    let info = reader.session(SESSION).expect("read").expect("it is there");
    assert_eq!((info.title.as_str(), info.leaf), ("How are you?", Some(MessageId(2))));
    assert_eq!(info.updated, Timestamp(9));
    let tree = reader.tree(SESSION).expect("a tree");
    let path = tree.path();
    assert_eq!(path[1].message.plain(), "Fine, thanks");
    assert_eq!(path[1].state, NodeState::Complete);
    let answer = path[1].answer.as_ref().expect("an answer");
    assert_eq!(answer.timings.total, Duration::from_millis(1500));
    assert_eq!(answer.origin().expect("routed").route, Route::Local);
    assert!(!reader.is_answering(SESSION).expect("read"), "the lease is given back");
}

#[test]
fn files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!(mode(home.place().dir()), 0o700);
    for entry in std::fs::read_dir(home.place().dir()).expect("a directory") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
    std::fs::set_permissions(home.place().database(), std::fs::Permissions::from_mode(0o644))
        .expect("a mode");
    assert_eq!(home.open().notes, [Note::WasOpenToOthers(home.place().database())]);
    assert_eq!(mode(&home.place().database()), 0o600);
}

#[test]
fn one_turn_at_a_time_and_an_answer_ends_once() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    let other = vec![node(3, None, Role::User, "another"), open_answer(4, 3)];
    let second = Change::Begin { session: info(), nodes: other };
    assert_eq!(refused(&store, second.clone()), "this window answers in the session already");
    assert!(refused(&store, Change::Remove(SESSION)).contains("answers in the session"));
    let reader = store.reader().expect("a reader");
    assert_eq!(reader.nodes(SESSION).expect("read").len(), 2, "nothing of it is there");
    save(&store, append(0, "half"));
    save(&store, finish(NodeState::Stopped));
    save(&store, append(4, " more"));
    save(&store, finish(NodeState::Complete));
    let nodes = reader.nodes(SESSION).expect("read");
    assert_eq!(nodes[1].state, NodeState::Stopped);
    assert_eq!(nodes[1].message.plain(), "half");
    save(&store, second);
}

/// The window was taken for dead and its answer ended by another one: it wakes up and goes on.
#[test]
fn what_comes_after_the_end_of_an_answer_leaves_nothing() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    save(&store, append(0, "half"));
    save(&store, finish(NodeState::Interrupted));
    save(&store, append(4, " of a secret"));
    save(&store, append(0, "other"));
    save(&store, finish(NodeState::Complete));
    let nodes = store.reader().expect("a reader").nodes(SESSION).expect("read");
    assert_eq!(nodes[1].message.plain(), "half");
    let db = Connection::open(home.place().database()).expect("opens");
    let count = |table| {
        let count = format!("SELECT count(*) FROM {table}");
        db.query_row(&count, [], |row| row.get::<_, i64>(0)).expect("counted")
    };
    assert_eq!((count("chunk"), count("lease")), (0, 0), "not even where nobody looks");
}

#[test]
fn a_change_that_is_applied_twice_does_no_harm() {
    let home = Home::new();
    let store = home.open().store;
    for change in [begin("q"), append(0, "a"), append(1, "b"), finish(NodeState::Complete)] {
        save(&store, change.clone());
        save(&store, change);
    }
    let nodes = store.reader().expect("a reader").nodes(SESSION).expect("read");
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[1].message.plain(), "ab");
}

#[test]
fn a_stretch_that_was_written_unheard_is_written_again_with_what_came_after_it() {
    let home = Home::new();
    let store = home.open().store;
    for change in [begin("q"), append(0, "a"), append(0, "abc"), append(0, "a")] {
        save(&store, change);
    }
    save(&store, append(3, "d"));
    save(&store, finish(NodeState::Complete));
    let nodes = store.reader().expect("a reader").nodes(SESSION).expect("read");
    assert_eq!(nodes[1].message.plain(), "abcd");
}

/// The disk is slow and a program hands over more than it takes.
#[test]
fn an_answer_is_whole_though_too_much_waits() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    let lock = Connection::open(home.place().database()).expect("opens");
    lock.execute_batch("PRAGMA busy_timeout = 9000; BEGIN IMMEDIATE").expect("locked");
    let (mut text, mut refused) = (String::new(), 0);
    for at in 0.. {
        let title = format!("title {at}");
        let renamed = store.submit(Change::Rename { session: SESSION, title });
        refused += usize::from(matches!(renamed.now(), Some(Saved::Refused(_))));
        if at % 100 == 0 || refused > 0 {
            let word = format!("word {at} ");
            drop(store.submit(append(text.len() as u64, &word)));
            text.push_str(&word);
        }
        if refused == 100 {
            break;
        }
    }
    let end = store.submit(finish(NodeState::Complete));
    lock.execute_batch("ROLLBACK").expect("unlocked");
    assert!(matches!(end.wait(), Saved::Durable | Saved::InMemory(_)));
    save(&store, Change::Rename { session: SESSION, title: "last".to_owned() });
    let nodes = store.reader().expect("a reader").nodes(SESSION).expect("read");
    assert_eq!((nodes[1].state, nodes[1].message.plain()), (NodeState::Complete, text));
}

#[test]
fn what_was_thought_stays_apart_from_what_was_said() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    let thought = |from_byte, text: &str| match append(from_byte, text) {
        Change::Append { session, message, from_byte, text, at, .. } => {
            Change::Append { session, message, from_byte, kind: PartKind::Reasoning, text, at }
        }
        other => other,
    };
    save(&store, thought(0, "hm"));
    save(&store, thought(2, "m"));
    save(&store, append(3, "yes"));
    let read = || store.reader().expect("a reader").nodes(SESSION).expect("read").remove(1);
    let parts = [Part::Reasoning("hmm".to_owned()), Part::Text("yes".to_owned())];
    assert_eq!(read().message.parts, parts, "while it streams");
    save(&store, finish(NodeState::Complete));
    assert_eq!(read().message.parts, parts, "and afterwards");
}

#[test]
fn the_desk_is_found_again() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    let desk = Desk {
        draft: Draft { text: "what aböut".to_owned(), cursor: 8 },
        queued: vec!["next".to_owned(), "after \"that\"".to_owned()],
        scroll: Some(ScrollAnchor { message: MessageId(2), line: 3 }),
    };
    save(&store, Change::Keep { session: SESSION, desk: Box::new(desk.clone()) });
    let info = store.reader().expect("a reader").session(SESSION).expect("read").expect("there");
    assert_eq!(Desk { draft: info.draft, queued: info.queued, scroll: info.scroll }, desk);
}

#[test]
fn a_long_path_comes_in_pages() {
    let home = Home::new();
    let store = home.open().store;
    let nodes: Vec<Node> = (1..=25)
        .map(|id| node(id, Some(id - 1).filter(|id| *id > 0), Role::User, &id.to_string()))
        .collect();
    save(&store, Change::Create(info()));
    save(&store, Change::Add { session: SESSION, nodes });
    save(
        &store,
        Change::Add { session: SESSION, nodes: vec![node(30, Some(23), Role::User, "e")] },
    );
    let reader = store.reader().expect("a reader");
    let newest = reader.newest(SESSION, 10).expect("a page");
    let ids = |page: &Page| page.nodes.iter().map(|one| one.node.id.0).collect::<Vec<_>>();
    assert_eq!(ids(&newest), [15, 16, 17, 18, 19, 20, 21, 22, 23, 30]);
    assert_eq!(newest.nodes[9].siblings, [MessageId(24), MessageId(30)]);
    assert!(newest.more);
    let end = newest.nodes[0].node.parent.expect("a parent");
    let first = reader.path(SESSION, end, 20).expect("a page");
    assert_eq!(ids(&first), (1..=14).collect::<Vec<_>>());
    assert!(!first.more);
    assert_eq!(reader.newest_leaf(SESSION, MessageId(24)).expect("read"), Some(MessageId(25)));
    let mut tree = crate::chat::Tree::default();
    newest.load_into(&mut tree);
    first.load_into(&mut tree);
    assert_eq!(tree.path().len(), 24);
    assert_eq!(tree.leaf(), Some(MessageId(30)));
}

#[test]
fn a_newer_schema_is_read_and_never_written() {
    let home = Home::new();
    save(&home.open().store, begin("q"));
    let db = Connection::open(home.place().database()).expect("opens");
    db.pragma_update(None, "user_version", 1000).expect("set");
    drop(db);
    let opened = home.open();
    let [Note::ReadOnly(fault)] = opened.notes.as_slice() else { panic!("{:?}", opened.notes) };
    assert!(fault.message.contains("a newer edgewise (schema 1000"), "{fault}");
    assert!(refused(&opened.store, Change::Remove(SESSION)).contains("newer edgewise"));
    assert!(matches!(*opened.store.health().borrow(), Saving::Never(_)));
    let reader = opened.store.reader().expect("a reader");
    assert!(reader.session(SESSION).expect("read").is_some());
}

#[test]
fn where_nothing_can_be_written_it_is_read_and_that_is_said() {
    let closed = [std::io::ErrorKind::ReadOnlyFilesystem, std::io::ErrorKind::PermissionDenied];
    for kind in closed {
        let path = std::path::Path::new("/saved/open.lock");
        let fault = Fault::from(StoreError::file(path, kind.into()));
        assert!(fault.message.starts_with("/saved/open.lock cannot be written to ("), "{fault}");
        assert!(fault.hint.expect("a hint").contains("EDGEWISE_DATA_DIR"));
    }
    // A file in the way of the directory: whoever runs the tests cannot write below it.
    let home = Home::new();
    std::fs::write(home.dir.path().join("sessions"), "in the way").expect("written");
    let opened = home.open();
    assert!(matches!(opened.notes.as_slice(), [Note::ReadOnly(_)]), "{:?}", opened.notes);
    let listed = opened.store.reader().expect("a reader").sessions(&Filter::default(), 9);
    assert!(listed.expect("an empty list").is_empty());
    assert!(!refused(&opened.store, begin("q")).is_empty());
}

#[test]
fn on_a_network_drive_one_program_at_a_time_saves() {
    let home = Home::new();
    let options = Options { network: true, ..Options::default() };
    let open = || Store::open(home.place(), options, Timestamp(1));
    let first = open();
    assert_eq!(first.notes, [Note::Network, Note::Fresh]);
    save(&first.store, begin("q"));
    assert!(!home.place().dir().join("sessions.db-wal").exists(), "no shared memory is needed");
    let second = open();
    assert!(matches!(second.notes.as_slice(), [Note::Network, Note::ReadOnly(_)]));
    assert!(refused(&second.store, begin("q")).contains("another window"));
    drop(first);
    save(&open().store, append(0, "a"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_window_hears_of_another_one_and_of_nothing_else() {
    use rustix::event::PollFd;
    use rustix::event::PollFlags;
    use rustix::event::poll;
    let home = Home::new();
    let (window, other) = (home.open().store, home.open().store);
    save(&other, Change::Create(info()));
    let reader = window.reader().expect("a reader");
    assert!(reader.session(SESSION).expect("read").is_some());
    let watching = window.watch().expect("watched");
    let seen = reader.version().expect("read");
    let heard = |patience_ms: i64| {
        let patience = rustix::fs::Timespec { tv_sec: 0, tv_nsec: patience_ms * 1_000_000 };
        let mut polled = [PollFd::new(&watching, PollFlags::IN)];
        poll(&mut polled, Some(&patience)).expect("polled") > 0
    };
    assert!(reader.sessions(&Filter::default(), 9).is_ok());
    assert!(!heard(0) && !watching.take(), "reading is no news");
    save(&other, begin("q"));
    assert!(heard(900) && watching.take());
    assert_ne!(reader.version().expect("read"), seen);
    assert!(!watching.take(), "all of it is taken");
}

#[test]
fn what_finds_no_room_is_held_and_written_when_there_is() {
    let home = Home::new();
    let opened = home.open();
    let store = opened.store;
    save(&store, begin("q"));
    // Another program that keeps the file locked for longer than a writer waits at once.
    let lock = Connection::open(home.place().database()).expect("opens");
    lock.execute_batch("PRAGMA busy_timeout = 9000; BEGIN IMMEDIATE").expect("locked");
    let held = store.submit(append(0, "half"));
    assert!(
        matches!(held.wait(), Saved::InMemory(fault) if fault.message.contains("another program"))
    );
    assert!(matches!(*store.health().borrow(), Saving::Held { waiting: 1, .. }));
    let later = store.submit(append(4, " and more"));
    lock.execute_batch("ROLLBACK").expect("unlocked");
    assert!(matches!(later.wait(), Saved::Durable | Saved::InMemory(_)));
    save(&store, finish(NodeState::Complete));
    assert_eq!(*store.health().borrow(), Saving::Well);
    let nodes = store.reader().expect("a reader").nodes(SESSION).expect("read");
    assert_eq!(nodes[1].message.plain(), "half and more");
}

#[test]
fn a_private_word_makes_its_session_private_and_a_redacted_fork_leaves_it_out() {
    let home = Home::new();
    let store = home.open().store;
    let mut open = info();
    open.privacy = PrivacyClass::Open;
    let nodes = vec![node(1, None, Role::User, "open"), node(2, Some(1), Role::Assistant, "word")];
    save(&store, Change::Create(open.clone()));
    save(&store, Change::Add { session: SESSION, nodes });
    let class = |session| {
        let reader = store.reader().expect("a reader");
        reader.session(session).expect("read").expect("there").privacy
    };
    assert_eq!(class(SESSION), PrivacyClass::Open);
    // What follows begins under a stricter profile, and then under the open one again.
    let mut strict = open.clone();
    strict.privacy = PrivacyClass::LocalOnly;
    let streaming = |id: u128, parent| Node {
        state: NodeState::Streaming,
        message: Message { role: Role::Assistant, parts: Vec::new() },
        ..node(id, Some(parent), Role::Assistant, "")
    };
    let finish = |id| Change::Finish {
        session: SESSION,
        message: MessageId(id),
        state: NodeState::Complete,
        answer: Box::default(),
        at: Timestamp(9),
    };
    let asked = |id: u128| node(id, Some(id - 1), Role::User, "secret");
    save(&store, Change::Begin { session: strict, nodes: vec![asked(3), streaming(4, 3)] });
    save(&store, finish(4));
    assert_eq!(class(SESSION), PrivacyClass::LocalOnly);
    save(&store, Change::Begin { session: open, nodes: vec![asked(5), streaming(6, 5)] });
    save(&store, finish(6));
    let privacy = PrivacyClass::Open;
    let (profile, mode) = ("quick".to_owned(), Mode::Auto);
    save(&store, Change::Govern { session: SESSION, profile, mode, privacy });
    assert_eq!(class(SESSION), PrivacyClass::LocalOnly, "for good");
    let fork = |into: u128, take| {
        let (into, created) = (SessionId(into), Timestamp(10));
        save(&store, Change::Fork { from: SESSION, at: None, take, into, created });
    };
    fork(8, Take::All);
    fork(9, Take::Open);
    assert_eq!(class(SessionId(8)), PrivacyClass::LocalOnly);
    assert_eq!(class(SessionId(9)), PrivacyClass::Open);
    let reader = store.reader().expect("a reader");
    let texts = |session| {
        let page = reader.newest(session, 10).expect("read");
        page.nodes.iter().map(|it| it.node.message.plain()).collect::<Vec<_>>()
    };
    assert_eq!(texts(SessionId(8)), ["open", "word", "secret", "", "secret", ""]);
    assert_eq!(texts(SessionId(9)), ["open", "word"]);
    let hits = |word: &str| reader.search(word, &Filter::default(), 10).expect("found").len();
    assert_eq!((hits("secret"), hits("open")), (4, 3), "the copy is found by what is in it");
    // Of a session that was private from its beginning nothing is left.
    let (into, created) = (SessionId(11), Timestamp(11));
    let none =
        Change::Fork { from: SESSION, at: Some(MessageId(99)), take: Take::Open, into, created };
    assert!(matches!(store.submit(none).wait(), Saved::Refused(_)));
}
