//! `models pull` against a hub with faults: the file is right, or it is not there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::home::Home;
use crate::hub::Fault;
use crate::hub::Hub;
use crate::running::Ran;
use crate::running::Running;

/// A whole model of half a megabyte: the tiny one, grown by what may stand behind the tensors.
fn model() -> Vec<u8> {
    let mut bytes = include_bytes!("../fixtures/models/tiny.gguf").to_vec();
    let length = 500_000;
    bytes.extend((bytes.len()..length).map(|at| u8::try_from(at * 7 % 251).expect("small")));
    bytes
}

fn hub(fault: Fault, faults: usize) -> Hub {
    Hub::start(&[("tiny-Q4_0.gguf", &model())], fault, faults)
}

fn command(home: &Home, hub: &Hub, what: &str) -> Command {
    let mut command = home.command(&["models", "pull", what]);
    command.env("HF_ENDPOINT", hub.address());
    command
}

#[track_caller]
fn pull(home: &Home, hub: &Hub) -> Ran {
    Running::start(command(home, hub, "org/repo:Q4_0")).end()
}

fn target(home: &Home) -> PathBuf {
    home.path("data/models/tiny-Q4_0.gguf")
}

/// What lies in the directory of models, hidden files included.
fn left(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.path("data/models")).expect("the directory");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[track_caller]
fn is_right(home: &Home) {
    assert!(fs::read(target(home)).expect("the file") == model(), "the file is another one");
    assert_eq!(left(home), [".tiny-Q4_0.gguf.origin.json", "tiny-Q4_0.gguf"]);
    let verified = Running::start(home.command(&["models", "verify", "tiny-Q4_0"])).end().exits(0);
    assert!(verified.stdout.contains("good, as http://127.0.0.1"), "{verified:?}");
}

#[test]
fn a_model_comes_whole_and_is_not_fetched_twice() {
    let (home, hub) = (Home::without_model(), hub(Fault::None, 0));
    let ran = pull(&home, &hub).exits(0);
    assert!(ran.stdout.contains("fetched ") && ran.stdout.contains("500 kB"), "{ran:?}");
    is_right(&home);
    pull(&home, &hub).exits(0);
    assert_eq!(hub.ranges(), [None]);
    let json = home.run(&["models", "info", "tiny-Q4_0", "--json"]).exits(0);
    assert!(json.stdout.contains("\"bytes\":500000"), "{json:?}");
}

#[test]
fn what_is_not_what_was_promised_is_not_there() {
    let table = [
        (Fault::Altered, "its SHA-256 is"),
        (Fault::Longer, "500007 bytes are offered, 500000 were promised"),
        (Fault::WrongSize, "500000 bytes are offered, 500001 were promised"),
        (Fault::WrongHash, "its SHA-256 is"),
    ];
    for (fault, said) in table {
        let (home, hub) = (Home::without_model(), hub(fault, usize::MAX));
        pull(&home, &hub).exits(1).says(&["error: ", said]);
        assert!(!target(&home).exists(), "{fault:?}");
    }
    // After an altered file nothing is left to go on from.
    let (home, hub) = (Home::without_model(), hub(Fault::Altered, 1));
    pull(&home, &hub).exits(1);
    assert_eq!(left(&home), Vec::<String>::new());
    pull(&home, &hub).exits(0);
    is_right(&home);
}

#[test]
fn a_broken_connection_is_gone_on_with() {
    let (home, hub) = (Home::without_model(), hub(Fault::Cut(150_000), 3));
    pull(&home, &hub).exits(0);
    is_right(&home);
    let ranges = hub.ranges();
    assert_eq!(ranges.len(), 4, "{ranges:?}");
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
    // One that brings nothing is not asked for ever.
    let (home, hub) = (Home::without_model(), self::hub(Fault::Cut(0), usize::MAX));
    pull(&home, &hub).exits(1);
    assert_eq!(hub.ranges().len(), 1);
    assert!(!target(&home).exists());
}

