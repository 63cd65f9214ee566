//! The report on the device, with and without an engine.

use std::fs;
use std::io::Read as _;

use rustix::process::Signal;
use serde_json::Value;

use crate::answers::LONG;
use crate::events::Events;
use crate::home::Home;
use crate::running::Ran;
use crate::running::Running;

fn checks(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn verdict(checks: &[Value], key: &str) -> String {
    let check = checks.iter().find(|check| check["key"] == key);
    let check = check.unwrap_or_else(|| panic!("{key} is among {checks:?}"));
    assert_eq!(check["section"], "device");
    assert!(check["source"].as_str().is_some_and(|source| !source.is_empty()), "{check}");
    check["verdict"].as_str().expect("a word").to_owned()
}

#[test]
fn without_an_engine_the_machine_is_seen_and_the_engine_unknown() {
    let home = Home::new();
    let ran = home.run(&["doctor", "--json"]).exits(0);
    let checks = checks(&ran);
    for key in ["state", "cpu_wait", "decode_ratio", "decode_tps"] {
        assert_eq!(verdict(&checks, key), "unknown", "{key}");
    }
    assert_ne!(verdict(&checks, "memory_available"), "unknown");
    assert!(!home.had_an_engine(), "a look starts nothing");
    let table = home.run(&["doctor"]).exits(0);
    assert!(table.stdout.starts_with("device\n  unknown  state "), "{table:?}");
}

#[test]
fn an_engine_that_answers_tells_its_state_and_speed() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "--temp", "0", LONG]));
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut [0; 400]).expect("the first words");
    let ran = home.run(&["doctor", "--json"]).exits(0);
    let checks = checks(&ran);
    assert_ne!(verdict(&checks, "state"), "unknown", "{ran:?}");
    assert_eq!(verdict(&checks, "decode_tps"), "ok", "{ran:?}");
    asked.signal(Signal::INT);
    asked.end().exits(130);
}

#[test]
fn the_installation_is_checked_model_by_model() {
    let home = Home::new();
    home.config(
        "[endpoints.near]\nprotocol = \"ollama\"\nbase_url = \"http://127.0.0.1:9\"\n\
         [endpoints.far]\nprotocol = \"openai\"\nbase_url = \"https://far.example/v1/secret\"\n\
         key_env = \"NOBODY_SET_THIS\"\n",
    );
    fs::write(home.path("data/models/broken.gguf"), "no \u{1b}[31mmodel").expect("a file");
    fs::write(home.path("home/.edgewise.toml"), "theme = \"dark\"").expect("a file");
    let ran = home.run(&["doctor", "--json"]).exits(1);
    let checks = checks(&ran);
    let verdict = |key: &str| {
        let check = checks.iter().find(|check| check["key"] == key);
        check.unwrap_or_else(|| panic!("{key} is among {checks:?}"))["verdict"].clone()
    };
    for (key, expected) in [
        ("gpu_backends", "ok"),
        ("device:CPU", "ok"),
        ("config", "ok"),
        ("endpoint:near", "ok"),
        ("endpoint:far", "failure"),
        ("project", "warning"),
        ("model:SmolLM2-135M-Instruct.Q4_1", "ok"),
        ("model:broken", "failure"),
        ("other_models", "ok"),
        ("terminal", "unknown"),
        ("utf8", "warning"),
    ] {
        assert_eq!(verdict(key), expected, "{key}");
    }
    assert_ne!(verdict("cpu_kernels"), "failure");
    assert!(!ran.stdout.contains('\u{1b}'), "{ran:?}");
    let shown = home.run(&["doctor"]).exits(1);
    let told = "openai, https://far.example, no key: NOBODY_SET_THIS is not set\n";
    assert!(shown.stdout.contains(told), "{shown:?}");
    assert!(!shown.stdout.contains("secret"), "an address's path is nobody's business");
    home.config("nonsense = 1\n");
    let ran = home.run(&["doctor"]).exits(1);
    assert!(ran.stdout.contains("failure  config.toml"), "{ran:?}");
}

#[cfg(not(any(feature = "vulkan", feature = "cuda", feature = "metal", target_os = "macos")))]
#[test]
fn a_gpu_that_is_required_is_there_or_nothing_starts() {
    let home = Home::new();
    for args in [&["ask", "Hi"][..], &["map", "{}"]] {
        let args = [args, &["--require-gpu"]].concat();
        let ran = home.pipe(&args, b"a\n").exits(4).answers_nothing();
        ran.says(&[
            "a GPU is required, and this build has no backend for one",
            "--features vulkan",
        ]);
    }
    let json = home.run(&["ask", "--json", "--require-gpu", "Hi"]).exits(4);
    assert_eq!(Events::read(&json).finish()["error"]["kind"], "no_route");
    let elsewhere = home.run(&["ask", "--require-gpu", "--mode", "remote-only", "Hi"]).exits(4);
    elsewhere.answers_nothing();
    assert!(!home.had_an_engine());
}

#[cfg(not(any(feature = "vulkan", feature = "cuda", feature = "metal", target_os = "macos")))]
#[test]
fn a_fall_back_to_the_cpu_is_said() {
    const LINE: &str = "no GPU is used: answers come from the CPU\n";
    let home = Home::new();
    home.config("compute = { gpu_layers = 12 }\nmax_tokens = 2\n");
    for args in [&["ask", "Hi"][..], &["ask", "--json", "Hi"], &["map", "Say {}"]] {
        let said = home.pipe(args, b"a\n").exits(0);
        assert_eq!(said.stderr.matches(LINE).count(), 1, "{said:?}");
        let quiet = home.pipe(&[args, &["-q"]].concat(), b"a\n").exits(0);
        assert!(!quiet.stderr.contains(LINE), "{quiet:?}");
    }
    // By an engine that was there already as well.
    let first = Running::start(home.command(&["ask", "--max-tokens", "400", "Tell a story."]));
    first.until("an engine", || home.engines().first().copied());
    home.run(&["ask", "Hi"]).exits(0).says(&[LINE]);
    first.end();
    home.config("compute = { gpu_layers = 0 }\nmax_tokens = 2\n");
    assert!(!home.run(&["ask", "Hi"]).exits(0).stderr.contains(LINE), "nobody asked for one");
    home.engines_leave();
}
