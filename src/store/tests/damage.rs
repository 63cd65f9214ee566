//! Files that are not what they should be.

use std::fs;

use super::*;

/// A session of 150 messages in a row.
const LONG: SessionId = SessionId(200);

/// A store with forty short sessions and a long one, closed.
pub(super) fn full() -> Home {
    let home = Home::new();
    let store = home.open().store;
    for id in 101..=140_u128 {
        let info = SessionInfo::new(SessionId(id), "quick", Timestamp(1));
        let text = |what: &str| format!("{what} {id} {}", "lorem ipsum ".repeat(40));
        let nodes = vec![
            node(1, None, Role::User, &text("question")),
            node(2, Some(1), Role::Assistant, &text("answer")),
        ];
        save(&store, Change::Create(Box::new(info)));
        save(&store, Change::Add { session: SessionId(id), nodes });
    }
    let chain = (1001..=1150)
        .map(|id| node(id, Some(id - 1).filter(|id| *id > 1000), Role::User, &"word ".repeat(100)));
    save(&store, Change::Create(Box::new(SessionInfo::new(LONG, "quick", Timestamp(1)))));
    save(&store, Change::Add { session: LONG, nodes: chain.collect() });
    home
}

fn salvaged(opened: &Opened) -> Salvage {
    match opened.notes.as_slice() {
        [Note::Salvaged(salvage)] => salvage.clone(),
        notes => panic!("{notes:?}"),
    }
}

/// What is there can be read, added to, and opened again.
fn goes_on(home: &Home, opened: Opened) {
    let listed = opened.store.reader().expect("a reader").sessions(&Filter::default(), 99);
    for one in listed.expect("listed") {
        opened.store.reader().expect("a reader").tree(one.info.id).expect("a tree");
    }
    save(&opened.store, begin("after the damage"));
    save(&opened.store, finish(NodeState::Complete));
    drop(opened);
    assert_eq!(home.open().notes, []);
    assert_eq!(check(&home.place()).expect("checked"), Vec::<String>::new());
}

#[test]
fn garbage_in_the_middle_costs_what_it_hit() {
    let home = full();
    let file = home.place().database();
    let mut bytes = fs::read(&file).expect("read");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    fs::write(&file, &bytes).expect("written");
    // A program that died leaves its log; that is what makes the next one look at every page.
    fs::write(home.place().dir().join("sessions.db-wal"), "").expect("written");
    assert!(!check(&home.place()).expect("checked").is_empty());
    fs::write(home.place().dir().join("sessions.db-wal"), "").expect("written");
    let opened = home.open();
    let salvage = salvaged(&opened);
    assert!(salvage.sessions >= 30 && salvage.messages >= 150, "{salvage:?}");
    assert!(salvage.messages + salvage.lost >= 230, "{salvage:?}");
    let aside = fs::read(salvage.aside.join("sessions.db")).expect("set aside");
    assert!(aside == bytes, "untouched");
    goes_on(&home, opened);
}

#[test]
fn a_file_that_lost_its_head_is_read_all_the_same() {
    let home = full();
    let file = home.place().database();
    let mut bytes = fs::read(&file).expect("read");
    bytes[..100].fill(0);
    fs::write(&file, &bytes).expect("written");
    let opened = home.open();
    let salvage = salvaged(&opened);
    assert_eq!((salvage.sessions, salvage.messages, salvage.lost), (41, 230, 0));
    goes_on(&home, opened);
}

#[test]
fn a_truncated_file_gives_what_is_left_of_it() {
    let home = full();
    let file = home.place().database();
    let bytes = fs::read(&file).expect("read");
    fs::write(&file, &bytes[..bytes.len() / 4 * 3]).expect("written");
    let opened = home.open();
    let salvage = salvaged(&opened);
    assert!(salvage.sessions > 0, "{salvage:?}");
    goes_on(&home, opened);
}

