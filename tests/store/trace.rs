//! What the program writes, as the kernel sees it: `strace` around one call of it.

use std::collections::HashMap;
use std::fs;
use std::process::Output;

use crate::home::Home;
use crate::home::PROGRAM;

/// One thing that happens to a file of the store, or an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Write {
        file: File,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: File,
        to: usize,
    },
    Sync {
        file: File,
    },
    Unlink {
        file: File,
    },
    /// Something was printed on stdout.
    Said,
}

/// A file that counts after the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum File {
    Database,
    Log,
}

impl File {
    fn named(path: &str) -> Option<Self> {
        match path.rsplit('/').next()? {
            "sessions.db" => Some(Self::Database),
            "sessions.db-wal" => Some(Self::Log),
            _ => None,
        }
    }
}

/// Runs the program under `strace` with more flags for that.
pub(crate) fn run(home: &Home, flags: &[&str], args: &[&str]) -> (Output, String) {
    let file = home.path("trace");
    let name = file.to_string_lossy().into_owned();
    let all = [&["-f", "-qq", "-o", &name], flags, &[PROGRAM], args].concat();
    let done = home.command("strace", &all).output().expect("strace is there");
    (done, fs::read_to_string(&file).expect("a trace"))
}

/// Runs the program and returns what it did to its files, in order.
pub(crate) fn record(home: &Home, synchronous: &str, args: &[&str]) -> (Output, Vec<Op>) {
    const CALLS: &str = "trace=pwrite64,write,ftruncate,fsync,fdatasync,unlink";
    let variable = format!("EDGEWISE_TEST_SYNCHRONOUS={synchronous}");
    let flags = ["-y", "-xx", "-s", "1000000", "-e", CALLS, "-E", &variable];
    let (done, text) = run(home, &flags, args);
    let mut begun: HashMap<&str, String> = HashMap::new();
    let mut ops = Vec::new();
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').expect("a thread and a call");
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread, start.to_owned());
            continue;
        }
        let whole = match call.split_once("resumed>") {
            Some((_, rest)) => begun.remove(thread).expect("it was begun") + rest,
            None => call.to_owned(),
        };
        ops.extend(parse(&whole));
    }
    (done, ops)
}

fn parse(call: &str) -> Option<Op> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let result: i64 = result.split_ascii_whitespace().next()?.parse().ok()?;
    if result < 0 {
        return None;
    }
    let arguments = arguments.trim_end().trim_end_matches(')');
    if name == "unlink" {
        let path = String::from_utf8(hex(arguments.trim_matches('"'))).ok()?;
        return File::named(&path).map(|file| Op::Unlink { file });
    }
    let (descriptor, rest) = arguments.split_once('<')?;
    if name == "write" && descriptor == "1" {
        return Some(Op::Said);
    }
    let (path, rest) = rest.split_once('>')?;
    let file = File::named(&String::from_utf8(hex(path)).ok()?)?;
    let mut rest = rest.trim_start_matches(", ").split(", ");
    match name {
        "pwrite64" => {
            let mut bytes = hex(rest.next()?.trim_matches('"'));
            bytes.truncate(usize::try_from(result).ok()?);
            Some(Op::Write { file, at: rest.nth(1)?.parse().ok()?, bytes })
        }
        "ftruncate" => Some(Op::Truncate { file, to: rest.next()?.parse().ok()? }),
        "fsync" | "fdatasync" => Some(Op::Sync { file }),
        _ => None,
    }
}

/// Reads `\x41\x42`.
fn hex(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect()
}
