//! The power goes at any moment: what was written since the last sync is there, or lost, or torn,
//! in any mixture. The real program's writes are replayed into such files, and what it had
//! acknowledged by then has to be in them.
//!
//! A file's creation and its removal count as durable at once; that is the limit of this model.

use std::collections::HashMap;
use std::fs;

use edgewise::store::Note;
use edgewise::store::Options;
use edgewise::store::Place;
use edgewise::store::Store;
use tempfile::TempDir;

use crate::home::Dice;
use crate::home::Home;
use crate::home::NOW;
use crate::home::has;
use crate::home::identity;
use crate::trace::File;
use crate::trace::Op;
use crate::trace::record;

/// Images with chance in them, unless the variable says another number.
const IMAGES: u64 = 300;
const IMAGES_VARIABLE: &str = "EDGEWISE_TEST_IMAGES";

/// Up to this many writes that were not synced, every mixture of them is tried.
const EXHAUSTIVE: usize = 10;

/// What a disk writes whole.
const SECTOR: usize = 512;

fn images() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a flag of the test itself")]
    let set = std::env::var(IMAGES_VARIABLE).ok();
    set.and_then(|number| number.parse().ok()).unwrap_or(IMAGES)
}

/// What has been acknowledged.
#[derive(Clone, Debug, Default)]
struct Said {
    sessions: Vec<u128>,
    title: u32,
}

/// What the program did, and what it said when.
struct Story {
    before: HashMap<File, Vec<u8>>,
    ops: Vec<Op>,
    /// Number of the first operation after it, and what was acknowledged by then.
    said: Vec<(usize, Said)>,
}

/// Lets the program save four things. While a window is open nobody tidies the log up; without
/// one, every call writes it into the database.
fn story(synchronous: &str, window: bool) -> Story {
    let home = Home::new();
    assert!(home.run(&["sessions", "import", &home.file(1)]).status.success());
    let open = window.then(|| Store::open(home.place(), Options::default(), NOW).store);
    let reader = open.as_ref().map(|store| store.reader().expect("a reader"));
    let read = |name: &str| fs::read(home.place().dir().join(name)).unwrap_or_default();
    let before = HashMap::from([
        (File::Database, read("sessions.db")),
        (File::Log, read("sessions.db-wal")),
    ]);
    let mut story = Story { before, ops: Vec::new(), said: vec![(0, Said::default())] };
    let mut said = Said { sessions: vec![1], title: 0 };
    let id = identity(1).to_string();
    let files = [home.file(2), home.file(3)];
    let calls: [(&[&str], Said); 4] = [
        (&["sessions", "import", &files[0]], Said { sessions: vec![1, 2], title: 0 }),
        (&["sessions", "rename", &id, "1"], Said { sessions: vec![1, 2], title: 1 }),
        (&["sessions", "import", &files[1]], Said { sessions: vec![1, 2, 3], title: 1 }),
        (&["sessions", "rename", &id, "2"], Said { sessions: vec![1, 2, 3], title: 2 }),
    ];
    story.said[0].1 = said.clone();
    for (args, then) in calls {
        let (done, ops) = record(&home, synchronous, args);
        assert!(done.status.success(), "{done:?}");
        let before = story.ops.len();
        story.ops.extend(ops);
        let spoken = story.ops[before..].iter().position(|op| *op == Op::Said).expect("it spoke");
        said = then;
        story.said.push((before + spoken, said.clone()));
    }
    drop(reader);
    story
}

/// The files as they may be, and what is still on its way to them.
#[derive(Default)]
struct Disk {
    synced: HashMap<File, Vec<u8>>,
    pending: Vec<Op>,
}

impl Disk {
    fn at(story: &Story, end: usize) -> Self {
        let mut disk = Self { synced: story.before.clone(), pending: Vec::new() };
        for op in &story.ops[..end] {
            match op {
                Op::Write { .. } | Op::Truncate { .. } => disk.pending.push(op.clone()),
                Op::Sync { file } => {
                    let (now, later) = disk.pending.drain(..).partition(|op| of(op) == Some(*file));
                    disk.pending = later;
                    let now: Vec<Op> = now;
                    for op in &now {
                        apply(&mut disk.synced, op, &|_| true);
                    }
                }
                Op::Unlink { file } => {
                    disk.pending.retain(|op| of(op) != Some(*file));
                    disk.synced.remove(file);
                }
                Op::Said => {}
            }
        }
        disk
    }

    /// Returns the files with some of what was pending in them.
    fn image(&self, mut there: impl FnMut(usize) -> Fate) -> HashMap<File, Vec<u8>> {
        let mut files = self.synced.clone();
        for (number, op) in self.pending.iter().enumerate() {
            match there(number) {
                Fate::Lost => {}
                Fate::Whole => apply(&mut files, op, &|_| true),
                Fate::Torn(mask) => apply(&mut files, op, &|sector| mask >> (sector % 64) & 1 == 1),
            }
        }
        files
    }
}

enum Fate {
    Lost,
    Whole,
    /// A bit for each sector.
    Torn(u64),
}

fn of(op: &Op) -> Option<File> {
    match op {
        Op::Write { file, .. } | Op::Truncate { file, .. } => Some(*file),
        Op::Sync { .. } | Op::Unlink { .. } | Op::Said => None,
    }
}

