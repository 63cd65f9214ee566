//! Arguments that ask for no turn, or for nothing that there is.

use std::process::Command;
use std::process::Stdio;

use edgewise::cli::args::Cli;

use crate::events::Events;
use crate::home::Home;
use crate::running::Running;

#[test]
fn help_and_version_are_answers() {
    let home = Home::without_model();
    let help = home.run(&["--help"]).exits(0);
    assert!(help.stdout.contains("Exit codes: 0 answered"), "{help:?}");
    assert_eq!(help.stderr, "");
    home.run(&["ask", "--help"]).exits(0);
    let version = home.run(&["--version"]).exits(0);
    assert_eq!(version.stdout, format!("edgewise {}\n", env!("CARGO_PKG_VERSION")));
    // Whoever closes the pipe has read enough.
    let mut helped = Running::start(home.command(&["--help"]));
    drop(helped.stdout());
    helped.end().exits(0);
}

#[test]
fn a_word_near_a_command_is_no_question() {
    let home = Home::new();
    let table = [("completion", "completions"), ("sesions", "sessions"), ("modles", "models")];
    for (word, command) in table {
        let ran = home.run(&[word]).exits(2).answers_nothing();
        ran.says(&[
            &format!("no command `{word}`; the nearest is `{command}`"),
            &format!("edgewise ask \"{word}\""),
        ]);
    }
    // Also with words behind it, that a question would have in quotes.
    let ran = home.run(&["modles", "list"]).exits(2).answers_nothing();
    ran.says(&["no command `modles`; the nearest is `models`"]);
    home.run(&["What", "now"]).exits(2).says(&["unexpected argument 'now'"]);
    home.run(&["bench"]).exits(2).says(&["not there yet", "edgewise ask \"bench\""]);
    home.run(&["sessions"]).exits(2).says(&["Usage: edgewise sessions"]);
    let json = home.run(&["--json", "sesions"]).exits(2);
    assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
    assert!(!home.had_an_engine());
    let asked = home.run(&["ask", "--max-tokens", "3", "sessions"]).exits(0);
    assert_ne!(asked.stdout, "");
}

#[test]
fn a_wrong_argument_is_a_wrong_call() {
    let home = Home::new();
    let table: [&[&str]; 12] = [
        &["ask", "--temp", "-1", "Hi"],
        &["ask", "--temp", "nan", "Hi"],
        &["ask", "--max-tokens", "0", "Hi"],
        &["ask", "--seed", "4294967296", "Hi"],
        &["ask", "--stop", "", "Hi"],
        &["ask", "--mode", "local", "Hi"],
        &["ask", "--json", "--plain", "Hi"],
        &["ask", "--jsno", "Hi"],
        &["ask", "one", "two"],
        &["Hi", "ask", "Hi"],
        &["ask", "-s", "", "Hi"],
        &["reset-terminal"],
    ];
    for args in table {
        let ran = home.run(args).exits(2).answers_nothing();
        assert!(ran.stderr.starts_with("error: "), "{args:?}: {ran:?}");
    }
    let mut command = home.command(&["ask", "Hi"]);
    command.env("EDGEWISE_DATA_DIR", "models");
    Running::start(command).end().exits(2).says(&["EDGEWISE_DATA_DIR is not an absolute path"]);
    assert!(!home.had_an_engine());
    let dashed = home.run(&["ask", "--max-tokens", "3", "--", "-1 + 1 is"]).exits(0);
    assert_ne!(dashed.stdout, "");
}

#[test]
fn completion_scripts_are_scripts() {
    let home = Home::without_model();
    let script = home.run(&["completions", "bash"]).exits(0).stdout;
    assert!(script.contains("edgewise"), "{script}");
    let mut bash = Command::new("bash");
    bash.arg("-n").stdin(Stdio::piped());
    let mut bash = Running::start(bash);
    bash.feed(script.as_bytes());
    assert_eq!(bash.end().exits(0).stderr, "");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert_ne!(home.run(&["completions", shell]).exits(0).stdout, "");
    }
    home.run(&["completions", "tcsh"]).exits(2);
}

/// Checks every visible command below `above`: its own flags stand in its part of the page, and in
/// every script.
fn flags_are_told(above: &clap::Command, page: &str, scripts: &[(&str, String)]) -> usize {
    let told = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    let mut flags = 0;
    for command in above.get_subcommands().filter(told) {
        let name = command.get_bin_name().expect("a built command").to_uppercase();
        let (_, part) = page.split_once(&format!(".SH \"{name}\"\n")).expect(&name);
        let part = part.split("\n.SH ").next().unwrap_or_default();
        for arg in command.get_arguments().filter(|arg| !arg.is_global_set()) {
            let Some(long) = arg.get_long().filter(|long| *long != "help") else { continue };
            flags += 1;
            assert!(part.contains(&format!("--{long}")), "--{long} of {name} in {part}");
            in_scripts(long, scripts);
        }
        flags += flags_are_told(command, page, scripts);
    }
    flags
}

fn in_scripts(long: &str, scripts: &[(&str, String)]) {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
    for (shell, script) in scripts {
        let forms = [format!("--{long}"), format!("-l {long}")];
        let whole = |form: &String| script.split(form.as_str()).skip(1).any(|rest| !goes_on(rest));
        assert!(forms.iter().any(whole), "--{long} for {shell}");
    }
}

#[test]
fn every_flag_is_in_the_manual_and_in_every_completion() {
    let home = Home::without_model();
    let page = home.run(&["man"]).exits(0).stdout;
    assert!(page.contains(".TH edgewise 1"), "{page}");
    let page = page.replace("\\-", "-");
    let shells = ["bash", "zsh", "fish", "elvish", "powershell"];
    let scripts = shells.map(|shell| (shell, home.run(&["completions", shell]).exits(0).stdout));
    let mut grammar = Cli::grammar();
    grammar.build();
    let (front, _) = page.split_once(".SH \"EDGEWISE ASK\"").expect("the first command");
    for arg in grammar.get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        assert!(front.contains(&format!("--{long}")), "--{long} in {front}");
        in_scripts(long, &scripts);
    }
    assert!(flags_are_told(&grammar, &page, &scripts) > 5, "flags of commands");
    assert!(!page.contains("EDGEWISE ENGINE\""), "a hidden command");
}
