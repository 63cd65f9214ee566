//! What is done beside all work: a copy a day, a look at every page once a week.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::damage::full;
use super::*;

const DAY: i64 = 86_400_000;

/// Noon of the 14th of November 2023, and days after it.
fn noon(day: i64) -> Timestamp {
    Timestamp(1_699_963_200_000 + day * DAY)
}

/// Keeps a store up until `done`; closing it breaks off what is not.
fn keep_up(home: &Home, day: i64, done: impl Fn(&Store) -> bool) {
    let store = home.open().store;
    store.keep_up(noon(day));
    while !done(&store) {
        thread::yield_now();
    }
}

fn has_copy(home: &Home, day: i64) -> bool {
    let copies = place::files_below(&home.place().backups());
    copies.iter().any(|path| path.to_string_lossy().ends_with(&date(day)))
}

#[test]
fn seven_days_are_kept() {
    let home = full();
    for day in 0..10_i64 {
        keep_up(&home, day, |_| has_copy(&home, day));
    }
    let mut names: Vec<String> = place::files_below(&home.place().backups())
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    let kept: Vec<String> = (3..10).map(|day| format!("daily-{}", date(day))).collect();
    assert_eq!(names, kept);
}

/// Days from 2023-11-14 on.
fn date(day: i64) -> String {
    format!("2023-11-{}.db", 14 + day)
}

#[test]
fn every_page_is_looked_at_once_a_week() {
    let home = full();
    let looked = |day| {
        keep_up(&home, day, |_| has_copy(&home, day));
        fs::read_to_string(home.place().checked()).expect("marked")
    };
    let first = looked(0);
    assert_eq!(looked(6), first);
    let second = looked(7);
    assert_ne!(second, first);
    assert_eq!(looked(8), second);
    // A clock that was years ahead does not keep it from being looked at.
    // The copy of that day is there already: what is waited for is the look itself.
    let marked = || fs::read_to_string(home.place().checked()).expect("marked");
    keep_up(&home, 0, |_| marked() == first);
}

#[test]
fn damage_that_nobody_met_is_found_told_and_not_copied() {
    let home = full();
    keep_up(&home, 0, |_| has_copy(&home, 0));
    let file = home.place().database();
    let mut bytes = fs::read(&file).expect("read");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    fs::write(&file, &bytes).expect("written");
    // It was closed in order: opening it looks at no page that is not needed.
    assert_eq!(home.open().notes, []);
    let store = home.open().store;
    store.keep_up(noon(7));
    let mut damage = store.damage();
    while damage.borrow_and_update().is_none() {
        thread::yield_now();
    }
    let fault = damage.borrow().clone().expect("told");
    assert!(fault.message.starts_with("the store of conversations is damaged: "), "{fault}");
    assert_eq!(fault.hint.as_deref(), Some("edgewise db repair"));
    assert!(has_copy(&home, 0) && !has_copy(&home, 7), "a damaged file displaces no copy");
}

/// Returns the files and directories that somebody else could enter, read or write.
pub(super) fn open_to_others(home: &Home) -> Vec<(std::path::PathBuf, u32)> {
    let place = home.place();
    let dirs = [place.dir().to_owned(), place.backups(), place.aside()];
    let all = dirs.into_iter().filter(|dir| dir.exists()).chain(place::files_below(place.dir()));
    let mode = |path: &std::path::PathBuf| fs::metadata(path).expect("there").permissions().mode();
    let modes = all.map(|path| (path.clone(), mode(&path) & 0o777));
    modes.filter(|(_, mode)| mode & 0o077 != 0).collect()
}

#[test]
fn nobody_else_can_read_any_file_of_it() {
    let home = full();
    let opened = home.open();
    save(&opened.store, begin("q"));
    keep_up(&home, 0, |_| has_copy(&home, 0));
    let names = |home: &Home| {
        let files = place::files_below(home.place().dir());
        files.iter().map(|path| path.file_name().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    for name in ["sessions.db", "sessions.db-wal", "sessions.db-shm", "checked", "open.lock"] {
        assert!(names(&home).contains(&name.into()), "{name} is looked at");
    }
    assert_eq!(open_to_others(&home), []);
    drop(opened);
    // What is set aside and what is made in its place, a file that was open to others included.
    fs::write(home.place().database(), "no database").expect("written");
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(home.place().database(), mode).expect("set");
    let opened = home.open();
    assert!(matches!(opened.notes[..], [Note::WasOpenToOthers(_), Note::Salvaged(_)]));
    assert_eq!(open_to_others(&home), []);
}
