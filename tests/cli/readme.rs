//! The README, held to its word: every command in it is one, and each of its blocks is run, in its
//! order, by one user; what they print is a transcript.
//!
//! Lines of one block pipe, redirect and go on with what those before them left, and most print what a
//! model says. `trycmd` runs no shell, compares what stands in the document itself, and blanks out by
//! patterns: the README would get outputs that nobody reads and lose the pipes that it is about, and
//! the blanking below would stay. `insta`, which the other snapshots use, keeps the transcripts.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use edgewise::cli::args::Cli;

use crate::home::Home;
use crate::home::PROGRAM;
use crate::running::Ran;
use crate::running::Running;
use crate::tiny;
use crate::tiny::Kind;

const README: &str = include_str!("../../README.md");

/// What is written there and cannot be run here, and why.
const NOT_RUN: [(&str, &str); 4] = [
    ("scripts/run", "builds"),
    ("scripts/test", "runs this"),
    ("tail -f", "has no end"),
    ("edgewise models pull", "fetches gigabytes; tests/cli/pull.rs has a hub of its own"),
];

const CONFIG: &str = "max_tokens = 6\nsampling = { temp = 0.0 }\n\
    [profiles.review]\nextends = \"default\"\nsystem = \"Be strict.\"\n\
    [profiles.quick]\nextends = \"default\" # as it is\nn_ctx = 4096\n";

/// Returns the lines of the README's blocks for a shell, comments cut off, of the section on models or
/// of all others.
fn commands(of_models: bool) -> Vec<&'static str> {
    let sections = README.split("\n## ");
    let wanted = sections.filter(|section| section.starts_with("Models\n") == of_models);
    wanted.flat_map(commands_of).collect()
}

