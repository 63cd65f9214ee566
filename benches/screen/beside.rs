//! The real program beside its own engine, which decodes with the real model.

use std::time::Duration;

use crate::program::BETWEEN;
use crate::program::Chat;
use crate::program::home;
use crate::row;
use crate::say;
use crate::terminal::CANCEL_MOST;
use crate::terminal::ECHO_MOST;
use crate::terminal::first_frames;

const ROUNDS: usize = 10;
const KEYS: usize = 20;

/// While a model loads, the first frame is there as soon as without one.
const FIRST_FRAME_MOST: Duration = Duration::from_millis(30);

/// An engine that goes with its chat, as a new one is to be measured each time.
const CONFIG: &str = "[engine]\nkeep_alive = \"0s\"\n[profiles.default]\nn_ctx = 8192\n";

/// Measures all of it and prints a row each; without a model says so.
pub(crate) fn measure() {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is started by hand")]
    let model = std::env::var("EDGEWISE_TEST_MODEL");
    let Ok(model) = model else {
        return say("no model: set EDGEWISE_TEST_MODEL (scripts/test fetches one)");
    };
    let home = home(CONFIG);
    let arguments = ["-m", model.as_str(), "--temp", "0"];
    let starts = first_frames(home.path(), &arguments);
    row("exec to the first frame, the model loads behind it", starts, FIRST_FRAME_MOST);
    let mut chat = Chat::start(home.path(), &arguments);
    chat.until("the model", |screen| screen.contains(" ready · "));
    let (mut echoes, mut cancels) = (Vec::new(), Vec::new());
    while cancels.len() < ROUNDS {
        chat.press("Write a very long story about a river.\r");
        chat.until("an answer", |screen| screen.contains("mean "));
        chat.pass(BETWEEN);
        let round = chat.echoes(KEYS);
        // A story that came to its end was not decoded beside all of these keys.
        if !chat.shows(|screen| screen.contains(" ready · ")) {
            echoes.extend(round);
            cancels.push(chat.cancel());
        }
        chat.clear();
        // A new session each time: none fills its context.
        chat.press("/new\r");
        chat.until("a new session", |screen| !screen.contains("about a river."));
    }
    row("a key on the screen while the model decodes", echoes, ECHO_MOST);
    row("a cancel on the screen while the model decodes", cancels, CANCEL_MOST);
}