#[test]
fn what_is_no_database_is_set_aside_with_its_log() {
    let home = Home::new();
    fs::create_dir_all(home.place().dir()).expect("a directory");
    fs::write(home.place().database(), "these are my notes, not a database").expect("written");
    fs::write(home.place().dir().join("sessions.db-wal"), "nor is this a log").expect("written");
    let opened = home.open();
    let notes: Vec<&Note> =
        opened.notes.iter().filter(|note| !matches!(note, Note::WasOpenToOthers(_))).collect();
    let [Note::Salvaged(salvage)] = notes.as_slice() else { panic!("{notes:?}") };
    let aside = |name: &str| fs::read_to_string(salvage.aside.join(name)).expect("set aside");
    assert_eq!(aside("sessions.db"), "these are my notes, not a database");
    assert_eq!(aside("sessions.db-wal"), "nor is this a log");
    goes_on(&home, opened);
}

#[test]
fn a_database_of_another_program_is_set_aside() {
    let home = Home::new();
    fs::create_dir_all(home.place().dir()).expect("a directory");
    let foreign = Connection::open(home.place().database()).expect("a database");
    foreign
        .execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('x');")
        .expect("made");
    drop(foreign);
    let bytes = fs::read(home.place().database()).expect("read");
    let opened = home.open();
    let aside = opened.notes.iter().find_map(|note| match note {
        Note::Foreign(aside) => Some(aside.clone()),
        _ => None,
    });
    let aside = fs::read(aside.expect("said").join("sessions.db")).expect("set aside");
    assert!(aside == bytes, "untouched");
    goes_on(&home, opened);
}

#[test]
fn damage_under_another_window_is_left_alone() {
    let home = full();
    let window = home.open();
    fs::write(home.place().database(), "gone").expect("written");
    let opened = home.open();
    let [Note::ReadOnly(fault)] = opened.notes.as_slice() else { panic!("{:?}", opened.notes) };
    assert!(fault.message.contains("another window has it open"), "{fault}");
    assert!(!home.place().aside().exists());
    drop(window);
}

#[test]
fn an_answer_whose_window_died_is_interrupted() {
    let home = Home::new();
    let store = home.open().store;
    save(&store, begin("q"));
    save(&store, append(0, "half an ans"));
    drop(store);
    // The same process opens it again: to a store, it lives, and the answer is still its own.
    assert_eq!(home.open().notes, []);
    let db = Connection::open(home.place().database()).expect("opens");
    db.execute("UPDATE lease SET pid = 1, started = 1", []).expect("another owner");
    drop(db);
    let opened = home.open();
    assert_eq!(opened.notes, [Note::Interrupted(1)]);
    let reader = opened.store.reader().expect("a reader");
    let answer = reader.nodes(SESSION).expect("read").remove(1);
    assert_eq!(
        (answer.state, answer.message.plain().as_str()),
        (NodeState::Interrupted, "half an ans")
    );
    save(&opened.store, Change::Remove(SESSION));
}

