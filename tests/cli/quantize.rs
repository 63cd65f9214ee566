//! `models quantize` and what it measures, with the real model.

use std::fs;
use std::io::BufReader;
use std::process::Command;

use edgewise::gguf;
use rustix::process::Signal;
use serde_json::Value;

use crate::home::Home;
use crate::home::PROGRAM;
use crate::running;
use crate::running::Running;
use crate::support;
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
    let (estimated, bytes) = (estimate("Q4_0"), after["bytes"].as_f64().expect("a size"));
    assert!((0.98..1.1).contains(&(estimated / bytes)), "{estimated} for {bytes}");
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

/// Returns how many bytes the source is estimated to take as another type.
fn estimate(quant: &str) -> f64 {
    let file = fs::File::open(support::model()).expect("the model");
    let bytes = file.metadata().expect("its size").len();
    let header = gguf::read(BufReader::new(file), bytes).expect("a header");
    let file_type = gguf::file_type(quant).expect("a type");
    let tensors = gguf::quantised_bytes(&header, file_type).expect("an estimate");
    (tensors + bytes - header.tensor_bytes) as f64
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
fn the_list_tells_how_fast_a_model_is_in_use() {
    let home = Home::new();
    let used = || rows(&home, &[]).remove(0)["used"].clone();
    assert!(used().is_null());
    let ask = ["ask", "--temp", "0", "--max-tokens", "12", "Tell a long story about a river."];
    home.run(&[&ask[..], &["--ephemeral"]].concat()).exits(0);
    assert!(used().is_null(), "nothing is written of that");
    for turns in [1_u64, 2] {
        home.run(&ask).exits(0);
        let used = used();
        assert_eq!(used["turns"], turns, "{used}");
        assert!(used["decode_tps"].as_f64().is_some_and(|rate| rate > 0.0), "{used}");
    }
    let table = home.run(&["models", "list"]).exits(0).stdout;
    assert!(!table.lines().nth(1).expect("the model").contains("  -  "), "{table}");
    home.engines_leave();
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
fn what_the_disk_has_no_room_for_is_refused_before_anything_is_written() {
    let home = Home::without_model();
    tiny::write_huge(&home.path("data/models/huge-F16.gguf"));
    let ran = home.run(&["models", "quantize", "huge-F16", "Q8_0"]).exits(1).answers_nothing();
    ran.says(&["4.7 TB are to come and ", " are free"]);
    assert_eq!(stock(&home), ["huge-F16.gguf"]);
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

/// What `scripts/test-vulkan` compares the answers of two backends by.
#[test]
fn an_answer_of_its_own_is_nearest_to_what_a_model_would_say() {
    const QUESTION: &str = "Count from one to ten:";
    let home = Home::new();
    let said = home.run(&["ask", "--temp", "0", "--max-tokens", "12", QUESTION]).exits(0).stdout;
    let model = support::model();
    let model = model.to_str().expect("UTF-8");
    let behind = |answer: &str| -> Vec<f64> {
        let ran = home.run(&["workshop", "--", "retrace", model, QUESTION, answer]).exits(0);
        let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let tokens = told["tokens"].as_array().expect("tokens");
        let text = |token: &Value| token["text"].as_str().expect("a text").to_owned();
        assert_eq!(tokens.iter().map(text).collect::<String>(), answer);
        tokens.iter().map(|token| token["behind"].as_f64().expect("a number")).collect()
    };
    let own = behind(said.trim_end());
    assert!(own.len() > 4 && own.iter().all(|behind| (0.0..0.5).contains(behind)), "{own:?}");
    let other = behind("Zebra quantum yesterday");
    assert!(other.iter().any(|behind| *behind > 2.0), "{other:?}");
    home.engines_leave();
}
