//! How a call ends when it does not simply end: signals, closed pipes, a context that runs out, an
//! engine that dies.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;

use rustix::event::Timespec;
use rustix::fs::OFlags;
use rustix::process::Signal;

use crate::answers::LONG;
use crate::events::Events;
use crate::home::Home;
use crate::running;
use crate::running::Running;

/// A profile whose context is soon full.
const SMALL: &str = "[profiles.small]\nextends = \"default\"\nn_ctx = 64\n";

/// Makes a pipe that is full: the next write waits.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let flags = rustix::fs::fcntl_getfl(&writer).expect("flags");
    rustix::fs::fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("flags");
    while writer.write(&[b'.'; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).expect("flags");
    (reader, writer)
}

/// Reads events up to the first text.
fn until_text(lines: &mut impl BufRead) -> String {
    let mut printed = String::new();
    while !printed.contains("\"delta\"") {
        assert_ne!(lines.read_line(&mut printed).expect("a line"), 0, "it ended: {printed}");
    }
    printed
}

#[test]
fn a_context_that_runs_out_leaves_the_partial_answer() {
    let home = Home::new();
    home.config(SMALL);
    let ran = home.run(&["ask", "-p", "small", "--temp", "0", LONG]).exits(3);
    assert!(ran.stdout.len() > 20, "{ran:?}");
    let ran = ran.says(&["the context is full", "n_ctx"]);
    let json = home.run(&["ask", "-p", "small", "--temp", "0", "--json", LONG]).exits(3);
    let events = Events::read(&json);
    assert_eq!(events.finish()["reason"], "context_full");
    assert_eq!(events.prompt() + events.generated(), 64);
    assert_eq!(events.text(), ran.stdout.trim_end_matches('\n'));
    home.engines_leave();
}

#[test]
fn an_interrupt_ends_the_answer_and_the_engine() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "--temp", "0", LONG]));
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut [0; 8]).expect("the first words");
    asked.signal(Signal::INT);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("the rest");
    assert!(rest.ends_with('\n'), "{rest:?}");
    asked.end().exits(130).says(&["cancelled"]);
    let mut asked = Running::start(home.command(&["ask", "--json", "--temp", "0", LONG]));
    let mut lines = BufReader::new(asked.stdout());
    let mut printed = until_text(&mut lines);
    asked.signal(Signal::TERM);
    lines.read_to_string(&mut printed).expect("the rest");
    let mut ran = asked.end().exits(130);
    ran.stdout = printed;
    assert_eq!(Events::read(&ran).finish()["reason"], "cancelled");
    home.engines_leave();
}

#[test]
fn an_interrupt_before_the_question_is_there_is_one_too() {
    let home = Home::new();
    let mut command = home.command(&["ask", "--json"]);
    command.stdin(std::process::Stdio::piped());
    let asked = Running::start(command);
    asked.until("the engine", || home.engines().first().copied());
    asked.signal(Signal::INT);
    let ran = asked.end().exits(130);
    assert_eq!(Events::read(&ran).finish()["reason"], "cancelled");
    home.engines_leave();
}

#[test]
fn an_output_that_nobody_reads_holds_up_no_end() {
    let home = Home::new();
    let (reader, writer) = full_pipe();
    let mut command = home.command(&["ask", "-v", "--temp", "0", LONG]);
    command.stdout(writer).stderr(std::process::Stdio::piped());
    let mut asked = Running::start_as(command);
    let mut line = String::new();
    // The route is said before the first token.
    BufReader::new(asked.stderr()).read_line(&mut line).expect("a line");
    assert!(line.starts_with("local: "), "{line}");
    asked.signal(Signal::INT);
    asked.end().exits(130);
    drop(reader);
    home.engines_leave();
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let home = Home::new();
    let (reader, writer) = full_pipe();
    // Its first line waits for ever already.
    let mut command = home.command(&["ask", "--json", "--temp", "0", LONG]);
    command.stdout(writer).stderr(std::process::Stdio::piped());
    let asked = Running::start_as(command);
    let caught = || catches(asked.pid(), Signal::INT).then_some(());
    asked.until("a handler of signals", caught);
    // Two of a kind could be one by the time they are looked at.
    asked.signal(Signal::INT);
    asked.signal(Signal::TERM);
    // The first alone would wait two seconds for the end of the answer.
    let soon = Timespec { tv_sec: 1, tv_nsec: 500_000_000 };
    assert!(asked.ends_within(soon), "the second one waits");
    asked.end().exits(130);
    drop(reader);
    home.engines_leave();
}

