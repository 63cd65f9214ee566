//! What showing costs: an answer of 50,000 tokens, from its start to its end; a conversation of
//! 10,000 messages; and, in a terminal with the real program, the first frame, a key's echo, a cancel
//! and the memory that a slow reader costs.
//!
//! `cargo bench --bench screen [-- PART…]`; the parts are `answers`, `long`, `terminal`, `beside` and
//! `slow`. Only `beside` needs a model, which `EDGEWISE_TEST_MODEL` names. A token is the model's
//! `update`; a frame is what `ui::draw` and the terminal's backend do with all that came since the
//! last one. Both must cost the same however long the answer is.

#[path = "screen/answers.rs"]
mod answers;
#[path = "screen/beside.rs"]
mod beside;
#[path = "screen/endless.rs"]
mod endless;
#[path = "screen/long.rs"]
mod long;
#[path = "screen/program.rs"]
mod program;
#[path = "screen/slow.rs"]
mod slow;
#[path = "screen/stage.rs"]
mod stage;
#[path = "screen/terminal.rs"]
mod terminal;

#[path = "../tests/support/mod.rs"]
mod support;

#[path = "../tests/support/pty.rs"]
#[expect(dead_code, reason = "tests look at more of the terminal")]
mod pty;

use std::time::Duration;
use std::time::Instant;

const PARTS: [(&str, fn()); 5] = [
    ("answers", answers::measure),
    ("long", long::measure),
    ("terminal", terminal::measure),
    ("beside", beside::measure),
    ("slow", slow::measure),
];

fn main() {
    let named: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    for (name, measure) in PARTS {
        if named.is_empty() || named.iter().any(|wanted| wanted == name) {
            measure();
        }
    }
}

/// Prints the middle, the 99th percentile and what is wanted of that.
fn row(name: &str, mut times: Vec<Duration>, most: Duration) {
    times.sort();
    let (middle, late) = (times[times.len() / 2], times[(times.len() * 99).div_ceil(100) - 1]);
    let verdict = if late <= most { "ok" } else { "too slow" };
    let ms = |time: Duration| us(time) / 1e3;
    say(&format!(
        "{name:52} {:7.2} ms median  {:7.2} ms p99  (of {}; wanted: {:.0}) {verdict}",
        ms(middle),
        ms(late),
        times.len(),
        ms(most)
    ));
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[expect(clippy::disallowed_methods, reason = "a benchmark lets time pass")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}