#[test]
fn a_server_without_ranges_gives_it_from_the_start() {
    let home = Home::without_model();
    killed(&home, &hub(Fault::Stall(150_000), 1));
    let hub = hub(Fault::NoRanges, usize::MAX);
    pull(&home, &hub).exits(0);
    assert_eq!(hub.ranges(), [Some("bytes=150000-".to_owned())]);
    is_right(&home);
}

/// Fetches from a hub that stalls, until so much has come.
fn begun(home: &Home, hub: &Hub) -> Running {
    let running = Running::start(command(home, hub, "org/repo:Q4_0"));
    let part = home.path("data/models/.tiny-Q4_0.gguf.part");
    let come = || part.metadata().is_ok_and(|meta| meta.len() >= 150_000).then_some(());
    running.until("a part of the file", come);
    running
}

/// The same, and kills the program then.
fn killed(home: &Home, hub: &Hub) {
    begun(home, hub).kill();
}

#[test]
fn a_killed_download_goes_on_and_a_changed_file_begins_anew() {
    let home = Home::without_model();
    let hub = Hub::start(&[("tiny-Q4_0.gguf", &model())], Fault::Stall(150_000), 1);
    killed(&home, &hub);
    assert!(!target(&home).exists());
    pull(&home, &hub).exits(0);
    assert_eq!(hub.ranges(), [None, Some("bytes=150000-".to_owned())]);
    is_right(&home);

    let home = Home::without_model();
    let old: Vec<u8> = model().iter().map(|byte| byte ^ 1).collect();
    let hub = Hub::start(&[("tiny-Q4_0.gguf", &old)], Fault::Stall(150_000), 1);
    killed(&home, &hub);
    hub.replace("tiny-Q4_0.gguf", &model());
    pull(&home, &hub).exits(0);
    is_right(&home);
}

#[test]
fn an_interrupt_keeps_the_part_and_exits_130() {
    let home = Home::without_model();
    let hub = Hub::start(&[("tiny-Q4_0.gguf", &model())], Fault::Stall(150_000), 1);
    let running = begun(&home, &hub);
    running.signal(Signal::INT);
    running.end().exits(130);
    assert_eq!(left(&home), [".tiny-Q4_0.gguf.part", ".tiny-Q4_0.gguf.part.json"]);
    pull(&home, &hub).exits(0);
    is_right(&home);
}

#[test]
fn of_two_at_once_one_fetches() {
    let home = Home::without_model();
    let hub = Hub::start(&[("tiny-Q4_0.gguf", &model())], Fault::Stall(150_000), 1);
    let first = begun(&home, &hub);
    pull(&home, &hub).exits(1).says(&["another edgewise is fetching tiny-Q4_0.gguf"]);
    first.kill();
    pull(&home, &hub).exits(0);
    is_right(&home);
}

#[test]
fn a_disk_that_takes_no_more_leaves_no_model() {
    let (home, hub) = (Home::without_model(), hub(Fault::None, 0));
    let mut limited = Command::new("sh");
    home.settle(&mut limited);
    // In blocks of 512 bytes: some 200 kB.
    let script = format!("ulimit -f 400; exec {} models pull org/repo:Q4_0", crate::home::PROGRAM);
    limited.args(["-c", &script]).env("HF_ENDPOINT", hub.address());
    let ran = Running::start(limited).end().exits(1);
    assert!(ran.says(&["File too large"]).stdout.is_empty());
    assert!(!target(&home).exists());
    pull(&home, &hub).exits(0);
    is_right(&home);
}

