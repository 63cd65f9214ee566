//! The first start in a terminal: nothing is set up, and a hub is on this machine.

use crate::hub::Fault;
use crate::hub::Hub;
use crate::terminal::Home;
use crate::terminal::Pty;

#[test]
fn the_first_start_offers_models_with_their_size_fetches_one_and_opens_the_chat() {
    let model = include_bytes!("../fixtures/models/tiny.gguf");
    let files: [(&str, &[u8]); 1] = [("Qwen3-0.6B-Q8_0.gguf", model)];
    let hub = Hub::start(&files, Fault::None, 0).with_repository("Qwen/Qwen3-0.6B-GGUF");
    let home = Home::new();
    let config = home.path().join("c/config.toml");
    std::fs::remove_file(&config).expect("a file");
    let address = hub.address();
    let environment = [("HF_ENDPOINT", address.as_str())];
    let mut pty = Pty::run(&home, env!("CARGO_BIN_EXE_edgewise"), &[], &environment);
    let offered = pty.see_text("model: a number, Enter for 1, s skips:");
    assert!(offered.has("1  qwen3-1.7b") && offered.has("to fetch, 1.8 GB"), "{}", offered.text);
    assert!(hub.asked().is_empty(), "nothing is asked for before a word");
    pty.send("qwen3-0.6b\n");
    pty.see_text("theme: a number, Enter for 1, s skips:");
    pty.send("\n");
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    let fetched = hub.asked().iter().any(|asked| asked.path.contains("/resolve/"));
    assert!(fetched, "{:?}", hub.asked());
    let written = std::fs::read_to_string(&config).expect("a configuration");
    assert!(written.contains("model = \"qwen3-0.6b\""), "{written}");
    let front = pty.front();
    front.signal(rustix::process::Signal::TERM);
    pty.given_back(128 + 15);
    front.gone();
}
