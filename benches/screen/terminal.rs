//! The real program in a terminal: the first frame, and a key's echo, a cancel and the processors' time
//! while an endpoint on this machine tells a thousand tokens a second.

use std::path::Path;
use std::time::Duration;

use crate::answers::slope;
use crate::endless::Endless;
use crate::now;
use crate::program::BETWEEN;
use crate::program::Chat;
use crate::program::home;
use crate::row;
use crate::say;
use crate::us;

const STARTS: usize = 21;
const ROUNDS: usize = 10;
const KEYS: usize = 20;

/// A long answer, and the stretches of it that are compared.
const TOKENS: usize = 50_000;
const STRETCHES: usize = 10;

const FIRST_FRAME_MOST: Duration = Duration::from_millis(30);
pub(crate) const ECHO_MOST: Duration = Duration::from_millis(33);
pub(crate) const CANCEL_MOST: Duration = Duration::from_millis(100);

/// Measures all of it and prints a row each.
pub(crate) fn measure() {
    let endless = Endless::start();
    let home = home(&endless.config());
    row("exec to the first frame", first_frames(home.path(), &[]), FIRST_FRAME_MOST);
    let mut chat = Chat::start(home.path(), &[]);
    ask_first(&mut chat);
    let (mut echoes, mut cancels) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        if round > 0 {
            chat.press("Go on.\r");
        }
        answering(&mut chat);
        echoes.extend(chat.echoes(KEYS));
        cancels.push(chat.cancel());
        chat.clear();
    }
    row("a key on the screen while an answer floods in", echoes, ECHO_MOST);
    row("a cancel on the screen while an answer floods in", cancels, CANCEL_MOST);
    whole(&mut chat, &endless);
}

/// Starts the program again and again.
pub(crate) fn first_frames(home: &Path, arguments: &[&str]) -> Vec<Duration> {
    let start = |_| {
        let begun = now();
        let mut chat = Chat::start(home, arguments);
        chat.until("the first frame", |screen| screen.contains("› "));
        begun.elapsed()
    };
    // The first one makes the store.
    (0..STARTS).map(start).skip(1).collect()
}

/// Asks the first question, and lets it leave the device.
fn ask_first(chat: &mut Chat) {
    chat.until("the chat", |screen| screen.contains("› ask something"));
    chat.press("Go on.\r");
    chat.until("the question", |screen| screen.contains("leave this device?"));
    chat.press("y");
}

fn answering(chat: &mut Chat) {
    chat.until("an answer", |screen| screen.contains("A heading") && !screen.contains(" ready · "));
    chat.pass(BETWEEN);
}

/// Lets an answer become long, and prints what a token of it took.
fn whole(chat: &mut Chat, endless: &Endless) {
    chat.press("Go on.\r");
    answering(chat);
    let mut before = (endless.told(), chat.processor_time());
    let mut costs = Vec::new();
    for _ in 0..STRETCHES {
        while endless.told() < before.0 + TOKENS / STRETCHES {
            chat.pass(BETWEEN);
        }
        let after = (endless.told(), chat.processor_time());
        let (Some(from), Some(to)) = (before.1, after.1) else { return };
        costs.push(us(to.saturating_sub(from)) / (after.0 - before.0) as f64);
        before = after;
    }
    let mean = costs.iter().sum::<f64>() / costs.len() as f64;
    say(&format!(
        "the program's processor time, from socket to terminal   {mean:5.1} us/token  first {:.1}  \
         last {:.1}  slope {:+.3} us per 1,000 tokens",
        costs[0],
        costs[costs.len() - 1],
        slope(&costs) / (TOKENS as f64 / STRETCHES as f64 / 1e3)
    ));
    chat.cancel();
}
