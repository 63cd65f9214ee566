//! What comes out: text, events, limits, draws.

use std::fs::File;
use std::io::Read as _;

use rustix::process::Signal;

use crate::events::Events;
use crate::home::Home;
use crate::running::Running;

/// Goes on for as long as it is let.
pub(crate) const LONG: &str = "Write a very long story about the sea.";

#[test]
fn a_pipe_an_argument_and_a_file_are_answered() {
    let home = Home::new();
    let piped = home.pipe(&["--temp", "0"], b"Hi\n").exits(0);
    assert!(piped.stdout.len() > 2 && piped.stdout.ends_with('\n'), "{piped:?}");
    assert_eq!(piped.stderr, "");
    let asked = home.run(&["ask", "--temp", "0", "Hi"]).exits(0);
    assert_eq!(asked.stdout, piped.stdout);
    home.config("[profiles.cool]\nextends = \"default\"\nsampling = { temp = 0.0 }\n");
    let file = home.path("question.txt");
    std::fs::write(&file, "Hi\n").expect("a file is written");
    let mut command = home.command(&["ask", "-p", "cool"]);
    command.stdin(File::open(file).expect("the file"));
    assert_eq!(Running::start(command).end().exits(0).stdout, piped.stdout);
    home.engines_leave();
}

#[test]
fn stdin_is_appended_to_the_prompt_after_an_empty_line() {
    let home = Home::new();
    let both =
        home.pipe(&["ask", "--json", "--temp", "0", "--max-tokens", "4", "Sum up:"], b"a b c\n");
    let one = home.run(&["ask", "--json", "--temp", "0", "--max-tokens", "4", "Sum up:\n\na b c"]);
    let (both, one) = (Events::read(&both.exits(0)), Events::read(&one.exits(0)));
    assert_eq!((both.prompt(), both.text()), (one.prompt(), one.text()));
}

#[test]
fn text_comes_as_it_is_generated() {
    let home = Home::new();
    let mut asked = Running::start(home.command(&["ask", "--temp", "0", LONG]));
    let mut stdout = asked.stdout();
    let mut first = [0; 8];
    stdout.read_exact(&mut first).expect("the first words");
    // Minutes before its end; had it ended, the code would be another one.
    asked.signal(Signal::INT);
    asked.end().exits(130);
}

#[test]
fn a_limit_of_the_callers_is_an_answer() {
    let home = Home::new();
    let args = ["ask", "--json", "--temp", "0", "--max-tokens", "5", LONG];
    let events = Events::read(&home.run(&args).exits(0));
    assert_eq!(events.finish()["reason"], "length");
    assert_eq!(events.generated(), 5);
    assert_eq!(events.types(), ["route", "prefill", "delta", "finish"]);
    assert_eq!(events.of("route")[0]["kind"], "local");
    let text = events.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    let word = words.get(1).expect("several words");
    let stop = ["ask", "--json", "--temp", "0", "--max-tokens", "5", "--stop", word, LONG];
    let stopped = Events::read(&home.run(&stop).exits(0));
    assert_eq!(stopped.finish()["reason"], "stop");
    let (before, _) = text.split_once(word).expect("the word");
    assert_eq!(stopped.text(), before);
}

#[test]
fn events_are_as_documented_and_figures_are_measured() {
    let home = Home::new();
    let events = Events::read(&home.run(&["ask", "--json", "--temp", "0", "Hi"]).exits(0));
    let finish = events.finish();
    assert_eq!(finish["reason"], "end_of_turn");
    assert!(finish["error"].is_null() && finish["session"].is_null(), "{finish}");
    assert_eq!(finish["route"]["model"], "smollm2-135m-instruct");
    for figure in ["ttft_ms", "prefill_tps", "decode_tps", "total_ms"] {
        assert!(finish["timings"][figure].as_f64().expect(figure) > 0.0, "{finish}");
    }
    let last = *events.of("prefill").last().expect("a prefill");
    assert_eq!(last["done"], last["total"]);
    assert_eq!(last["total"].as_u64(), Some(events.prompt()));
}

#[test]
fn a_seed_draws_the_same_again_and_zero_draws_nothing() {
    let home = Home::new();
    let draw = |temp, seed| {
        let args = ["ask", "--temp", temp, "--seed", seed, "--max-tokens", "12", LONG];
        home.run(&args).exits(0).stdout
    };
    let first = draw("1.5", "7");
    assert_eq!(draw("1.5", "7"), first);
    assert_ne!(draw("1.5", "8"), first);
    assert_eq!(draw("0", "7"), draw("0", "8"));
}

#[test]
fn the_summary_is_said_when_it_is_wanted() {
    let home = Home::new();
    let hi = |flag| home.run(&["ask", "--temp", "0", flag, "Hi"]).exits(0);
    let said =
        hi("-v").says(&["local: smollm2-135m-instruct: ", "prompt tokens (", "TTFT ", "decode "]);
    assert_eq!(said.stderr.lines().count(), 2, "{said:?}");
    std::fs::write(home.path("home/.edgewise.toml"), "").expect("a file is written");
    assert_eq!(hi("-q").stderr, "");
    let noticed = hi("--color=never").says(&[".edgewise.toml is not trusted and was ignored"]);
    assert_eq!(noticed.stdout, said.stdout);
}

#[test]
fn stdout_carries_no_escape_sequence() {
    let home = Home::new();
    let ask = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("CLICOLOR_FORCE", "1").env("TERM", "xterm-256color");
        Running::start(command).end()
    };
    let answered = ask(&["ask", "-v", "--temp", "0", "Hi"]).exits(0);
    assert!(!answered.stdout.contains('\u{1b}') && answered.stderr.contains("\u{1b}[2m"));
    let never = ask(&["ask", "-v", "--temp", "0", "--color=never", "Hi"]).exits(0);
    assert!(!never.stderr.contains('\u{1b}'), "{never:?}");
    let refused = ask(&["ask", "--json", "-p", "\u{1b}[31mx", "Hi"]).exits(2);
    assert!(!refused.stdout.contains('\u{1b}'), "{refused:?}");
    let helped = ask(&["--help"]).exits(0);
    assert!(!helped.stdout.contains('\u{1b}'), "{helped:?}");
}