#[test]
fn a_purge_leaves_no_trace() {
    const SECRET: &str = "the pelican flies at midnight";
    // As rare in a file as a real one; zeros and a seven are not.
    const RARE: SessionId = SessionId(0x0198_7a6b_5c4d_7e3f_8a1b_2c3d_4e5f_6071);
    let home = full();
    let opened = home.open();
    let nodes = vec![
        node(1, None, Role::User, SECRET),
        node(2, Some(1), Role::Assistant, "xylophone quartz vexing answers everywhere"),
    ];
    let session = Box::new(SessionInfo::new(RARE, "quick", Timestamp(1)));
    save(&opened.store, Change::Create(session));
    save(&opened.store, Change::Add { session: RARE, nodes });
    back_up(&home.place(), &home.place().backups().join("daily-2026-01-01.db")).expect("copied");
    let cache = home.dir.path().join("cache");
    fs::create_dir_all(cache.join(format!("kv/{RARE}"))).expect("directories");
    // As an engine may name what it keeps of a session, beside what it keeps of others.
    let simple = RARE.to_string().replace('-', "");
    let of_it = [
        format!("kv/{RARE}.kv"),
        format!("kv/{simple}.kv.tmp"),
        format!("kv/{RARE}/0.kv"),
        format!("{}.kv", RARE.to_string().to_uppercase()),
    ];
    let neighbour = SessionId(RARE.0 + 1);
    let of_others =
        [format!("kv/{neighbour}.kv"), "kv/index".to_owned(), format!("{:x}.log", RARE.0 >> 4)];
    for name in of_it.iter().chain(&of_others) {
        let text = if of_it.contains(name) { SECRET } else { "what another one said" };
        fs::write(cache.join(name), text).expect("written");
    }
    let holds = |what: &str| {
        let files = place::files_below(home.dir.path());
        files.iter().any(|path| {
            memchr::memmem::find(&fs::read(path).expect("read"), what.as_bytes()).is_some()
        })
    };
    assert!(holds(SECRET) && holds("xylophone"));
    let purged = opened.store.purge(&[RARE], std::slice::from_ref(&cache)).expect("purged");
    assert_eq!(purged.traces, Vec::<std::path::PathBuf>::new());
    assert!(purged.searched >= 2 + of_others.len() as u64, "{purged:?}");
    assert_eq!(purged.deleted, of_it.len() as u64);
    assert!(of_it.iter().all(|name| !cache.join(name).exists()));
    assert!(of_others.iter().all(|name| cache.join(name).exists()));
    for trace in [SECRET, "pelican", "xylophone", "quartz"] {
        assert!(!holds(trace), "{trace}");
    }
    let left = home.open().store.reader().expect("a reader").sessions(&Filter::default(), 99);
    assert_eq!(left.expect("listed").len(), 41, "the others are all there");
}

#[test]
fn a_trace_that_cannot_be_removed_is_named() {
    const SECRET: &str = "the pelican flies at midnight";
    let home = Home::new();
    let opened = home.open();
    save(&opened.store, begin(SECRET));
    save(&opened.store, finish(NodeState::Complete));
    fs::create_dir_all(home.place().aside()).expect("a directory");
    let aside = home.place().aside().join("sessions.db");
    fs::write(&aside, format!("torn page {SECRET} torn page")).expect("written");
    // What an engine keeps under another session's name, and has this one's words in it.
    let cache = home.dir.path().join("cache");
    fs::create_dir_all(&cache).expect("a directory");
    let shared = cache.join("shared.kv");
    fs::write(&shared, SECRET).expect("written");
    let purged = opened.store.purge(&[SESSION], &[cache]).expect("purged");
    assert_eq!(purged.traces, [aside, shared]);
}

#[tokio::test]
async fn what_cannot_be_opened_for_now_is_opened_and_written_later() {
    for fresh in [false, true] {
        let home = Home::new();
        let mut before = 0;
        if !fresh {
            let saved = home.open().store.submit(begin("q")).saved().await;
            assert_eq!(saved, Saved::Durable);
            before = 2;
        }
        // The log cannot be made, as on a full disk.
        let obstacle = home.place().dir().join("sessions.db-wal");
        fs::create_dir_all(&obstacle).expect("a directory");
        let opened = home.open();
        let read_only = |note: &Note| matches!(note, Note::ReadOnly(_));
        assert!(!opened.notes.iter().any(read_only), "{:?}", opened.notes);
        let mut health = opened.store.health();
        assert!(matches!(*health.borrow(), Saving::Held { .. }));
        let nodes =
            |store: &Store| store.reader().expect("a reader").nodes(SESSION).expect("read").len();
        assert_eq!(nodes(&opened.store), before, "what is there can be read");
        let change = if fresh { begin("q") } else { append(0, "a") };
        let waits = opened.store.submit(change).saved().await;
        assert!(matches!(waits, Saved::InMemory(_)), "{waits:?}");
        fs::remove_dir(&obstacle).expect("out of the way");
        let well = health.wait_for(|saving| *saving == Saving::Well);
        let within = tokio::time::timeout(Duration::from_mins(1), well).await;
        drop(within.expect("in time").expect("open"));
        assert_eq!(nodes(&opened.store), 2, "what waited is durable");
    }
}
