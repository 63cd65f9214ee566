//! `config` and `profiles` from outside, and projects whose files nobody asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::home::Home;
use crate::running::Running;

fn hostile() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project/hostile");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("a sample").path();
        (path.display().to_string(), fs::read(path).expect("a sample"))
    };
    fs::read_dir(dir).expect("samples").map(read).collect()
}

#[test]
fn a_hostile_project_is_one_line_and_changes_nothing() {
    let home = Home::without_model();
    home.config("[profiles.far]\nmode = \"remote-only\"\n[profiles.loose]\nprivacy = \"open\"\n");
    let without = home.run(&["config", "show"]).exits(0).stdout;
    let samples = hostile();
    assert!(samples.len() >= 40);
    for (name, bytes) in samples {
        fs::write(home.path("home/.edgewise.toml"), bytes).expect("a file");
        let shown = home.run(&["config", "show"]).exits(0);
        assert_eq!(shown.stdout, without, "{name}");
        assert_eq!(shown.stderr.lines().count(), 1, "{name}: {shown:?}");
        shown.says(&["is not trusted and was ignored: edgewise config trust"]);
        let refused = home.run(&["config", "trust"]).exits(2);
        let refused = refused.says(&["error: "]);
        assert!(!refused.stderr.contains(['\u{1b}', '\u{7}']), "{name}: {refused:?}");
        assert!(!home.path("data/trust").exists(), "{name} is trusted");
    }
    assert!(!home.path("home/RAN").exists(), "something ran");
    assert!(!home.had_an_engine());
}

#[test]
fn a_project_counts_from_trust_to_the_next_change() {
    let home = Home::without_model();
    let file = home.path("home/.edgewise.toml");
    fs::write(&file, "system = \"Be \\u001b[31mkind.\"\nmax_tokens = 9\n").expect("a file");
    let system = |origin: &str| {
        let shown = home.run(&["profiles", "show", "--origin"]).exits(0);
        let line = shown.stdout.lines().find(|line| line.starts_with("max_tokens"));
        assert_eq!(line.map(|line| line.contains(origin)), (!origin.is_empty()).then_some(true));
        shown
    };
    system("");
    home.run(&["config", "trust"]).exits(0).says(&["trusted as it is now", "max_tokens = 9"]);
    assert_eq!(system(".edgewise.toml:2:14").stderr, "");
    assert!(!system(".edgewise.toml").stdout.contains('\u{1b}'));
    fs::write(&file, "max_tokens = 10\n").expect("a file");
    system("").says(&["has changed since it was trusted and was ignored"]);
    home.run(&["config", "trust"]).exits(0);
    system(".edgewise.toml:1:14");
    home.run(&["config", "trust", "--revoke"]).exits(0);
    home.run(&["config", "trust", "--revoke"]).exits(2);
    system("");
    fs::remove_file(&file).expect("removed");
    home.run(&["config", "trust"]).exits(2).says(&["No such file", "hint: "]);
}

