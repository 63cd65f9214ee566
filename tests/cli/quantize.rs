//! `models quantize` and what it measures, with the real model.

use std::fs;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::home::Home;
use crate::home::PROGRAM;
use crate::running;
use crate::running::Running;
use crate::tiny;
use crate::tiny::Kind;

const SOURCE: &str = "SmolLM2-135M-Instruct.Q4_1";
const MADE: &str = "SmolLM2-135M-Instruct.Q4_0";

/// Lists the directory of models.
fn stock(home: &Home) -> Vec<String> {
    let names = fs::read_dir(home.path("data/models")).expect("a directory").flatten();
    let mut names: Vec<String> =
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn number(value: &Value, key: &str) -> f64 {
    let number = value["measured"][key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"));
    assert!(number.is_finite() && number > 0.0, "{key} in {value}");
    number
}

#[test]
fn a_smaller_file_is_made_and_both_are_measured() {
    let home = Home::new();
    let text = home.path("home/text.txt");
    fs::write(&text, include_str!("../../assets/measure.txt")).expect("a file");
    let args = ["models", "quantize", SOURCE, "q4_0", "--lossy", "--text", "text.txt", "--json"];
    let ran = home.run(&args).exits(0);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["type"], "quantized");
    let (before, after) = (&report["before"], &report["after"]);
    assert_eq!((&before["quantisation"], &after["quantisation"]), (&"Q4_1".into(), &"Q4_0".into()));
    assert!(after["bytes"].as_u64() < before["bytes"].as_u64(), "{report}");
    for key in ["load_ms", "prefill_tps", "decode_tps", "tokens"] {
        number(before, key);
        number(after, key);
    }
    // The same text, and a model that still knows its language.
    assert_eq!(before["measured"]["tokens"], after["measured"]["tokens"]);
    let (was, is) = (number(before, "perplexity"), number(after, "perplexity"));
    assert!((5.0..100.0).contains(&was) && is > was * 0.9 && is < was * 2.0, "{was} {is}");
    assert_eq!(stock(&home), [format!("{MADE}.gguf"), format!("{SOURCE}.gguf")]);
    home.run(&["ask", "-m", MADE, "--max-tokens", "2", "Hi"]).exits(0);
    let again = home.run(&args[..args.len() - 1]).exits(2).answers_nothing();
    again.says(&[&format!("{MADE}.gguf is there already")]);
    home.engines_leave();
}

/// Reads the rows of `models list`.
fn rows(home: &Home, args: &[&str]) -> Vec<Value> {
    let listed = home.run(&[&["models", "list", "--json"], args].concat()).exits(0).stdout;
    listed.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn every_kind_of_model_is_measured_and_the_list_remembers() {
    let home = Home::without_model();
    let kinds = [Kind::Cells, Kind::Recurrent, Kind::Hybrid, Kind::Window];
    for kind in kinds {
        tiny::write(&home.path(&format!("data/models/{kind:?}.gguf")), kind);
    }
    let unknown = rows(&home, &[]);
    assert!(unknown.iter().all(|row| row["measured"].is_null()), "{unknown:?}");
    let measured = rows(&home, &["--measure"]);
    assert_eq!(measured.len(), kinds.len());
    for row in &measured {
        for key in ["load_ms", "prefill_tps", "decode_tps", "perplexity"] {
            number(row, key);
        }
    }
    assert_eq!(rows(&home, &[]), measured);
    let table = home.run(&["models", "list"]).exits(0).stdout;
    assert!(table.lines().next().is_some_and(|head| head.contains(" TOK/S ")), "{table}");
    // Another file of that name is another model.
    tiny::write(&home.path("data/models/Cells.gguf"), Kind::Window);
    assert!(rows(&home, &[]).iter().any(|row| row["measured"].is_null()));
    assert!(!home.had_an_engine());
}

#[test]
fn what_has_lost_nothing_needs_no_permission() {
    let home = Home::without_model();
    tiny::write(&home.path("data/models/tiny-F32.gguf"), Kind::Cells);
    let ran = home.run(&["models", "quantize", "tiny-F32", "Q8_0"]).exits(0);
    assert!(ran.stdout.contains("made ") && ran.stdout.contains("perplexity"), "{ran:?}");
    assert_eq!(stock(&home), ["tiny-F32.gguf", "tiny-Q8_0.gguf"]);
    let info = home.run(&["models", "info", "tiny-Q8_0"]).exits(0).stdout;
    assert!(info.contains("Q8_0"), "{info}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_read() {
    let home = Home::new();
    let table: [(&[&str], &str); 5] = [
        (&[SOURCE, "Q4_0"], "SmolLM2-135M-Instruct.Q4_1 is Q4_1 and has lost something already"),
        (&[SOURCE, "Q4K_M", "--lossy"], "no quantisation `Q4K_M`; the nearest is `Q4_K_M`"),
        (&[SOURCE, "Q4_1", "--lossy"], "is there already"),
        (&[SOURCE, "Q4_0", "--lossy", "--text", "none.txt"], "none.txt: "),
        (&["none", "Q4_0"], "none"),
    ];
    for (args, words) in table {
        let ran = home.run(&[&["models", "quantize"], args].concat()).exits(2).answers_nothing();
        ran.says(&[words]);
    }
    assert_eq!(stock(&home), [format!("{SOURCE}.gguf")]);
}

/// Begins to quantise and returns when there is a file, which may be whole already.
fn quantising(home: &Home) -> Running {
    let args = ["models", "quantize", SOURCE, "Q8_0", "--lossy", "--no-measure"];
    let running = Running::start(home.command(&args));
    running::until("a file that grows", || (stock(home).len() > 1).then_some(()));
    running
}

#[test]
fn a_wish_to_stop_leaves_nothing() {
    let home = Home::new();
    // One that was done before it heard the wish begins again.
    let stopped = (0..20).any(|_| {
        let running = quantising(&home);
        running.signal(Signal::INT);
        let ran = running.end();
        if ran.status.code() == Some(0) {
            home.run(&["models", "rm", "SmolLM2-135M-Instruct.Q8_0"]).exits(0);
            return false;
        }
        assert_eq!((ran.status.code(), ran.stdout.as_str()), (Some(130), ""), "{ran:?}");
        true
    });
    assert!(stopped, "it is always done before it hears");
    assert_eq!(stock(&home), [format!("{SOURCE}.gguf")]);
}

#[test]
fn one_that_is_killed_leaves_nothing_half_made() {
    let home = Home::new();
    quantising(&home).kill();
    // The child notices; what it had made by then is whole or goes.
    let hidden = || stock(&home).iter().any(|name| name.starts_with('.'));
    running::until("nothing half-made", || (!hidden()).then_some(()));
    for name in stock(&home) {
        home.run(&["models", "info", name.trim_end_matches(".gguf")]).exits(0);
    }
}

#[test]
fn a_file_that_may_not_grow_is_a_failure_that_leaves_nothing() {
    let home = Home::new();
    let mut command = Command::new("sh");
    let script = format!(
        "ulimit -f 2000; exec {PROGRAM} models quantize {SOURCE} Q8_0 --lossy --no-measure"
    );
    command.args(["-c", &script]);
    home.settle(&mut command);
    let ran = Running::start(command).end().exits(1).answers_nothing();
    ran.says(&["error: "]);
    assert_eq!(stock(&home), [format!("{SOURCE}.gguf")]);
}
