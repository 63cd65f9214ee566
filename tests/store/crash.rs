//! `kill -9` at any moment: what was acknowledged is stored, and nothing is stored by half.

use std::fs;
use std::io::Read as _;
use std::process::Child;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use edgewise::store::Options;
use edgewise::store::Place;
use edgewise::store::Store;
use edgewise::store::check;
use edgewise::store::jsonl;

use crate::home::Dice;
use crate::home::Home;
use crate::home::NOW;
use crate::home::PROGRAM;
use crate::home::has;
use crate::home::session;

/// Rounds, unless the variable says another number.
const KILLS: u64 = 200;
const KILLS_VARIABLE: &str = "EDGEWISE_TEST_KILLS";

/// Rounds on one store: every start after a kill reads all of it.
const SERIES: u64 = 200;

/// Longer than anything here takes: a program that is given this is not killed.
const LET_LIVE: Duration = Duration::from_mins(10);

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

/// What became of two writers.
#[derive(Default)]
struct Tally {
    acknowledged: u64,
    killed: u64,
}

/// When to kill: at any time of a life, whatever a life takes on this machine; now and then at once
/// or never, so that both happen on every machine.
fn moment(dice: &mut Dice, life: Duration) -> Duration {
    match dice.roll(8) {
        0 => Duration::ZERO,
        1 => LET_LIVE,
        _ => {
            let longest = u64::try_from(life.as_micros()).expect("short") * 3 / 2;
            Duration::from_micros(dice.roll(longest))
        }
    }
}

/// Tells what an undisturbed call of the program takes.
fn life(mut command: Command) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "it scales the moment of the kill")]
    let start = Instant::now();
    let done = command.output().expect("it starts");
    assert!(done.status.success(), "{done:?}");
    start.elapsed()
}

/// Kills two writers on one store, again and again.
fn kill_two_writers(rounds: u64, dice: &mut Dice) -> Tally {
    let home = Home::new();
    let first = home.file(1);
    let life = life(home.command(PROGRAM, &["sessions", "import", &first]));
    let (mut acknowledged, mut killed) = (vec![1], 0);
    for round in 1..=u128::from(rounds) {
        let writers = [round * 2, round * 2 + 1].map(|id| {
            let file = home.file(id);
            let child = home.command(PROGRAM, &["sessions", "import", &file]).spawn();
            (id, child.expect("it starts"))
        });
        for (id, child) in writers {
            if kill(child, moment(dice, life)) {
                acknowledged.push(id);
            } else {
                killed += 1;
            }
            fs::remove_file(home.path(&format!("{id}.jsonl"))).expect("removed");
        }
        // Now and then, so that wrong rounds are found near; every opening repairs what it finds.
        if round % 50 == 0 || round == u128::from(rounds) {
            let store = Store::open(home.place(), Options::default(), NOW).store;
            let lost: Vec<&u128> = acknowledged.iter().filter(|id| !has(&store, **id)).collect();
            assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
            drop(store);
            sound(&home.place());
        }
    }
    Tally { acknowledged: acknowledged.len() as u64, killed }
}

#[test]
fn two_writers_are_killed_and_nothing_acknowledged_is_lost() {
    let mut dice = Dice(4);
    let mut all = Tally::default();
    let mut left = rounds();
    while left > 0 {
        let tally = kill_two_writers(left.min(SERIES), &mut dice);
        left -= left.min(SERIES);
        all.acknowledged += tally.acknowledged;
        all.killed += tally.killed;
        eprintln!(
            "{} acknowledged, {} killed before; {left} rounds left",
            all.acknowledged, all.killed
        );
    }
    assert!(all.killed > 0 && all.acknowledged > 0, "both happen");
}

#[test]
fn an_import_that_is_killed_is_there_whole_or_not_at_all() {
    let home = Home::new();
    let ids: Vec<u128> = (1..=60).collect();
    let file = home.path("many.jsonl");
    let lines: String = ids.iter().map(|id| jsonl(&session(*id))).collect();
    fs::write(&file, lines).expect("written");
    let file = file.to_string_lossy().into_owned();
    let args = ["sessions", "import", &file];
    let life = life(Home::new().command(PROGRAM, &args));
    let mut dice = Dice(8);
    let mut whole = 0;
    for round in 0..40 {
        let place = Place::new(home.path(&format!("data{round}/sessions")));
        let mut command = home.command(PROGRAM, &args);
        command.env("EDGEWISE_DATA_DIR", home.path(&format!("data{round}")));
        kill(command.spawn().expect("it starts"), moment(&mut dice, life));
        let store = Store::open(place.clone(), Options::default(), NOW).store;
        let there = ids.iter().filter(|id| has(&store, **id)).count();
        assert!(there == 0 || there == ids.len(), "{there} of {} sessions", ids.len());
        whole += usize::from(there > 0);
        drop(store);
        sound(&place);
    }
    assert!(whole > 0, "some of them live");
}

/// Gives a user a store of schema 1, and a call that brings it up to date.
fn with_v1(home: &Home) -> Command {
    fs::create_dir_all(home.place().dir()).expect("a directory");
    fs::write(home.place().database(), V1).expect("written");
    home.command(PROGRAM, &["sessions", "list"])
}

#[test]
fn an_upgrade_that_is_killed_is_there_whole_or_not_at_all() {
    let mut dice = Dice(5);
    let life = life(with_v1(&Home::new()));
    for _ in 0..25 {
        let home = Home::new();
        let child = with_v1(&home).spawn().expect("it starts");
        kill(child, moment(&mut dice, life));
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
    let once = home.path("once.db").to_string_lossy().into_owned();
    let life = life(home.command(PROGRAM, &["db", "backup", &once]));
    for round in 0..30_u128 {
        let purged = round % 6 + 1;
        let id = crate::home::identity(purged).to_string();
        let copy = home.path("copy.db").to_string_lossy().into_owned();
        let args: &[&str] = match round % 2 {
            0 => &["sessions", "purge", &id],
            _ => &["db", "backup", &copy],
        };
        let child = home.command(PROGRAM, args).spawn().expect("it starts");
        kill(child, moment(&mut dice, life));
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
