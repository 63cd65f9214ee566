//! What stdin means.

use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;

use crate::events::Events;
use crate::home::Home;
use crate::home::PROGRAM;
use crate::running::Running;

#[test]
fn nothing_to_answer_is_a_wrong_call() {
    let home = Home::new();
    let table: [(&[&str], &[u8]); 7] = [
        (&[], b""),
        (&["ask"], b""),
        (&["ask", " "], b""),
        (&["ask"], b" \n\t\r\n"),
        (&["ask", "--no-stdin"], b"a question"),
        (&["--no-stdin"], b"a question"),
        (&["--plain"], b"\n"),
    ];
    for (args, input) in table {
        let ran = home.pipe(args, input).exits(2).answers_nothing();
        ran.says(&["error: nothing to answer", "hint: edgewise ask"]);
        let json = home
            .pipe(
                &[args, &["--json"]]
                    .concat()
                    .iter()
                    .filter(|arg| **arg != "--plain")
                    .copied()
                    .collect::<Vec<_>>(),
                input,
            )
            .exits(2);
        assert_eq!(json.stderr, "");
        assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
    }
    home.engines_leave();
}

#[test]
fn a_terminal_on_stdin_and_a_pipe_on_stdout_need_a_prompt() {
    let home = Home::new();
    let size = portable_pty::PtySize::default();
    let pair = portable_pty::native_pty_system().openpty(size).expect("a terminal");
    let name = pair.master.tty_name().expect("its name");
    let terminal = || File::options().read(true).write(true).open(&name).expect("the terminal");
    let table: [(&[&str], &str); 2] = [(&[], "stdout is none"), (&["ask"], "no PROMPT")];
    for (args, reason) in table {
        let mut command = home.command(args);
        command.stdin(terminal());
        Running::start(command).end().exits(2).answers_nothing().says(&[reason]);
    }
    let mut command = home.command(&["--temp", "0", "--max-tokens", "3", "Hi"]);
    command.stdin(terminal());
    assert_ne!(Running::start(command).end().exits(0).stdout, "");
}

#[test]
fn no_stdin_leaves_the_lines_of_a_loop_alone() {
    let home = Home::new();
    let mut bash = Command::new("bash");
    let script =
        "while read -r line; do \"$0\" ask --json --no-stdin --max-tokens 2 \"$line\"; done";
    bash.args(["-c", script, PROGRAM]);
    home.settle(&mut bash);
    bash.stdin(Stdio::piped());
    let mut bash = Running::start(bash);
    bash.feed(b"Say hello.\nSay goodbye.\n");
    let ran = bash.end().exits(0);
    assert_eq!(ran.stdout.matches("\"finish\"").count(), 2, "{ran:?}");
}

#[test]
fn a_silent_pipe_draws_one_line() {
    let home = Home::new();
    let mut command = home.command(&["ask", "--temp", "0"]);
    command.stdin(Stdio::piped());
    let mut asked = Running::start(command);
    let mut stderr = BufReader::new(asked.stderr());
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    assert_eq!(line, "waiting for the end of stdin (--no-stdin leaves it alone)\n");
    asked.feed(b"Hi");
    let ran = asked.end().exits(0);
    assert_ne!(ran.stdout, "");
    assert_eq!(stderr.lines().count(), 0);
}

#[test]
fn bytes_that_are_no_text_are_refused_by_offset_and_control_characters_are_text() {
    let home = Home::new();
    let ran = home.pipe(&["ask"], b"gr\xc3\xbc\xfe").exits(2).answers_nothing();
    ran.says(&["stdin is not UTF-8: the byte at offset 4", "hint: "]);
    let json = home.pipe(&["--json"], b"\xff").exits(2);
    assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
    let odd =
        home.pipe(&["ask", "--max-tokens", "4"], b"Say \0 \x1b[31mred\x1b]0;t\x07\xc2\x9b2J.");
    let odd = odd.exits(0);
    assert!(!odd.stdout.contains(['\0', '\u{1b}', '\u{7}', '\u{9b}']), "{odd:?}");
    home.engines_leave();
}

#[test]
fn more_than_fits_is_told_with_both_numbers() {
    let home = Home::new();
    home.config("[profiles.small]\nextends = \"default\"\nn_ctx = 64\n");
    let words = "one two three ".repeat(100);
    let ran = home.run(&["ask", "-p", "small", &words]).exits(5).answers_nothing();
    let numbers: Vec<u32> = ran
        .stderr
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    assert!(matches!(numbers[..], [300..=400, 64, ..]), "{ran:?}");
    let json = Events::read(&home.run(&["ask", "-p", "small", "--json", &words]).exits(5));
    assert_eq!(json.finish()["error"]["kind"], "too_long");
    assert_eq!(json.finish()["reason"], "failed");
    let huge = vec![b'a'; 8 * 1024 * 1024 + 1];
    home.pipe(&["ask"], &huge).exits(5).answers_nothing().says(&["more than 8 MiB"]);
    home.engines_leave();
}
