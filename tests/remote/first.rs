//! The first start in a terminal: nothing is set up, and a hub is on this machine.

use crate::hub::Fault;
use crate::hub::Hub;
use crate::terminal::Home;
use crate::terminal::Pty;

#[test]
fn the_first_start_offers_models_with_their_size_fetches_one_and_opens_the_chat() {
    let model = include_bytes!("../fixtures/models/tiny.gguf");
    let files: [(&str, &[u8]); 1] = [("smollm2-1.7b-instruct-q4_k_m.gguf", model)];
    let repository = "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF";
    let hub = Hub::start(&files, Fault::None, 0).with_repository(repository);
    let home = Home::new();
    let config = home.path().join("c/config.toml");
    std::fs::remove_file(&config).expect("a file");
    let address = hub.address();
    let environment = [("HF_ENDPOINT", address.as_str())];
    let mut pty = Pty::run(&home, env!("CARGO_BIN_EXE_edgewise"), &[], &environment);
    let offered = pty.see_text("model: a number, Enter for 1, s skips:");
    assert!(offered.has("qwen3-1.7b") && offered.has("to fetch, 1.8 GB"), "{}", offered.text);
    assert!(offered.has("qwen3-0.6b") && offered.has("to fetch, 639 MB"), "{}", offered.text);
    assert!(hub.asked().is_empty(), "nothing is asked for before a word");
    pty.send("smollm2-1.7b-instruct\n");
    pty.see_text("theme: a number, Enter for 1, s skips:");
    pty.send("\n");
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    let fetched = hub.asked().iter().any(|asked| asked.path.contains("/resolve/"));
    assert!(fetched, "{:?}", hub.asked());
    let written = std::fs::read_to_string(&config).expect("a configuration");
    assert!(written.contains("model = \"smollm2-1.7b-instruct\""), "{written}");
    let front = pty.front();
    front.signal(rustix::process::Signal::TERM);
    pty.given_back(128 + 15);
    front.gone();
}

#[test]
fn a_hub_that_cannot_be_reached_is_said_and_who_skips_lands_in_the_chat() {
    let home = Home::new();
    let config = home.path().join("c/config.toml");
    std::fs::remove_file(&config).expect("a file");
    // Nobody listens there.
    let environment = [("HF_ENDPOINT", "http://127.0.0.1:9")];
    let mut pty = Pty::run(&home, env!("CARGO_BIN_EXE_edgewise"), &[], &environment);
    pty.see_text("model: a number, Enter for 1, s skips:");
    pty.send("smollm2-360m-instruct\n");
    pty.see_text("theme: a number, Enter for 1, s skips:");
    pty.send("\n");
    pty.see("why, and the question again", |frame| {
        let (_, after) = frame.text.split_once("error: ").unwrap_or_default();
        after.contains("model: a number")
    });
    pty.send("s\n");
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    pty.see_text("no model is set up · /model lists those here · edgewise models pull gets one");
    pty.ask("Is anybody there?");
    pty.see("the answer to it", |frame| frame.has("Is anybody there?") && frame.has("failed"));
    assert!(!config.exists(), "nothing was chosen");
    let front = pty.front();
    front.signal(rustix::process::Signal::TERM);
    pty.given_back(128 + 15);
    front.gone();
}
