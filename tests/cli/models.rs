//! Model files that are missing or no model files.

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::events::Events;
use crate::home::Home;
use crate::support;

/// More than the header of the real model takes.
const HEADER_BYTES: u64 = 4 << 20;

/// Writes the real model's header, bent, into a file of the real model's size; the weights are zeros.
fn bent(path: &Path, bend: impl Fn(&mut Vec<u8>)) {
    let model = File::open(support::model()).expect("the model");
    let bytes = model.metadata().expect("its size").len();
    let mut header = Vec::new();
    model.take(HEADER_BYTES).read_to_end(&mut header).expect("its header");
    bend(&mut header);
    fs::write(path, header).expect("a file is written");
    File::options().write(true).open(path).and_then(|file| file.set_len(bytes)).expect("its size");
}

/// Returns the place right behind a name in the header.
fn behind(header: &[u8], name: &[u8]) -> usize {
    let at = header.windows(name.len()).position(|window| window == name).expect("the name");
    at + name.len()
}

fn put(header: &mut [u8], at: usize, number: u64) {
    header[at..at + 8].copy_from_slice(&number.to_le_bytes());
}

#[test]
fn a_missing_model_says_where_it_looked_and_what_fetches_it() {
    let home = Home::without_model();
    let place = home.path("data/models").display().to_string();
    let ran = home.run(&["ask", "Hi"]).exits(2).answers_nothing();
    ran.says(&["smollm2-135m-instruct", &place, "run scripts/run to fetch it"]);
    let json = home.run(&["ask", "--json", "Hi"]).exits(2);
    assert_eq!(json.stderr, "");
    let events = Events::read(&json);
    assert_eq!(events.finish()["error"]["kind"], "usage");
    assert!(events.finish()["error"]["message"].as_str().expect("text").contains(&place));
    let path = home.path("nowhere.gguf").display().to_string();
    home.run(&["ask", "-m", &path, "Hi"]).exits(2).answers_nothing().says(&[&path]);
    home.run(&["ask", "-m", "smolm2-135m-instruct", "Hi"])
        .exits(2)
        .says(&["did you mean `smollm2-135m-instruct`?"]);
    assert!(!home.had_an_engine());
}

#[test]
fn a_file_that_is_no_model_is_one_line_and_starts_nothing() {
    let home = Home::without_model();
    let file = |name: &str| home.path(name);
    fs::create_dir(file("directory.gguf")).expect("a directory");
    fs::write(file("empty.gguf"), "").expect("a file is written");
    fs::write(file("text.gguf"), "This is \u{1b}[31mno model.\n").expect("a file is written");
    bent(&file("half.gguf"), |_| {});
    let half = File::options().write(true).open(file("half.gguf")).expect("the file");
    half.set_len(50_000_000).expect("a length");
    bent(&file("one_short.gguf"), |_| {});
    let short = File::options().write(true).open(file("one_short.gguf")).expect("the file");
    short.set_len(short.metadata().expect("its size").len() - 1).expect("a length");
    fs::write(file("magic.gguf"), "GGUF").expect("a file is written");
    bent(&file("tensors.gguf"), |header| put(header, 8, u64::MAX));
    bent(&file("keys.gguf"), |header| put(header, 16, u64::MAX / 2));
    bent(&file("key_length.gguf"), |header| put(header, 24, 1 << 62));
    bent(&file("vocabulary.gguf"), |header| {
        // The array's type and its elements' type stand before its length.
        let at = behind(header, b"tokenizer.ggml.tokens") + 8;
        put(header, at, 1 << 40);
    });
    bent(&file("rows.gguf"), |header| {
        let at = behind(header, b"token_embd.weight") + 4;
        put(header, at, 1 << 50);
    });
    bent(&file("product.gguf"), |header| {
        let at = behind(header, b"token_embd.weight") + 4;
        put(header, at, 1 << 40);
        put(header, at + 8, 1 << 40);
    });
    bent(&file("offset.gguf"), |header| {
        let at = behind(header, b"token_embd.weight") + 4 + 16 + 4;
        put(header, at, u64::MAX - 31);
    });
    let table = [
        ("directory", "a directory"),
        ("empty", "empty"),
        ("text", "not a model file"),
        ("half", "truncated"),
        ("one_short", "truncated"),
        ("magic", "truncated"),
        ("tensors", "more than"),
        ("keys", "more than"),
        ("key_length", ""),
        ("vocabulary", ""),
        ("rows", ""),
        ("product", "multiply beyond"),
        ("offset", "offset"),
    ];
    for (name, reason) in table {
        let path = file(&format!("{name}.gguf")).display().to_string();
        let ran = home.run(&["ask", "-m", &path, "Hi"]).exits(1).answers_nothing();
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: {ran:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{name}: {ran:?}");
        ran.says(&["error: ", &path, reason]);
        let json = home.run(&["ask", "--json", "-m", &path, "Hi"]).exits(1);
        assert_eq!(Events::read(&json).finish()["error"]["kind"], "failed", "{name}");
    }
    assert!(!home.had_an_engine());
}

#[test]
fn a_model_that_only_the_engine_can_refuse_is_a_failure_like_any_other() {
    let home = Home::without_model();
    let path = home.path("odd.gguf");
    bent(&path, |header| {
        let end = behind(header, b"output_norm.weight");
        header[end - 1] = b'x';
    });
    let path = path.display().to_string();
    let ran = home.run(&["ask", "-m", &path, "Hi"]).exits(1).answers_nothing();
    ran.says(&["error: cannot load ", "hint: ", ".log"]);
    let json = home.run(&["ask", "--json", "-m", &path, "Hi"]).exits(1);
    assert_eq!(Events::read(&json).finish()["reason"], "failed");
    home.engines_leave();
}
