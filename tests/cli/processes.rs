//! The engine as a process: what it has of its front, who can reach it, who shares it.

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use rustix::io::FdFlags;
use rustix::process::Signal;

use crate::answers::LONG;
use crate::events::Events;
use crate::home::Home;
use crate::running::Running;

/// Returns the mode of a file, links not followed.
fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("a file").permissions().mode() & 0o777
}

/// Returns what a process holds open, by number.
fn open_files(pid: u32) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
    let read = |entry: fs::DirEntry| {
        let number = entry.file_name().to_string_lossy().into_owned();
        Some((number, fs::read_link(entry.path()).ok()?))
    };
    entries.flatten().filter_map(read).collect()
}

#[test]
fn an_engine_has_nothing_of_its_front() {
    let home = Home::new();
    let leaked = home.path("leaked");
    let file = File::create(&leaked).expect("a file");
    rustix::io::fcntl_setfd(&file, FdFlags::empty()).expect("the flag of a descriptor");
    let mut command = home.command(&["ask", "--temp", "0", LONG]);
    let secrets = [
        "SECRET_TOKEN",
        "OPENAI_API_KEY",
        "EDGEWISE_API_KEY",
        "LD_PRELOAD_NOTE",
        "GGML_BACKEND_PATH",
    ];
    for name in secrets {
        command.env(name, "hidden-value");
    }
    command.env("OMP_NUM_THREADS", "1");
    let mut asked = Running::start(command);
    drop(file);
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut [0; 8]).expect("the first words");
    let engines = home.engines();
    let [engine] = engines[..] else { panic!("one engine: {engines:?}") };
    let front_has = open_files(asked.pid()).iter().any(|(_, path)| *path == leaked);
    assert!(front_has, "the front was given the file");

    stands_alone(engine);
    holds_only_its_own(engine, &home);
    inherits_only_what_is_allowed(engine);
    is_out_of_reach(&home.path("run"));

    asked.signal(Signal::INT);
    asked.end().exits(130);
    home.engines_leave();
    let left = fs::read_dir(home.path("run")).expect("the runtime directory").flatten();
    let is_socket = |path: PathBuf| path.extension().is_some_and(|ending| ending == "sock");
    assert!(!left.map(|entry| entry.path()).any(is_socket), "its socket is gone with it");
}

/// It leads its own session and group, has no terminal, and stands in no directory of the user's.
#[track_caller]
fn stands_alone(engine: u32) {
    let stat = fs::read_to_string(format!("/proc/{engine}/stat")).expect("its state");
    let (_, after_name) = stat.rsplit_once(") ").expect("a name in parentheses");
    let fields: Vec<&str> = after_name.split(' ').collect();
    let own = engine.to_string();
    assert_eq!((fields[2], fields[3], fields[4]), (own.as_str(), own.as_str(), "0"), "{stat}");
    let here = fs::read_link(format!("/proc/{engine}/cwd")).expect("its directory");
    assert_eq!(here, Path::new("/"));
}

/// It holds its log, its sockets and its model open, and none of the front's files.
#[track_caller]
fn holds_only_its_own(engine: u32, home: &Home) {
    let open = open_files(engine);
    let at =
        |number: &str| open.iter().find(|(open, _)| open == number).map(|(_, path)| path.clone());
    assert_eq!((at("0"), at("1")), (Some("/dev/null".into()), Some("/dev/null".into())));
    let log = at("2").expect("stderr");
    assert_eq!((log.parent(), log.extension()), (Some(&*home.path("run")), Some("log".as_ref())));
    for (number, path) in &open {
        let name = path.to_string_lossy();
        let own = ["socket:", "anon_inode:", "/dev/null", "/proc/", "/sys/"];
        let is_own = own.iter().any(|start| name.starts_with(start))
            || *path == log
            || name.ends_with(".gguf");
        assert!(is_own, "descriptor {number} is {name}");
    }
}

/// Its environment is the allow-list, as far as the front had it.
#[track_caller]
fn inherits_only_what_is_allowed(engine: u32) {
    let environment = fs::read(format!("/proc/{engine}/environ")).expect("its environment");
    let environment = String::from_utf8(environment).expect("text");
    assert!(!environment.contains("hidden-value"), "{environment}");
    let variables = environment.split_terminator('\0');
    let mut names: Vec<&str> =
        variables.map(|variable| variable.split('=').next().expect("a name")).collect();
    names.sort_unstable();
    let ours = ["CACHE", "CONFIG", "DATA", "RUNTIME"].map(|name| format!("EDGEWISE_{name}_DIR"));
    let expected: Vec<&str> =
        ours.iter().map(String::as_str).chain(["HOME", "OMP_NUM_THREADS", "PATH"]).collect();
    assert_eq!(names, expected);
}

