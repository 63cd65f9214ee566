//! How often an idle chat wakes up, its front and its engine: never, if all is well.
//!
//! `cargo bench --bench idle`; runs the real program in a terminal with the model that
//! `EDGEWISE_TEST_MODEL` names, and counts what the kernel counts (Linux).

use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use portable_pty::CommandBuilder;
use portable_pty::PtySize;

/// The device is looked at for some seconds after a turn, and after the start.
const SETTLE: Duration = Duration::from_secs(15);
const WINDOW: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(1);
const SIZE: PtySize = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };

fn main() {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is started by hand")]
    let model = std::env::var_os("EDGEWISE_TEST_MODEL");
    let Some(model) = model else {
        return say("no model: set EDGEWISE_TEST_MODEL (scripts/test fetches one)");
    };
    if !Path::new("/proc/self/task").is_dir() {
        return say("this system does not count wake-ups");
    }
    let home = tempfile::Builder::new().prefix("ew").tempdir_in("/tmp").expect("a directory");
    let pair = portable_pty::native_pty_system().openpty(SIZE).expect("a terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_edgewise"));
    command.args(["-m".as_ref(), model.as_os_str()]);
    for (name, place) in [("CONFIG", "c"), ("DATA", "d"), ("CACHE", "k"), ("RUNTIME", "r")] {
        command.env(format!("EDGEWISE_{name}_DIR"), home.path().join(place));
    }
    command.env("TERM", "xterm-256color");
    let mut front = pair.slave.spawn_command(command).expect("the program runs");
    let parser = Arc::new(Mutex::new(vt100::Parser::new(SIZE.rows, SIZE.cols, 0)));
    let mut output = pair.master.try_clone_reader().expect("a reader");
    std::thread::spawn({
        let parser = Arc::clone(&parser);
        move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                parser.lock().expect("no panic").process(&bytes[..read]);
            }
        }
    });
    let shows = |text: &str| parser.lock().expect("no panic").screen().contents().contains(text);
    await_that("the chat to be ready", || shows(" ready · "));
    let pid = front.process_id().expect("its number");
    let engine = child_of(pid).expect("the engine is the front's child");
    say(&measure("before the first turn", pid, engine));
    let mut keys = pair.master.take_writer().expect("a writer");
    keys.write_all(b"Name three rivers.\r").expect("typing");
    await_that("an answer", || shows("TTFT") && shows(" ready · "));
    say(&measure("after a turn", pid, engine));
    front.kill().expect("it runs");
    front.wait().expect("it ends");
}

/// Lets everything settle, and counts.
fn measure(when: &str, front: u32, engine: u32) -> String {
    pause(SETTLE);
    let before = [front, engine].map(wakeups);
    pause(WINDOW);
    let after = [front, engine].map(wakeups);
    let (front, engine) = (after[0] - before[0], after[1] - before[1]);
    format!("idle {when}: {front} wake-ups of the front and {engine} of the engine in {WINDOW:?}")
}

/// Returns how often the threads of a process have gone to sleep: once for each time they woke up.
fn wakeups(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let count = |path: &Path| -> Option<u64> {
        let status = fs::read_to_string(path.join("status")).ok()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse().ok())
    };
    tasks.flatten().filter_map(|task| count(&task.path())).sum()
}

/// Returns the process whose parent is `pid`.
fn child_of(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let of_other_threads = || {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let lists = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).next()
    };
    children.split_whitespace().next().map(str::to_owned).or_else(of_other_threads)?.parse().ok()
}

fn await_that(what: &str, seen: impl Fn() -> bool) {
    let until = now() + PATIENCE;
    while !seen() {
        assert!(now() < until, "waited for {what}");
        pause(Duration::from_millis(20));
    }
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
