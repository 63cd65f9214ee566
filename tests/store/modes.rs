//! Who can read what is saved: the user, whatever mask the program was started with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::home::Home;
use crate::home::PROGRAM;
use crate::home::identity;

/// Runs the program under a mask that takes no right from anybody.
fn run_unmasked(home: &Home, args: &[&str]) {
    let all = [&["-c", "umask 0; exec \"$@\"", "sh", PROGRAM], args].concat();
    let done = home.command("sh", &all).output().expect("it runs");
    assert!(done.status.success(), "{done:?}");
}

/// Returns everything below a directory that others could read, write or enter.
fn open_to_others(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory").flatten() {
        let meta = entry.metadata().expect("there");
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            found.push(format!("{} is {mode:o}", entry.path().display()));
        }
        if meta.is_dir() {
            found.extend(open_to_others(&entry.path()));
        }
    }
    found
}

#[test]
fn nothing_that_is_saved_is_open_to_others() {
    let home = Home::new();
    let file = home.file(1);
    let kept = home.path("kept");
    fs::create_dir(&kept).expect("a directory");
    let at = |name: &str| kept.join(name).to_string_lossy().into_owned();
    let id = identity(1).to_string();
    run_unmasked(&home, &["sessions", "import", &file]);
    run_unmasked(&home, &["db", "backup"]);
    run_unmasked(&home, &["db", "backup", &at("copy.db")]);
    run_unmasked(&home, &["sessions", "export", "-o", &at("all.jsonl")]);
    run_unmasked(&home, &["sessions", "rename", &id, "a title"]);
    run_unmasked(&home, &["db", "repair"]);
    run_unmasked(&home, &["db", "check"]);
    assert_eq!(open_to_others(home.place().dir()), Vec::<String>::new());
    assert_eq!(open_to_others(&kept), Vec::<String>::new());
    let mode = fs::metadata(home.place().dir()).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    assert!(home.place().backups().exists() && home.place().aside().exists());
}
