//! Taking in, checking and removing models.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;

use super::*;
use crate::config::Paths;

const TINY: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/models/tiny.gguf"));

fn home() -> (tempfile::TempDir, Paths) {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().canonicalize().expect("it is there");
    fs::create_dir(root.join("elsewhere")).expect("a directory");
    fs::write(root.join("elsewhere/tiny.gguf"), TINY).expect("a file");
    (dir, Paths { data: root.join("data"), ..Paths::default() })
}

fn go(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn elsewhere(paths: &Paths) -> Stocked {
    let path = paths.data.parent().expect("a parent").join("elsewhere/tiny.gguf");
    find(&path.display().to_string(), paths).expect("it is there")
}

#[test]
fn a_copy_is_ours_and_a_link_is_the_same_file() {
    let (_dir, paths) = home();
    let from = elsewhere(&paths);
    let copy = import(&from, Take::Copy, &paths, &mut go).expect("imported");
    assert_eq!(fs::read(&copy).expect("there"), TINY);
    let inode = |path: &std::path::Path| path.metadata().expect("there").ino();
    assert_ne!(inode(&copy), inode(&from.path));
    let again = import(&from, Take::Copy, &paths, &mut go).expect_err("it is there");
    assert!(again.to_string().ends_with("tiny.gguf is there already"), "{again}");
    assert_eq!(fs::read_dir(paths.models_dir()).expect("listed").count(), 1, "something is left");
    let own = find("tiny", &paths).expect("found");
    assert_eq!(remove(&own).expect("removed"), TINY.len() as u64);
    let link = import(&from, Take::Link, &paths, &mut go).expect("linked");
    assert_eq!(inode(&link), inode(&from.path));
    remove(&find("tiny", &paths).expect("found")).expect("removed");
    assert_eq!(fs::read(&from.path).expect("still there"), TINY);
}

#[test]
fn a_stopped_copy_leaves_nothing() {
    let (_dir, paths) = home();
    let stop = &mut |_: u64| ControlFlow::Break(());
    let stopped = import(&elsewhere(&paths), Take::Copy, &paths, stop).expect_err("stopped");
    assert_eq!(stopped, ModelError::Stopped);
    assert_eq!(fs::read_dir(paths.models_dir()).expect("listed").count(), 0);
    let stopped = verify(&elsewhere(&paths), &mut |_| ControlFlow::Break(())).expect_err("stopped");
    assert_eq!(stopped, ModelError::Stopped);
}

#[test]
fn another_programs_model_gets_a_name_and_keeps_its_hash() {
    let (_dir, paths) = home();
    let sha256 = match verify(&elsewhere(&paths), &mut go).expect("hashed") {
        Verified::Unknown { sha256 } => sha256,
        other => panic!("{other:?}"),
    };
    let blob = paths.data.parent().expect("a parent").join(format!("elsewhere/sha256-{sha256}"));
    fs::write(&blob, TINY).expect("a file");
    let from = Stocked {
        keeper: Keeper::Ollama,
        name: "qwen3:0.6b".to_owned(),
        path: blob,
        parts: (1, 1),
        bytes: TINY.len() as u64,
        sha256: Some(sha256.clone()),
        licence: None,
    };
    let path = import(&from, Take::Copy, &paths, &mut go).expect("imported");
    assert!(path.ends_with("qwen3-0.6b.gguf"), "{path:?}");
    let own = find("qwen3-0.6b", &paths).expect("found");
    let good = Verified::Good { sha256: sha256.clone(), source: "Ollama".to_owned() };
    assert_eq!(verify(&own, &mut go), Ok(good));
    let mut bytes = TINY.to_vec();
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&path, bytes).expect("altered");
    let altered = verify(&own, &mut go).expect("hashed");
    assert!(matches!(altered, Verified::Differs { expected, .. } if expected == sha256));
    let error = remove(&from).expect_err("not ours");
    assert_eq!(error.to_string(), "qwen3:0.6b belongs to Ollama: remove it there");
    remove(&own).expect("removed");
    assert_eq!(fs::read_dir(paths.models_dir()).expect("listed").count(), 0, "a record is left");
}

#[test]
fn what_is_no_model_is_not_taken_in() {
    let (_dir, paths) = home();
    let from = elsewhere(&paths);
    fs::write(&from.path, "no model").expect("a file");
    assert!(matches!(import(&from, Take::Copy, &paths, &mut go), Err(ModelError::Bad { .. })));
    assert!(!paths.models_dir().exists());
}
