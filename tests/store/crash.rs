//! `kill -9` at any moment: what was acknowledged is stored, and nothing is stored by half.

use std::fs;
use std::io::Read as _;
use std::process::Child;
use std::time::Duration;
use std::time::Instant;

use edgewise::store::Place;
use edgewise::store::check;

use crate::home::Dice;
use crate::home::Home;
use crate::home::PROGRAM;

/// Rounds, unless the variable says another number.
const KILLS: u64 = 200;
const KILLS_VARIABLE: &str = "EDGEWISE_TEST_KILLS";

/// A file that was written by schema 1.
const V1: &[u8] = include_bytes!("../fixtures/store/v1.db");

fn rounds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a flag of the test itself")]
    let set = std::env::var(KILLS_VARIABLE).ok();
    set.and_then(|number| number.parse().ok()).unwrap_or(KILLS)
}

/// Ends a process without a word at a time in its life, unless it was faster; returns whether it
/// had acknowledged.
fn kill(mut child: Child, after: Duration) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the moment of the kill is what is tested")]
    let start = Instant::now();
    while start.elapsed() < after && child.try_wait().expect("a state").is_none() {
        std::thread::yield_now();
    }
    child.kill().ok();
    let ended = child.wait().expect("ended");
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    let mut errors = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("text");
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(ended.code().is_none_or(|code| code == 0), "{errors}");
    // What it printed, it meant, whenever it died.
    said.contains("taken in: 1 sessions")
}

fn sound(place: &Place) {
    assert_eq!(check(place).expect("checked"), Vec::<String>::new());
}

#[test]
fn two_writers_are_killed_and_nothing_acknowledged_is_lost() {
    let home = Home::new();
    let mut dice = Dice(4);
    let (mut acknowledged, mut killed) = (Vec::new(), 0);
    for round in 1..=u128::from(rounds()) {
        let writers = [round * 2, round * 2 + 1].map(|id| {
            let file = home.file(id);
            let child = home.command(PROGRAM, &["sessions", "import", &file]).spawn();
            (id, child.expect("it starts"))
        });
        for (id, child) in writers {
            if kill(child, Duration::from_micros(dice.roll(60_000))) {
                acknowledged.push(id);
            } else {
                killed += 1;
            }
            fs::remove_file(home.path(&format!("{id}.jsonl"))).expect("removed");
        }
        // Now and then, so that wrong rounds are found near; every opening repairs what it finds.
        if round % 50 == 0 {
            assert!(acknowledged.iter().all(|id| home.has(*id)), "lost");
            sound(&home.place());
        }
    }
    let lost: Vec<&u128> = acknowledged.iter().filter(|id| !home.has(**id)).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
    assert!(
        killed > 0 && !acknowledged.is_empty(),
        "both happen: {killed}, {}",
        acknowledged.len()
    );
    sound(&home.place());
}

#[test]
fn an_upgrade_that_is_killed_is_there_whole_or_not_at_all() {
    let mut dice = Dice(5);
    for _ in 0..25 {
        let home = Home::new();
        fs::create_dir_all(home.place().dir()).expect("a directory");
        fs::write(home.place().database(), V1).expect("written");
        let child = home.command(PROGRAM, &["sessions", "list"]).spawn().expect("it starts");
        kill(child, Duration::from_micros(dice.roll(80_000)));
        let listed = home.run(&["sessions", "list", "--archived", "--json"]);
        assert!(listed.status.success(), "{listed:?}");
        assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 3);
        let found = home.run(&["sessions", "search", "zurich"]);
        assert!(String::from_utf8_lossy(&found.stdout).contains("Zürich"), "{found:?}");
        sound(&home.place());
    }
}

#[test]
fn copies_and_purges_that_are_killed_leave_the_rest_whole() {
    let home = Home::new();
    let files: Vec<String> = (1..=12).map(|id| home.file(id)).collect();
    for file in &files {
        assert!(home.run(&["sessions", "import", file]).status.success());
    }
    let mut dice = Dice(6);
    for round in 0..30_u128 {
        let purged = round % 6 + 1;
        let id = crate::home::identity(purged).to_string();
        let copy = home.path("copy.db").to_string_lossy().into_owned();
        let args: &[&str] = match round % 2 {
            0 => &["sessions", "purge", &id],
            _ => &["db", "backup", &copy],
        };
        let child = home.command(PROGRAM, args).spawn().expect("it starts");
        kill(child, Duration::from_micros(dice.roll(80_000)));
        for kept in 7..=12 {
            assert!(home.has(kept), "{kept} is gone in round {round}");
        }
        home.has(purged);
        sound(&home.place());
        if home.path("copy.db").exists() {
            let db = Place::new(home.path("copied"));
            fs::create_dir_all(db.dir()).expect("a directory");
            fs::copy(home.path("copy.db"), db.database()).expect("copied");
            assert!((7..=12).all(|id| crate::home::stored(&db, id)), "half a copy");
            fs::remove_dir_all(db.dir()).expect("removed");
        }
        let file = &files[usize::try_from(purged).expect("small") - 1];
        assert!(home.run(&["sessions", "import", file]).status.success());
    }
}
