//! Many programs at once, and the lease of one that died.

use std::io::BufRead as _;
use std::io::BufReader;

use edgewise::chat::Change;
use edgewise::chat::MessageId;
use edgewise::chat::NodeState;
use edgewise::store::Note;
use edgewise::store::Options;
use edgewise::store::Saved;
use edgewise::store::Store;
use edgewise::store::check;

use crate::home::Home;
use crate::home::NOW;
use crate::home::session;

/// Programs at once, and calls of each.
const WRITERS: u128 = 8;
const CALLS: u128 = 6;

#[test]
fn eight_programs_write_at_once() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let home = &home;
            scope.spawn(move || {
                for call in 0..CALLS {
                    let file = home.file(writer * CALLS + call + 1);
                    let done = home.run(&["sessions", "import", &file]);
                    let errors = String::from_utf8_lossy(&done.stderr);
                    assert!(done.status.success(), "{errors}");
                    assert_eq!(errors, "", "nothing about it reaches a person");
                }
            });
        }
    });
    let store = Store::open(home.place(), Options::default(), NOW).store;
    assert!((1..=WRITERS * CALLS).all(|id| crate::home::has(&store, id)));
    assert_eq!(check(&home.place()).expect("checked"), Vec::<String>::new());
}

/// A stand-in for a window that is killed in the middle of an answer: its lease is given to a
/// process that is killed.
#[test]
#[cfg(target_os = "linux")]
fn the_lease_of_a_killed_window_is_taken_over() {
    let home = Home::new();
    let store = Store::open(home.place(), Options::default(), NOW).store;
    let begin = |question: u128| {
        let whole = session(1);
        let mut nodes = whole.nodes[..2].to_vec();
        nodes[0].id = MessageId(question);
        (nodes[1].id, nodes[1].parent) = (MessageId(question + 1), Some(MessageId(question)));
        nodes[1].state = NodeState::Streaming;
        nodes[1].created = NOW;
        nodes[1].message.parts.clear();
        Change::Begin { session: Box::new(whole.info), nodes }
    };
    assert_eq!(store.submit(begin(1)).wait(), Saved::Durable);
    let mut other = home.command("sh", &["-c", "echo here; exec sleep 60"]).spawn().expect("runs");
    let mut line = String::new();
    BufReader::new(other.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", other.id())).expect("it lives");
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(19));
    let db = rusqlite::Connection::open(home.place().database()).expect("opens");
    let started: i64 = started.and_then(|field| field.parse().ok()).expect("proc(5)");
    db.execute("UPDATE lease SET pid = ?1, started = ?2", (other.id(), started)).expect("given");
    drop(db);
    assert!(matches!(store.submit(begin(3)).wait(), Saved::Busy(_)), "its owner lives");
    let id = session(1).info.id.to_string();
    let busy = home.run(&["sessions", "rm", &id]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("another window answers"), "{busy:?}");
    other.kill().expect("killed");
    other.wait().expect("ended");
    assert_eq!(store.submit(begin(3)).wait(), Saved::Durable, "at once");
    let nodes = store.reader().expect("a reader").nodes(session(1).info.id).expect("read");
    let states: Vec<NodeState> = nodes.iter().map(|node| node.state).collect();
    assert_eq!(states[1], NodeState::Interrupted);
    drop(store);
    let again = Store::open(home.place(), Options::default(), NOW);
    assert!(!again.notes.iter().any(|note| matches!(note, Note::Fresh)));
}
