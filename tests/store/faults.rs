//! Every n-th call into the kernel fails: nothing panics, what was acknowledged is stored, and the
//! files stay sound.

use edgewise::store::Note;
use edgewise::store::Options;
use edgewise::store::Store;
use edgewise::store::check;

use crate::home::Home;
use crate::home::NOW;
use crate::home::has;
use crate::trace;

/// Calls of one kind in a run are fewer than this.
const MOST: u32 = 200;

/// Lets every call of a kind fail in turn; returns how many there were.
fn fail_each(call: &str, error: &str, from_then_on: bool) -> u32 {
    let home = Home::new();
    assert!(home.run(&["sessions", "import", &home.file(1)]).status.success());
    let mut stored = vec![1];
    for n in 1..MOST {
        let id = u128::from(n) + 1;
        let then = if from_then_on { "+" } else { "" };
        let inject = format!("inject={call}:error={error}:when={n}{then}");
        let (traced, file) = (format!("trace={call}"), home.file(id));
        let flags = ["-e", &traced, "-e", &inject];
        let (done, trace) = trace::run(&home, &flags, &["sessions", "import", &file]);
        let errors = String::from_utf8_lossy(&done.stderr);
        let what = format!("{call} {error} {n}{then}: {errors}");
        assert!(!errors.contains("panicked"), "{what}");
        assert!(matches!(done.status.code(), Some(0 | 1)), "{what} {:?}", done.status);
        if done.status.success() {
            stored.push(id);
        }
        let opened = Store::open(home.place(), Options::default(), NOW);
        assert!(!opened.notes.iter().any(|note| matches!(note, Note::Salvaged(_))), "{what}");
        assert!(stored.iter().all(|id| has(&opened.store, *id)), "{what}");
        has(&opened.store, id);
        drop(opened);
        assert_eq!(check(&home.place()).expect("checked"), Vec::<String>::new(), "{what}");
        if !trace.contains("(INJECTED)") {
            return n - 1;
        }
    }
    panic!("{call} never ends");
}

#[test]
fn slow_writes_that_fail_lose_nothing_acknowledged() {
    assert!(fail_each("pwrite64", "EIO", false) > 5);
    assert!(fail_each("pwrite64", "ENOSPC", true) > 5);
}

#[test]
fn slow_syncs_that_fail_lose_nothing_acknowledged() {
    assert!(fail_each("fsync,fdatasync", "EIO", false) > 1);
    assert!(fail_each("fsync,fdatasync", "EIO", true) > 1);
    assert!(fail_each("ftruncate", "EIO", false) > 0);
}

/// A limit on the size of files cuts a write short in the middle.
#[test]
fn slow_writes_that_are_cut_short_lose_nothing_acknowledged() {
    let home = Home::new();
    assert!(home.run(&["sessions", "import", &home.file(1)]).status.success());
    let mut stored = vec![1];
    for id in 2..30_u128 {
        let blocks = 2 + 4 * id;
        let file = home.file(id);
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec '{}' sessions import '{file}'",
            crate::home::PROGRAM
        );
        let done = home.command("bash", &["-c", &script]).output().expect("it runs");
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(!errors.contains("panicked"), "{blocks}: {errors}");
        if done.status.success() {
            stored.push(id);
        }
        let opened = Store::open(home.place(), Options::default(), NOW);
        assert!(!opened.notes.iter().any(|note| matches!(note, Note::Salvaged(_))), "{blocks}");
        assert!(stored.iter().all(|id| has(&opened.store, *id)), "{blocks}: {errors}");
        has(&opened.store, id);
    }
    assert!(stored.len() > 1, "some fit");
    assert!(stored.len() < 29, "some did not");
}
