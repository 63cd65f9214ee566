//! Arguments to a command to an exit code.
//!
//! Never: business rules.

pub mod args;
pub mod exit;
pub mod output;
pub mod stdin;

mod ask;
mod audit;
mod chat;
mod completions;
mod config;
mod db;
mod doctor;
mod endpoints;
mod engine;
mod engines;
mod filling;
mod first_run;
mod look;
mod man;
mod map;
mod models;
mod prepare;
mod profiles;
mod progress;
mod prompts;
mod reset_terminal;
mod saved;
mod schema;
mod sessions;
mod workshop;

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal as _;
use std::io::Write;

use crate::chat::Fault;
use crate::chat::Timings;
use crate::cli::args::Cli;
use crate::cli::args::Command;
use crate::cli::args::Stop;
use crate::cli::exit::Exit;
use crate::cli::output::Json;
use crate::cli::output::LINE_MAX;
use crate::cli::output::fault_lines;
use crate::cli::output::use_color;
use crate::cli::stdin::Plan;
use crate::cli::stdin::Terminals;
use crate::config::Env;
use crate::runtime;
use crate::runtime::Printed;
use crate::text::Clean;

/// Runs the program with its arguments, the program's name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::read(args) {
        Ok(cli) => cli,
        Err(stop) => return stopped(stop),
    };
    let env = Env::read();
    run(&cli, &env).unwrap_or_else(|fault| failed(&cli, &env, &fault))
}

fn run(cli: &Cli, env: &Env) -> Result<Exit, Fault> {
    cli.check()?;
    match &cli.command {
        Some(Command::Ask(_)) | None => converse(cli, env),
        Some(Command::Map(args)) => map::run(args, cli, env),
        Some(Command::Ps) => engines::ps(cli, env),
        Some(Command::Stop) => engines::stop(env),
        Some(Command::Doctor) => Ok(doctor::run(cli, env)),
        Some(Command::Models(args)) => models::run(cli, args, env),
        Some(Command::Profiles(args)) => profiles::run(cli, args, env),
        Some(Command::Prompts(args)) => prompts::run(cli, args, env),
        Some(Command::Endpoints(args)) => endpoints::run(cli, args, env),
        Some(Command::Config(args)) => config::run(cli, args, env),
        Some(Command::Sessions(args)) => sessions::run(cli, args, env),
        Some(Command::Db(args)) => db::run(cli, args, env),
        Some(Command::Audit(args)) => audit::run(cli, env, args),
        Some(Command::Completions(args)) => Ok(completions::run(args)),
        Some(Command::Man) => man::run(),
        Some(Command::ResetTerminal) => reset_terminal::run(),
        Some(Command::Engine(_)) => Ok(engine::run()),
        Some(Command::Workshop(args)) => Ok(workshop::run(args)),
    }
}

/// Opens the chat or answers one question, as stdin and stdout suggest.
fn converse(cli: &Cli, env: &Env) -> Result<Exit, Fault> {
    let terminals =
        Terminals { stdin: io::stdin().is_terminal(), stdout: io::stdout().is_terminal() };
    match stdin::plan(cli.wish(), terminals)? {
        Plan::Chat => match first_run::offer(cli, env)? {
            first_run::Start::Stopped => Ok(Exit::Cancelled),
            start => chat::run(cli, env, start),
        },
        Plan::AskWithStdin => ask::run(cli, env, ask::Input::Stdin),
        Plan::AskWithout => ask::run(cli, env, ask::Input::None),
    }
}

/// Says why nothing was done: on stderr, and with `--json` as the `finish` event.
fn failed(cli: &Cli, env: &Env, fault: &Fault) -> Exit {
    let color = use_color(cli.common.color, env, io::stderr().is_terminal());
    let lines = Printed { stdout: String::new(), stderr: fault_lines(fault, color) };
    if cli.common.json {
        let finish = output::Printer::Json(Json::new(None)).fail(fault, Timings::default());
        say(&finish, &lines, &mut io::stdout(), &mut io::stderr());
    } else {
        print(&lines);
    }
    fault.kind.into()
}

/// Prints, or prints something else where stdout fails: a full disk, for one.
fn say(printed: &Printed, otherwise: &Printed, out: &mut impl Write, err: &mut impl Write) {
    if runtime::deliver(printed, out, err).is_err() {
        // Where stderr fails as well, nobody can be told.
        runtime::deliver(otherwise, &mut io::sink(), err).ok();
    }
}

/// Prints what the configuration has to say; it may repeat names of files.
fn notices(notices: &[String]) {
    let line = |notice: &String| Clean::one_line(notice, LINE_MAX).into_string() + "\n";
    print(&Printed { stdout: String::new(), stderr: notices.iter().map(line).collect() });
}

fn stopped(stop: Stop) -> Exit {
    let Stop { text, exit } = stop;
    let printed = match exit {
        Exit::Answered => Printed { stdout: text, stderr: String::new() },
        _ => Printed { stdout: String::new(), stderr: text },
    };
    print(&printed);
    exit
}

/// Prints what was asked for; a stdout that fails is a failure, one that nobody reads is not.
fn give(stdout: String) -> Exit {
    let printed = Printed { stdout, stderr: String::new() };
    match runtime::deliver(&printed, &mut io::stdout(), &mut io::stderr()) {
        Ok(_) => Exit::Answered,
        Err(_) => Exit::Failed,
    }
}

/// Prints what comes before or instead of a turn; a stdout that fails cannot be told to anybody.
fn print(printed: &Printed) {
    runtime::deliver(printed, &mut io::stdout(), &mut io::stderr()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stdout_does_not_take_is_said_on_stderr() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let finish = Printed { stdout: "{}\n".to_owned(), stderr: String::new() };
        let lines = Printed { stdout: String::new(), stderr: "error: no\n".to_owned() };
        let mut stderr = Vec::new();
        say(&finish, &lines, &mut Full, &mut stderr);
        assert_eq!(stderr, b"error: no\n");
        let mut stdout = Vec::new();
        say(&finish, &lines, &mut stdout, &mut stderr);
        assert_eq!((stdout.as_slice(), stderr.as_slice()), (&b"{}\n"[..], &b"error: no\n"[..]));
    }
}