fn commands_of(section: &'static str) -> Vec<&'static str> {
    let blocks = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines);
    let bare = lines.map(|line| line.split(" # ").next().unwrap_or_default().trim());
    bare.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Returns the arguments of every call of the program in a line of a shell.
fn calls(line: &str) -> Vec<Vec<String>> {
    let words = words(line);
    let parts = words.split(|word| word == "|");
    let calls = parts.filter(|part| part.first().is_some_and(|word| word == "edgewise"));
    calls.map(|part| part.iter().take_while(|word| *word != "<").cloned().collect()).collect()
}

/// Splits a line as a shell does, as far as the README needs it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Returns the calls in the running text: what stands between backticks.
fn inline() -> Vec<String> {
    let text: String = README.split("```").step_by(2).collect();
    let quoted = text.split('`').skip(1).step_by(2);
    let one_line = quoted.map(|code| code.split_whitespace().collect::<Vec<_>>().join(" "));
    one_line.filter(|code| code.starts_with("edgewise ")).collect()
}

#[test]
fn every_command_of_the_readme_is_one() {
    let lines = [commands(false), commands(true)].concat();
    assert!(lines.len() > 30, "{lines:?}");
    let inline = inline();
    assert!(inline.len() > 8, "{inline:?}");
    for line in lines.iter().copied().chain(inline.iter().map(String::as_str)) {
        // A shell stands for all of them.
        let line = line.replace("completions SHELL", "completions bash");
        for call in calls(&line) {
            match Cli::read(call.into_iter().map(Into::into)) {
                Ok(cli) => cli.check().unwrap_or_else(|fault| panic!("{line}: {fault}")),
                // The running text may name a command without what it is given.
                Err(stop) if stop.text.contains("arguments were not provided") => {}
                Err(stop) => panic!("{line}: {}", stop.text),
            }
        }
    }
}

/// Makes the user of the README: the files, prompts, profiles and models that it speaks of.
fn user(home: Home) -> Home {
    home.config(CONFIG);
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for directory in ["home/src", "home/bin", "config/prompts"] {
        fs::create_dir_all(home.path(directory)).expect("a directory");
    }
    for entry in fs::read_dir(assets.join("prompts")).expect("prompts").flatten() {
        let to = home.path("config/prompts").join(entry.file_name());
        fs::copy(entry.path(), to).expect("a prompt");
    }
    for (name, text) in [
        ("notes.txt", "The bridge opens in May.\n"),
        ("words.txt", "bread\nwater\n"),
        ("src/main.rs", "fn main() {}\n"),
    ] {
        fs::write(home.path("home").join(name), text).expect("a file");
    }
    tiny::write(&home.path("data/models/tiny-F32.gguf"), Kind::Cells);
    tiny::write(&home.path("home/other.gguf"), Kind::Cells);
    symlink(PROGRAM, home.path("home/bin/edgewise")).expect("a link");
    home
}

/// Runs a line of the README.
fn run(home: &Home, line: &str) -> Ran {
    let line = line.replace(" NAME", " tiny-F32").replace(" FILE", " other.gguf");
    let mut command = Command::new("sh");
    command.args(["-c", &line]);
    home.settle(&mut command);
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", home.path("home/bin").display());
    command.env("PATH", path).env("EDITOR", "true");
    Running::start(command).end()
}

/// Writes down what a line has printed, without what differs from run to run: numbers, ids, places,
/// the words of the model.
fn told(home: &Home, line: &str, ran: &Ran) -> String {
    let code = ran.status.code().unwrap_or(-1);
    let mut text = format!("$ {line}\n? {code}\n");
    let turn = ["edgewise ask", "edgewise map", "| edgewise"].iter().any(|one| line.contains(one));
    if turn && line.contains("--json") {
        for kind in ["route", "prefill", "delta", "finish"] {
            let there = ran.stdout.contains(&format!("\"type\":\"{kind}\""));
            writeln!(text, "{kind}: {there}").expect("text");
        }
    } else if turn {
        let answers = if ran.stdout.trim().is_empty() { "nothing" } else { "an answer" };
        writeln!(text, "({answers})").expect("text");
    } else {
        // What nobody has set is the schema's to list.
        let lines = ran.stdout.lines().filter(|line| !line.ends_with("# built in"));
        lines.for_each(|line| writeln!(text, "{}", plain(home, line)).expect("text"));
    }
    ran.stderr.lines().for_each(|line| writeln!(text, "! {}", plain(home, line)).expect("text"));
    text
}

/// Returns a line with its numbers, ids and places replaced, and one space between words.
fn plain(home: &Home, line: &str) -> String {
    let place = home.path("").display().to_string();
    let line = line.replace(place.trim_end_matches('/'), "[HOME]");
    let word = |word: &str| -> String {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let id = |c: char| c.is_ascii_hexdigit() || c == '-';
        if bare.len() >= 12 && bare.chars().all(id) && bare.contains(|c: char| c.is_ascii_digit()) {
            return "[ID]".to_owned();
        }
        if !bare.starts_with(|c: char| c.is_ascii_digit()) {
            return word.to_owned();
        }
        let mut text = String::new();
        for c in word.chars() {
            match c {
                '0'..='9' | '.' if text.ends_with('N') => {}
                '0'..='9' => text.push('N'),
                c => text.push(c),
            }
        }
        text
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// Runs lines one after another; returns what they printed.
fn transcript(home: &Home, lines: &[&str]) -> String {
    let mut transcript = String::new();
    for line in lines {
        if let Some((_, why)) = NOT_RUN.iter().find(|(begins, _)| line.starts_with(begins)) {
            writeln!(transcript, "$ {line}\n(not run: {why})\n").expect("text");
            continue;
        }
        writeln!(transcript, "{}", told(home, line, &run(home, line))).expect("text");
    }
    transcript
}

#[test]
fn the_readme_works_from_its_beginning_to_its_end() {
    let home = user(Home::new());
    insta::assert_snapshot!(transcript(&home, &commands(false)));
    home.engines_leave();
}

// Elsewhere a GPU may be named.
#[cfg(target_os = "linux")]
#[test]
fn what_the_readme_says_of_models_works() {
    let home = user(Home::without_model());
    insta::assert_snapshot!(transcript(&home, &commands(true)));
    assert!(!home.had_an_engine());
}
