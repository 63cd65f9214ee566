//! Measures how soon a key is on the screen while a turn meets a fault that lasts.
//!
//! `cargo bench --bench keys`; `EDGEWISE_TEST_MODEL` names any model file, which is not loaded. The
//! real program in a real pseudo-terminal; from the key's byte to the frame that shows it.

#[path = "../tests/support/mod.rs"]
mod support;

#[path = "../tests/support/pty.rs"]
#[expect(dead_code, reason = "tests look at more of the terminal")]
mod terminal;

#[path = "../tests/support/fault.rs"]
#[expect(dead_code, reason = "tests watch the server and speak TLS with it")]
mod fault;

#[path = "../tests/support/table.rs"]
#[expect(dead_code, reason = "tests play all of it")]
mod table;

#[path = "../tests/support/lasting.rs"]
mod lasting;

use std::time::Duration;
use std::time::Instant;

use edgewise::chat::FaultKind;
use edgewise::config::Protocol;

use lasting::Lasting;
use terminal::Home;

const KEYS: usize = 60;

/// What a key may take.
const MOST: Duration = Duration::from_millis(50);

fn main() {
    for fault in lasting::silent().into_iter().chain(lasting::loud()) {
        row(&fault, times(&fault));
    }
}

/// Types one key after the other, each when the one before is shown.
fn times(fault: &Lasting) -> Vec<Duration> {
    let home = Home::new();
    let mut pty = fault.met(&home);
    let mut typed = String::from("› ");
    let mut time = |_| {
        typed.push('q');
        let begun = now();
        pty.send("q");
        pty.see("the key", |frame| frame.has(&typed));
        begun.elapsed()
    };
    (0..KEYS).map(&mut time).collect()
}

fn row(fault: &Lasting, mut times: Vec<Duration>) {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (middle, last) = (times[times.len() / 2], times[times.len() - 1]);
    let verdict = if last <= MOST { "ok" } else { "too long" };
    let name = fault.name;
    say(&format!(
        "a key during {name:24} {:6.1} ms median  {:6.1} ms at most  (wanted: 50) {verdict}",
        ms(middle),
        ms(last),
    ));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}