/// Nobody else enters the directory, and its files are for reading and writing.
#[track_caller]
fn is_out_of_reach(runtime: &Path) {
    assert_eq!(mode(runtime), 0o700);
    let mut endings = Vec::new();
    for entry in fs::read_dir(runtime).expect("the runtime directory").flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
        endings.push(entry.path().extension().expect("an ending").to_string_lossy().into_owned());
    }
    endings.sort_unstable();
    assert_eq!(endings, ["lock", "log", "sock"]);
}

#[test]
fn two_calls_share_one_engine() {
    let home = Home::new();
    let args = ["ask", "--temp", "0", LONG];
    let calls = [(); 2].map(|()| Running::start(home.command(&args)));
    let calls = calls.map(|mut call| {
        let mut stdout = call.stdout();
        stdout.read_exact(&mut [0; 8]).expect("the first words");
        (call, stdout)
    });
    assert_eq!(home.engines().len(), 1);
    let [(first, _first), (second, mut second_out)] = calls;
    first.signal(Signal::INT);
    first.end().exits(130);
    // The other one goes on.
    second_out.read_exact(&mut [0; 32]).expect("more words");
    assert_eq!(home.engines().len(), 1);
    second.signal(Signal::INT);
    second.end().exits(130);
    home.engines_leave();
}

#[test]
fn a_runtime_directory_of_others_is_refused() {
    let home = Home::new();
    let run = home.path("run");
    fs::create_dir(&run).expect("a directory");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o777)).expect("a mode");
    let ran = home.run(&["ask", "Hi"]).exits(2).answers_nothing();
    ran.says(&["is open to other users", "hint: run: chmod 700"]);
    assert_eq!(fs::read_dir(&run).expect("the directory").count(), 0);
    fs::remove_dir(&run).expect("an empty directory");
    let elsewhere = home.path("elsewhere");
    fs::create_dir(&elsewhere).expect("a directory");
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).expect("a mode");
    symlink(&elsewhere, &run).expect("a link");
    home.run(&["ask", "Hi"]).exits(2).answers_nothing().says(&["is a symbolic link"]);
    fs::remove_file(&run).expect("a link");
    fs::write(&run, "").expect("a file is written");
    let json = home.run(&["ask", "--json", "Hi"]).exits(2);
    assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
}

#[test]
fn a_runtime_directory_that_is_too_deep_for_a_socket_is_no_obstacle() {
    let home = Home::new();
    let mut command = home.command(&["ask", "--temp", "0", "--max-tokens", "3", "Hi"]);
    command.env("EDGEWISE_RUNTIME_DIR", home.path(&"deep".repeat(40)));
    let ran = Running::start(command).end().exits(0);
    assert_ne!(ran.stdout, "");
}

#[test]
fn an_engine_stays_for_the_next_call_and_leaves_when_told() {
    let home = Home::new();
    let text = "[engine]\nkeep_alive = \"10m\"\n[profiles.default]\nthreads = 1\n";
    fs::write(home.path("config/config.toml"), text).expect("a file is written");
    home.run(&["ask", "--temp", "0", "--max-tokens", "2", "Hi"]).exits(0);
    let engines = home.engines();
    let [engine] = engines[..] else { panic!("one engine: {engines:?}") };
    let listed = home.run(&["ps"]).exits(0);
    assert!(listed.stdout.contains(&engine.to_string()), "{listed:?}");
    let row = listed.stdout.lines().nth(1).expect("a row");
    assert!(listed.stdout.contains("  ON\n") && row.ends_with("  CPU"), "{listed:?}");
    let mut asked = Running::start(home.command(&["ask", "--temp", "0", LONG]));
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut [0; 8]).expect("the first words");
    assert_eq!(home.engines(), engines);
    let stopped = home.run(&["stop"]).exits(0).answers_nothing();
    assert_eq!(stopped.stderr, format!("stopped engine {engine}\n"));
    asked.end().exits(3).says(&["the answer was interrupted: the engine was stopped"]);
    home.engines_leave();
    home.run(&["stop"]).exits(0).answers_nothing().says(&["no engine runs"]);
}