#[test]
fn names_of_a_server_reach_no_path_and_links_are_not_followed() {
    let evil =
        ["..%2f..%2fevil.gguf", "-rf-Q4_0.gguf", ".hidden-Q4_0.gguf", "a\u{1b}[31m-Q4_0.gguf"];
    for name in evil {
        let home = Home::without_model();
        let hub = Hub::start(&[(name, &model())], Fault::None, 0);
        let ran = pull(&home, &hub);
        assert!(!ran.stderr.contains('\u{1b}'), "{name}: {ran:?}");
        assert!(!ran.status.success(), "{name}: {ran:?}");
        assert_eq!(left(&home), Vec::<String>::new(), "{name}");
    }
    let (home, hub) = (Home::without_model(), hub(Fault::None, 0));
    let victim = home.path("victim");
    fs::write(&victim, "precious").expect("a file");
    symlink(&victim, home.path("data/models/.tiny-Q4_0.gguf.part")).expect("a link");
    pull(&home, &hub).exits(1);
    assert_eq!(fs::read(&victim).expect("there"), b"precious");
}

#[test]
fn all_parts_of_a_model_come_in_one_go() {
    let home = Home::without_model();
    let second = [b"GGUF".as_slice(), &[7; 1000]].concat();
    let files: [(&str, &[u8]); 2] =
        [("big-F16-00001-of-00002.gguf", &model()), ("big-F16-00002-of-00002.gguf", &second)];
    let hub = Hub::start(&files, Fault::None, 0);
    Running::start(command(&home, &hub, "org/repo:F16")).end().exits(0);
    let listed = home.run(&["models", "list", "--json"]).exits(0);
    let line: serde_json::Value = serde_json::from_str(listed.stdout.trim()).expect("one model");
    assert_eq!((&line["files"], &line["bytes"]), (&2.into(), &501_004.into()));
    let none = Running::start(command(&home, &hub, "org/repo:Q8_0")).end().exits(2);
    none.says(&["org/repo has no Q8_0 in GGUF", "hint: there is F16"]);
}

#[test]
fn a_token_goes_to_the_hub_alone_and_nothing_goes_out_offline() {
    let home = Home::without_model();
    let cdn = hub(Fault::None, 0);
    let hub = hub(Fault::None, 0).with_cdn(&cdn);
    let mut command = command(&home, &hub, "org/repo:Q4_0");
    command.env("HF_TOKEN", "hf_canary");
    let ran = Running::start(command).end().exits(0);
    assert!(!format!("{ran:?}").contains("hf_canary"));
    is_right(&home);
    assert!(hub.asked().iter().all(|asked| asked.token), "{:?}", hub.asked());
    assert_eq!(cdn.asked().len(), 1);
    assert!(!cdn.asked()[0].token, "the token went on");

    let home = Home::without_model();
    let before = hub.asked().len();
    let mut offline = self::command(&home, &hub, "org/repo:Q4_0");
    offline.arg("--offline");
    Running::start(offline).end().exits(4).says(&["--offline"]);
    let mut switched = self::command(&home, &hub, "org/repo:Q4_0");
    switched.env("EDGEWISE_NO_REMOTE", "1");
    Running::start(switched).end().exits(4);
    assert_eq!(hub.asked().len(), before);
    let mut plain = self::command(&home, &hub, "org/repo:Q4_0");
    plain.env("HF_ENDPOINT", "http://hub.invalid");
    Running::start(plain).end().exits(2).says(&["hub.invalid"]);
}

#[test]
fn a_file_behind_an_address_comes_with_its_hash() {
    let home = Home::without_model();
    let hub = hub(Fault::None, 0);
    let address = |hash: &str| format!("{}/x/tiny-Q4_0.gguf#sha256={hash}", hub.address());
    let wrong = address(&"0".repeat(64));
    home.run(&["models", "pull", &wrong]).exits(1).says(&["its SHA-256 is"]);
    assert_eq!(left(&home), Vec::<String>::new());
    let right = format!("{:x}", <sha2::Sha256 as sha2::Digest>::digest(model()));
    home.run(&["models", "pull", &address(&right)]).exits(0);
    is_right(&home);
    home.run(&["models", "pull", "smollm2-135m-instruct"]).exits(2).says(&["scripts/run"]);
    home.run(&["models", "pull", "nonsense"])
        .exits(2)
        .says(&["neither org/repo", "known by name: "]);
    home.run(&["models", "pull", "qwen3-1.7"]).exits(2).says(&["did you mean `qwen3-1.7b`?"]);
}