fn apply(files: &mut HashMap<File, Vec<u8>>, op: &Op, sector: &dyn Fn(usize) -> bool) {
    match op {
        Op::Write { file, at, bytes } => {
            let content = files.entry(*file).or_default();
            content.resize(content.len().max(at + bytes.len()), 0);
            for (place, byte) in (*at..).zip(bytes) {
                if sector(place / SECTOR) {
                    content[place] = *byte;
                }
            }
        }
        Op::Truncate { file, to } if sector(0) => files.entry(*file).or_default().resize(*to, 0),
        Op::Truncate { .. } | Op::Sync { .. } | Op::Unlink { .. } | Op::Said => {}
    }
}

/// Starts the program's store on such files; returns what is wrong with it.
fn wrong(files: &HashMap<File, Vec<u8>>, said: &Said) -> Option<String> {
    let dir = TempDir::new().expect("a directory");
    let place = Place::new(dir.path().join("sessions"));
    fs::create_dir_all(place.dir()).expect("a directory");
    for (file, name) in [(File::Database, "sessions.db"), (File::Log, "sessions.db-wal")] {
        if let Some(bytes) = files.get(&file) {
            fs::write(place.dir().join(name), bytes).expect("written");
        }
    }
    let opened = Store::open(place, Options::default(), NOW);
    if let Some(note) = opened.notes.iter().find(|note| !matches!(note, Note::WasOpenToOthers(_))) {
        return Some(format!("{note}"));
    }
    if let Some(lost) = said.sessions.iter().find(|id| !has(&opened.store, **id)) {
        return Some(format!("session {lost} was acknowledged and is lost"));
    }
    let reader = opened.store.reader().expect("a reader");
    let info = reader.session(identity(1)).expect("read").expect("there");
    // A title that was not acknowledged may be there already.
    let title: u32 = info.title.parse().unwrap_or(0);
    (title < said.title).then(|| format!("the title is {title}, acknowledged was {}", said.title))
}

/// Cuts the power again and again; returns what was found wrong, and how many images there were.
fn cut(story: &Story, chance: u64) -> (Vec<String>, u64) {
    let mut dice = Dice(7);
    let (mut faults, mut tried) = (Vec::new(), 0);
    let said_by = |end: usize| {
        let before = story.said.iter().rev().find(|(at, _)| *at < end.max(1));
        before.map(|(_, said)| said.clone()).expect("the first is there")
    };
    let mut look = |image: &HashMap<File, Vec<u8>>, end: usize| {
        tried += 1;
        faults.extend(wrong(image, &said_by(end)).map(|fault| format!("after {end}: {fault}")));
    };
    // Right after each acknowledgement, and before the sync that made it true: every mixture.
    let syncs = story.ops.iter().enumerate().filter(|(_, op)| matches!(op, Op::Sync { .. }));
    let acknowledged = story.said[1..].iter().map(|(at, _)| at + 1);
    for end in syncs.map(|(at, _)| at).chain(acknowledged).collect::<Vec<_>>() {
        let disk = Disk::at(story, end);
        if disk.pending.len() <= EXHAUSTIVE {
            for mask in 0..1_u64 << disk.pending.len() {
                let fate = |at: usize| if mask >> at & 1 == 1 { Fate::Whole } else { Fate::Lost };
                look(&disk.image(fate), end);
            }
        } else {
            look(&disk.image(|_| Fate::Lost), end);
        }
    }
    for _ in 0..chance {
        let end = usize::try_from(dice.roll(story.ops.len() as u64 + 1)).expect("small");
        let disk = Disk::at(story, end);
        let image = disk.image(|_| match dice.roll(3) {
            0 => Fate::Lost,
            1 => Fate::Whole,
            _ => Fate::Torn(dice.roll(u64::MAX)),
        });
        look(&image, end);
    }
    (faults, tried)
}

#[test]
fn slow_no_power_cut_loses_what_was_acknowledged() {
    for window in [true, false] {
        let story = story("full", window);
        let (faults, tried) = cut(&story, images());
        assert_eq!(faults, Vec::<String>::new(), "of {tried} images, with a window: {window}");
        assert!(tried > images(), "{tried}");
        eprintln!("{tried} images of {} operations, with a window: {window}", story.ops.len());
    }
}

/// The same test finds what lesser settings lose: it is one that can fail.
#[test]
fn slow_the_power_cut_is_seen_when_less_is_synced() {
    for synchronous in ["normal", "off"] {
        let (faults, tried) = cut(&story(synchronous, true), 20);
        assert!(!faults.is_empty(), "nothing is lost in {tried} images with {synchronous}");
    }
}

/// At every acknowledgement nothing of the log is on its way, and there was a sync for it.
fn is_synced(story: &Story) -> bool {
    let clean = |end: usize| Disk::at(story, end).pending.is_empty();
    let syncs = story.ops.iter().filter(|op| matches!(op, Op::Sync { .. })).count();
    story.said[1..].iter().all(|(at, _)| clean(*at)) && syncs >= story.said.len() - 1
}

#[test]
fn slow_every_acknowledgement_follows_a_sync() {
    assert!(is_synced(&story("full", true)));
    assert!(is_synced(&story("full", false)));
    assert!(!is_synced(&story("normal", true)), "this is one that can fail");
}