#[test]
fn a_reader_that_takes_its_time_gets_the_whole_answer() {
    let home = Home::new();
    let (mut reader, writer) = full_pipe();
    let mut command = home.command(&["ask", "--temp", "0", "--max-tokens", "1", "Hi"]);
    command.stdout(writer).stderr(std::process::Stdio::piped());
    let asked = Running::start_as(command);
    // Twice as long as somebody who wants to leave would wait.
    assert!(!asked.ends_within(Timespec { tv_sec: 4, tv_nsec: 0 }), "the answer is not written");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("the answer");
    asked.end().exits(0);
    let answer = text.trim_start_matches('.');
    assert!(answer.len() > 1 && answer.ends_with('\n'), "{answer:?}");
}

/// Tells whether a process has a handler for a signal.
fn catches(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("a mask");
    mask & 1 << (signal.as_raw() - 1) != 0
}

#[test]
fn a_reader_that_has_enough_ends_it_without_an_error() {
    let home = Home::new();
    for args in [&["ask", "--temp", "0", LONG][..], &["ask", "--json", "--temp", "0", LONG]] {
        let mut asked = Running::start(home.command(args));
        asked.stdout().read_exact(&mut [0; 5]).expect("the first bytes");
        let ran = asked.end().exits(0);
        assert_eq!(ran.stderr, "");
        home.engines_leave();
    }
}

#[test]
fn what_is_closed_from_the_start_is_no_error_and_a_full_disk_is() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = home.command(&["ask", "--temp", "0", LONG]);
    command.stdout(writer).stderr(std::process::Stdio::piped());
    Running::start_as(command).end().exits(0);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = home.command(&["ask", "-v", "--temp", "0", "Hi"]);
    command.stdout(std::process::Stdio::piped()).stderr(writer);
    let ran = Running::start_as(command).end().exits(0);
    assert!(ran.stdout.ends_with('\n'), "{ran:?}");
    let full = File::options().write(true).open("/dev/full").expect("the device");
    let mut command = home.command(&["ask", "--temp", "0", LONG]);
    command.stdout(full).stderr(std::process::Stdio::piped());
    Running::start_as(command).end().exits(1).says(&["cannot write the answer"]);
    home.engines_leave();
}

#[test]
fn an_engine_that_dies_cuts_the_answer_short() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "--temp", "0", LONG]));
    let mut stdout = asked.stdout();
    stdout.read_exact(&mut [0; 8]).expect("the first words");
    running::signal(home.engines()[0], Signal::KILL);
    let ran = asked.end().exits(3);
    ran.says(&["the answer was interrupted: the engine was ended by SIGKILL"]);
    let mut asked = Running::start(home.command(&["ask", "--json", "--temp", "0", LONG]));
    let mut lines = BufReader::new(asked.stdout());
    let mut printed = until_text(&mut lines);
    running::signal(home.engines()[0], Signal::ABORT);
    lines.read_to_string(&mut printed).expect("the rest");
    let mut ran = asked.end().exits(3);
    ran.stdout = printed;
    let events = Events::read(&ran);
    assert_eq!(events.finish()["reason"], "interrupted");
    assert!(events.generated() > 0 && events.prompt() > 0, "{events:?}");
    home.engines_leave();
}

#[test]
fn an_engine_that_stands_still_holds_up_no_cancellation() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "--json", "--temp", "0", LONG]));
    let mut lines = BufReader::new(asked.stdout());
    let mut printed = until_text(&mut lines);
    let engine = home.engines()[0];
    running::signal(engine, Signal::STOP);
    asked.signal(Signal::INT);
    lines.read_to_string(&mut printed).expect("the rest");
    let mut ran = asked.end().exits(130);
    ran.stdout = printed;
    assert_eq!(Events::read(&ran).finish()["reason"], "cancelled");
    running::signal(engine, Signal::CONT);
    home.engines_leave();
}
