//! The samples under `tests/fixtures/project`, and what trust takes.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::*;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Origin;
use crate::config::Overrides;
use crate::config::Standing;
use crate::config::Trust;

/// A user with profiles that let more out than the default, and one that lets less out.
const OWN: &str = "[profiles.strict]\nmode = \"local-only\"\n\
                   [profiles.far]\nmode = \"remote-only\"\n\
                   [profiles.loose]\nprivacy = \"open\"\n";

fn settings() -> Settings {
    let layer = Layer::parse("config.toml", OWN).expect("valid");
    Settings::from_layers(&[layer], &Env::default()).expect("valid")
}

fn samples(kind: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project").join(kind);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir).expect("samples").map(|entry| entry.expect("one").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("a sample"))
    };
    paths.into_iter().map(read).collect()
}

/// Decides as `config trust` does, for a directory with this file.
fn trust(cwd: &Path) -> Result<Settings, ConfigError> {
    let (_, text) = Trust::read(cwd)?;
    settings().with_project(&Project::parse(".edgewise.toml", &text)?)
}

#[test]
fn no_hostile_file_can_be_trusted() {
    let mut all = String::new();
    for (name, bytes) in samples("hostile") {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(".edgewise.toml"), bytes).expect("a file");
        let error = trust(dir.path()).expect_err(&name);
        let said = error.to_string().replace(&dir.path().display().to_string(), "DIR");
        assert!(!said.contains(char::is_control), "{name}: {said:?}");
        assert!(!said.contains("hunter2"), "{name}: {said}");
        writeln!(all, "{name}: {said}").expect("a string takes it");
    }
    assert!(all.lines().count() >= 40, "{all}");
    insta::assert_snapshot!("hostile", all);
}

#[test]
fn no_odd_file_is_even_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join(".edgewise.toml");
    let said = || trust(dir.path()).expect_err("refused").to_string();
    assert!(said().contains("No such file"), "{}", said());
    symlink("/etc/passwd", &file).expect("a link");
    assert!(said().ends_with("a symbolic link"), "{}", said());
    fs::remove_file(&file).expect("removed");
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RUSR).expect("a pipe");
    assert!(said().ends_with("not a regular file"), "{}", said());
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("a directory");
    assert!(said().ends_with("not a regular file"), "{}", said());
    fs::remove_dir(&file).expect("removed");
    fs::write(&file, vec![b'#'; 64 * 1024 + 1]).expect("a file");
    assert!(said().ends_with("longer than 64 KiB"), "{}", said());
}

#[test]
fn trust_is_for_a_path_and_a_content() {
    let (data, dir) = (tempfile::tempdir().expect("data"), tempfile::tempdir().expect("project"));
    let trust = Trust::new(data.path());
    let file = dir.path().join(".edgewise.toml");
    assert_eq!(trust.look(dir.path()), Standing::Absent);
    fs::write(&file, "theme = \"dark\"\n").expect("a file");
    let ignored = |why: &str| match trust.look(dir.path()) {
        Standing::Ignored(line) => assert!(line.contains(why) && !line.contains('\n'), "{line}"),
        other => panic!("{other:?}"),
    };
    ignored("is not trusted");
    let (path, text) = Trust::read(dir.path()).expect("a file");
    trust.remember(&path, &text).expect("remembered");
    assert_eq!(trust.look(dir.path()), Standing::Trusted(text.clone()));
    // The same directory by another name is the same; the same content elsewhere is not.
    let (link, other) = (data.path().join("link"), tempfile::tempdir().expect("another"));
    symlink(dir.path(), &link).expect("a link");
    assert_eq!(trust.look(&link), Standing::Trusted(text.clone()));
    fs::write(other.path().join(".edgewise.toml"), &text).expect("a file");
    assert!(matches!(trust.look(other.path()), Standing::Ignored(_)));
    fs::write(&file, "theme = \"light\"\n").expect("a file");
    ignored("has changed");
    fs::remove_file(&file).expect("removed");
    symlink(other.path().join(".edgewise.toml"), &file).expect("a link");
    ignored("has changed");
    assert!(trust.forget(dir.path()).expect("forgotten"));
    assert!(!trust.forget(dir.path()).expect("nothing left"));
    ignored("is not trusted");
    assert!(!dir.path().join("trust").exists(), "the record lies in the project");
}

#[test]
fn a_good_file_says_how_to_answer_and_nothing_else() {
    let samples = samples("good");
    let text = String::from_utf8(samples[0].1.clone()).expect("UTF-8");
    let project = Project::parse("p", &text).expect("valid");
    let before = settings();
    let after = before.clone().with_project(&project).expect("allowed");
    assert_eq!((after.default_profile.as_str(), after.theme.as_str()), ("strict", "light"));
    for (name, was) in &before.profiles {
        let now = after.profile(Some(name)).expect("the same profiles");
        assert_eq!(
            (now.system.as_deref(), now.max_tokens),
            (Some("You know this project."), Some(64))
        );
        assert_eq!(now.sampling.seed, Some(3));
        let rest = Profile {
            system: was.system.clone(),
            max_tokens: was.max_tokens,
            sampling: was.sampling.clone(),
            stop: was.stop.clone(),
            ..now
        };
        assert_eq!(&rest, was, "{name}: more than that has changed");
    }
    assert_eq!(after.endpoints, before.endpoints);
    // What the user says in the call itself is stronger.
    let flags = Overrides { system: Some("Mine.".to_owned()), ..Overrides::default() };
    let profile = after.select(Some("far"), &flags).expect("far");
    assert_eq!((profile.system.as_deref(), profile.mode), (Some("Mine."), Mode::RemoteOnly));
    let shown = after.shown_profile("strict", &flags);
    let origin = |key: &str| {
        shown.iter().find(|shown| shown.key == key).map(|shown| shown.origin.to_string())
    };
    assert_eq!(origin("system").as_deref(), Some("--system"));
    assert_eq!(origin("max_tokens").as_deref(), Some("p:5:14"));
    assert_eq!(origin("sampling.temp").as_deref(), Some("p:7:21"));
    assert_eq!(origin("mode").as_deref(), Some("config.toml:2:8"));
    assert_eq!(shown.iter().filter(|shown| shown.origin == Origin::BuiltIn).count(), 18);
}