#[test]
fn every_layer_is_named_where_it_counts() {
    let home = Home::without_model();
    let file =
        home.config("max_tokens = 7\n[profiles.quick]\nextends = \"default\"\nn_ctx = 512\n");
    let mut command = home.command(&[
        "config",
        "show",
        "--origin",
        "-p",
        "quick",
        "--temp",
        "0.5",
        "--mode",
        "local-only",
    ]);
    command.env("EDGEWISE_MODEL", "other").env("EDGEWISE_MODE", "auto");
    let shown = Running::start(command).end().exits(0);
    let quick = shown.stdout.split("[profiles.quick]").nth(1).expect("the profile");
    let quick = quick.split("\n[").next().expect("its end");
    let line = |key: &str| {
        let start = format!("{key} = ");
        let line = quick.lines().find(|line| line.starts_with(&start)).expect(key);
        line.split(" # ").map(|part| part.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(line("n_ctx"), ["n_ctx = 512".to_owned(), format!("{}:8:9", file.display())]);
    assert_eq!(line("model"), ["model = \"other\"", "$EDGEWISE_MODEL"]);
    assert_eq!(line("mode"), ["mode = \"local-only\"", "--mode"]);
    assert_eq!(line("sampling.temp"), ["sampling.temp = 0.5", "--temp"]);
    assert_eq!(line("on_full"), ["on_full = \"ask\"", "built in"]);
    let inherited = format!("{}:5:14, from default", file.display());
    assert_eq!(line("max_tokens"), ["max_tokens = 7".to_owned(), inherited]);
    let mut command = home.command(&["profiles", "show"]);
    command.env("EDGEWISE_PROFILE", "qick");
    Running::start(command).end().exits(2).says(&["no profile `qick`", "did you mean `quick`?"]);
    let listed = home.run(&["profiles", "list", "--json"]).exits(0);
    let names: Vec<serde_json::Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(names.len(), 2);
    assert_eq!((&names[0]["name"], &names[0]["default"]), (&"default".into(), &true.into()));
    home.run(&["config", "check", "-m", "x"]).exits(2).says(&["--model means nothing"]);
}

#[test]
fn a_change_keeps_comments_and_a_mistake_changes_nothing() {
    let home = Home::without_model();
    let file = home.config("# mine\n[profiles.quick] # fast\nn_ctx = 512 # few\n");
    let before = fs::read_to_string(&file).expect("the file");
    home.run(&["config", "set", "profiles.quick.n_ctx", "1024"]).exits(0);
    assert_eq!(fs::read_to_string(&file).expect("the file"), before.replace("512", "1024"));
    home.run(&["config", "set", "profiles.quick.n_ctxx", "1"]).exits(2).says(&["`n_ctx`?"]);
    home.run(&["config", "set", "chat.mouse", "pink"]).exits(2).says(&["`mouse` in [chat]"]);
    assert_eq!(fs::read_to_string(&file).expect("the file"), before.replace("512", "1024"));
    home.run(&["config", "check"]).exits(0);
    fs::remove_file(&file).expect("removed");
    home.run(&["config", "check"]).exits(0);
    home.run(&["config", "set", "theme", "light"]).exits(0);
    assert_eq!(fs::read_to_string(&file).expect("the file"), "theme = \"light\"\n");
    assert_eq!(home.run(&["config", "path"]).exits(0).stdout, format!("{}\n", file.display()));
}

#[test]
fn the_editor_is_the_users_and_what_it_leaves_is_checked() {
    let home = Home::without_model();
    let file = home.path("config/config.toml");
    fs::remove_file(&file).expect("removed");
    let editor = home.path("editor");
    fs::write(&editor, "#!/bin/sh\n[ \"$1\" = -w ] && echo \"$LINE\" >> \"$2\"\n")
        .expect("written");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).expect("executable");
    let edit = |line: &str| {
        let mut command = home.command(&["config", "edit"]);
        command.env("EDITOR", format!("{} -w", editor.display())).env("LINE", line);
        Running::start(command).end()
    };
    edit("# a note").exits(0);
    let text = fs::read_to_string(&file).expect("the file");
    assert!(text.contains("default_profile = \"quick\"") && text.ends_with("# a note\n"));
    edit("nonsense = 1").exits(2).says(&["unknown key `nonsense`"]);
    let mut command = home.command(&["config", "edit"]);
    command.env("VISUAL", "/nowhere/editor");
    Running::start(command).end().exits(1).says(&["/nowhere/editor", "hint: set VISUAL or EDITOR"]);
}

#[test]
fn the_schema_is_the_published_one() {
    let home = Home::without_model();
    let schema = home.run(&["config", "schema"]).exits(0).stdout;
    assert_eq!(schema, include_str!("../../assets/config.schema.json"));
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    assert_eq!(schema["properties"]["engine"]["properties"]["max_turns"]["maximum"], 256);
}
