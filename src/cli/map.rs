//! `map`: one turn for each line of stdin.

mod bar;
mod lines;
mod show;
mod template;

use std::io;
use std::io::BufReader;
use std::io::IsTerminal as _;

use self::lines::Lines;
use self::lines::length;
use self::show::Show;
use self::template::Template;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::filling::Around;
use crate::cli::filling::Filling;
use crate::cli::prepare::prepare;
use crate::cli::saved;
use crate::cli::schema::Schema;
use crate::config::Env;
use crate::runtime;
use crate::runtime::KEEP_ALIVE_SCRIPT;
use crate::runtime::Line;
use crate::runtime::Printed;

/// The most turns at once: as many as the engine takes of one client.
const JOBS_MAX: u32 = 64;

/// Ask once for each line of stdin, several at a time
///
/// In TEMPLATE, {} stands for the line and {{ for a brace. Results come in the order of the lines, each
/// as soon as all before it are there; a blank line is skipped. The first line that fails ends the
/// work, and its exit code is the command's; with --keep-going all lines are asked, and the highest
/// code counts.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  edgewise map \"Translate into French: {}\" < words.txt
  tail -f app.log | edgewise map --max-tokens 5 \"Is this an error? Yes or no: {}\"
  edgewise map --json --keep-going \"Sum up: {}\" < texts.txt | jq -r .text")]
pub struct Args {
    /// The question, with {} where the line goes
    #[arg(value_name = "TEMPLATE", required_unless_present = "form", conflicts_with = "form")]
    pub question: Option<String>,
    /// A prompt of the library, with {{input}} where the line goes.
    #[command(flatten)]
    pub filling: Filling,
    /// How many lines are asked at once [default: the engine's `max_turns`]
    #[arg(short, long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(JOBS_MAX)))]
    pub jobs: Option<u32>,
    /// Go on when a line fails
    #[arg(short, long)]
    pub keep_going: bool,
}

/// Asks every line of stdin.
///
/// # Errors
/// It did not get as far as the first line; how the lines did is in the exit code.
pub(super) fn run(args: &Args, cli: &Cli, env: &Env) -> Result<Exit, Fault> {
    let template = args.question.as_deref().map(Template::parse).transpose()?;
    if cli.common.no_stdin {
        return Err(Fault::new("map reads its lines from stdin, and --no-stdin leaves it alone")
            .kind(FaultKind::Usage)
            .hint("edgewise ask \"a question\" has no input"));
    }
    if cli.common.session.is_some() {
        return Err(Fault::new("map keeps no session: its lines know nothing of each other")
            .kind(FaultKind::Usage)
            .hint("edgewise ask -s keeps one"));
    }
    let schema = cli.common.schema.as_deref().map(Schema::read).transpose()?;
    let around = Around::read(&args.filling, &cli.common, env)?;
    let mut prepared = prepare(cli, env, KEEP_ALIVE_SCRIPT)?;
    if let Some(schema) = &schema {
        prepared.front.constraint = schema.constraint();
    }
    if !cli.common.quiet {
        super::notices(&prepared.settings.notices);
        if io::stdin().is_terminal() {
            let stderr = "reading lines from the terminal; Ctrl-D ends them\n".to_owned();
            super::print(&Printed { stdout: String::new(), stderr });
        }
    }
    let opening = saved::memory(cli, env, &prepared.front);
    prepared.front.memory = opening.and_then(|opening| opening.wait().ok());
    let memory = prepared.front.memory.clone();
    let jobs = args.jobs.unwrap_or(prepared.settings.engine.max_turns).min(JOBS_MAX) as usize;
    let mut show = Show::new(args, cli, env, length(io::stdin())).with_schema(schema);
    let tasks =
        runtime::script_tasks().map_err(|error| Fault::new(format!("no threads: {error}")))?;
    let mapped = tasks.block_on(async {
        let mut lines = Lines::new(BufReader::new(io::stdin()));
        let next = move || {
            let (index, read_bytes, text) = lines.next()?;
            let prompt = text.and_then(|text| match &template {
                Some(template) => around.fill(Some(&template.fill(&text))),
                None => around.fill(Some(&text)),
            });
            Some(Line { index, read_bytes, prompt })
        };
        runtime::map(prepared.front, runtime::lines(next), jobs, &mut show).await
    });
    // A thread may still sit in a read that never ends or a write that nobody reads.
    tasks.shutdown_background();
    if let Some(store) = memory {
        store.close();
    }
    let mapped =
        mapped.map_err(|error| Fault::new(format!("cannot write the results: {error}")))?;
    Ok(match mapped {
        _ if mapped.cancelled => Exit::Cancelled,
        // Whoever closed the pipe has read enough.
        _ if mapped.unread => Exit::Answered,
        _ => show.exit(),
    })
}
