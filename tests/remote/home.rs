//! The program as a user calls it, beside the terminal.

use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use crate::terminal::Home;

/// Writes the settings behind those that every test has: the profile's own, then other tables.
pub(crate) fn configure(home: &Home, profile: &str, tables: &str) {
    // What stands on the screen until the first token is to be seen: Enter pays for the prompt.
    let text = format!(
        "[engine]\nkeep_alive = \"0s\"\nprefill_ahead = false\n[profiles.default]\nthreads = 1\n{profile}\n{tables}"
    );
    std::fs::write(home.path().join("c/config.toml"), text).expect("a file");
}

/// Makes a call with the test's model and the likeliest tokens.
pub(crate) fn command(home: &Home, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgewise"));
    command.args(args).env_clear().envs(home.environment()).stdin(Stdio::null());
    command.current_dir(home.path());
    command
}

/// Calls the program and waits for its end.
pub(crate) fn run(home: &Home, args: &[&str]) -> Output {
    command(home, args).output().expect("the program runs")
}

/// Calls `ask` with the test's model.
pub(crate) fn ask(home: &Home, args: &[&str]) -> Output {
    let model = crate::support::model();
    let model: &Path = model.as_ref();
    let model = model.to_str().expect("UTF-8");
    run(home, &[&["ask", "--no-stdin", "-m", model, "--temp", "0"], args].concat())
}

/// Returns what was written to stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns what was written to stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks how it ended.
#[track_caller]
pub(crate) fn exits(output: &Output, code: i32) {
    let all = format!("{}\n{}", stdout(output), stderr(output));
    assert_eq!(output.status.code(), Some(code), "{all}");
}
