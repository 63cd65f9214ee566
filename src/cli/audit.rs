//! `audit`: what was decided, why, and what came of it.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::Value;
use time::OffsetDateTime;
use time::UtcOffset;
use time::macros::format_description;

use crate::audit;
use crate::audit::Filter;
use crate::audit::Log;
use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Env;
use crate::config::Paths;
use crate::runtime;
use crate::runtime::Printed;
use crate::text::Clean;

/// Records that are listed where nothing else is said.
const LAST: usize = 50;

/// The longest line of the table, in graphemes.
const LINE_MAX: usize = 240;

/// The longest line of what -v adds.
const DETAIL_MAX: usize = 600;

/// Show what was decided, why, and what came of it
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command of `audit`.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List decisions, oldest first; no word of a conversation is among them
    ///
    /// With -v all that is recorded of each: every route that was weighed, what was known of the
    /// endpoints and of this device, what happened on the way, what it cost.
    List(List),
}

/// Which decisions are listed.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only of the session whose id begins like this
    #[arg(long = "of", value_name = "ID")]
    pub of: Option<String>,
    /// Only on this route: local, remote, remote:NAME
    #[arg(long, value_name = "ROUTE")]
    pub route: Option<String>,
    /// Only of the last hours
    #[arg(long, value_name = "N")]
    pub hours: Option<u32>,
    /// Only those that failed or were interrupted
    #[arg(long)]
    pub failed: bool,
    /// The newest N [default: 50; 0 for all]
    #[arg(short = 'n', long, value_name = "N")]
    pub last: Option<usize>,
}

/// Does what was asked.
///
/// # Errors
/// The record cannot be read.
pub(super) fn run(cli: &Cli, env: &Env, args: &Args) -> Result<Exit, Fault> {
    let Command::List(list) = &args.command;
    let log = Log::new(&Paths::resolve(env)?.data);
    let hour = |hours: u32| runtime::now().0 - i64::from(hours) * 3_600_000;
    let filter = Filter {
        session: list.of.clone(),
        route: list.route.clone(),
        since_ms: list.hours.map(hour),
        failed: list.failed,
        last: Some(list.last.unwrap_or(LAST)).filter(|last| *last > 0),
    };
    let (records, broken) = audit::read(&log, &filter)
        .map_err(|error| Fault::new(format!("cannot read {}: {error}", log.newest().display())))?;
    let stdout = match (cli.common.json, cli.common.verbose) {
        (true, _) => lines(&records),
        (false, verbose) => table(&records, if verbose { details } else { |_| String::new() }),
    };
    let mut stderr = String::new();
    if records.is_empty() && !cli.common.json {
        stderr.push_str("no decision is recorded\n");
    }
    if broken > 0 {
        writeln!(stderr, "{broken} lines are no records").ok();
    }
    super::print(&Printed { stdout, stderr });
    Ok(Exit::Answered)
}

fn lines(records: &[Value]) -> String {
    records.iter().fold(String::new(), |mut text, record| {
        writeln!(text, "{record}").ok();
        text
    })
}

fn table(records: &[Value], more: fn(&Value) -> String) -> String {
    if records.is_empty() {
        return String::new();
    }
    let heading = format!(
        "{:19}  {:8}  {:16}  {:>8}  {:>8}  {:>6}  {:>8}  {:>8}  {:12}  REASON\n",
        "TIME", "SESSION", "ROUTE", "TTFT", "PREDICT", "OUT", "SENT", "GOT", "END"
    );
    records.iter().fold(heading, |mut text, record| {
        text.push_str(&row(record));
        text.push_str(&more(record));
        text
    })
}

fn row(record: &Value) -> String {
    let words = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let ms = |value: &Value| value.as_f64().map_or("-".to_owned(), |ms| format!("{ms:.0} ms"));
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let actual = &record["actual"];
    let bytes = |value: &Value| value.as_u64().map_or("-".to_owned(), |bytes| bytes.to_string());
    let chosen = words(&record["chosen"]);
    let candidates = record["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let promised = candidates.iter().find(|candidate| candidate["route"] == record["chosen"]);
    let line = format!(
        "{:19}  {:8}  {:16}  {:>8}  {:>8}  {:>6}  {:>8}  {:>8}  {:12}  {}",
        time(record["ts_ms"].as_i64().unwrap_or(0)),
        // The newest part of an id that sorts by time tells two sessions of one day apart.
        words(&record["session"]).chars().take(8).collect::<String>(),
        chosen,
        ms(&actual["ttft_ms"]),
        promised.map_or("-".to_owned(), |promised| ms(&promised["ttft_ms"])),
        count(&actual["tokens_out"]),
        bytes(&actual["bytes_up"]),
        bytes(&actual["bytes_down"]),
        words(&actual["finish"]),
        words(&record["reason"]),
    );
    Clean::one_line(&line, LINE_MAX).into_string() + "\n"
}

/// Returns the rest of a record, in lines of name and value behind what they belong to. What is not
/// known is left out; times are in ms.
fn details(record: &Value) -> String {
    let entries = |key: &str| record[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let turn = [
        "id", "profile", "mode", "priority", "pinned", "privacy", "consent", "previous", "why",
        "slo_met",
    ];
    let of_turn: Vec<_> = turn.iter().map(|key| ((*key).to_owned(), &record[*key])).collect();
    let mut text = detail("turn", of_turn);
    for (name, key) in [("weighed", "candidates"), ("known", "net"), ("then", "events")] {
        for entry in entries(key) {
            text.push_str(&detail(name, fields(entry)));
        }
    }
    for (name, key) in
        [("change", "switch"), ("device", "device"), ("prompt", "probe"), ("came", "actual")]
    {
        text.push_str(&detail(name, fields(&record[key])));
    }
    text
}

fn fields(entry: &Value) -> Vec<(String, &Value)> {
    let fields = entry.as_object().into_iter().flatten();
    fields.map(|(key, value)| (key.clone(), value)).collect()
}

fn detail(name: &str, fields: Vec<(String, &Value)>) -> String {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    let words: Vec<String> = known
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("{key} {text}"),
            None => format!("{key} {value}"),
        })
        .collect();
    if words.is_empty() {
        return String::new();
    }
    let line = format!("    {name:8} {}", words.join(", "));
    Clean::one_line(&line, DETAIL_MAX).into_string() + "\n"
}

/// Words a moment in local time, or in UTC where the offset is not known.
fn time(ms: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let moment = OffsetDateTime::from_unix_timestamp(ms / 1000);
    let local = moment.map(|moment| {
        moment.to_offset(UtcOffset::local_offset_at(moment).unwrap_or(UtcOffset::UTC))
    });
    local.ok().and_then(|moment| moment.format(&format).ok()).unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_clean_and_says_where_and_why() {
        let record = json!({
            "ts_ms": 0, "session": "0123456789abcdef", "chosen": "remote:lan",
            "reason": "auto: \u{1b}[31mbecause",
            "candidates": [{"route": "local", "ttft_ms": 9.0}, {"route": "remote:lan", "ttft_ms": 400.0}],
            "actual": {"ttft_ms": 412.3, "tokens_out": 7, "bytes_up": 1024, "bytes_down": 20480, "finish": "end_of_turn"},
        });
        let row = row(&record);
        let figures = ["412 ms", "400 ms", " 1024 ", " 20480 "];
        for word in ["01234567 ", "remote:lan", "end_of_turn", "because"].into_iter().chain(figures)
        {
            assert!(row.contains(word), "{word} in {row}");
        }
        assert!(!row.contains('\u{1b}'));
        assert!(table(&[], details).is_empty());
    }

    #[test]
    fn the_rest_of_a_record_is_told_line_by_line() {
        let record = json!({
            "priority": "interactive", "consent": "asked", "why": "this_turn", "pinned": false,
            "candidates": [{"route": "local", "rejected": "memory", "ttft_ms": null}],
            "net": [{"endpoint": "lan", "breaker": "half_open", "trouble": "gone\u{1b}[2J"}],
            "events": [{"kind": "threads", "threads": 1, "t_ms": 12.5}],
            "actual": {"cost_micros": 12, "tbt_q95_ms": 40.0},
        });
        let told = details(&record);
        for line in [
            "    turn     priority interactive, pinned false, consent asked, why this_turn",
            "    weighed  route local, rejected memory",
            "    known    endpoint lan, breaker half_open, trouble gone",
            "    then     kind threads, threads 1, t_ms 12.5",
            "    came     cost_micros 12, tbt_q95_ms 40.0",
        ] {
            assert!(told.lines().any(|told| told.starts_with(line)), "{line} in\n{told}");
        }
        assert!(!told.contains('\u{1b}') && !told.contains("null"));
        assert_eq!(details(&json!({})), "");
    }

    #[test]
    fn what_is_missing_is_a_dash() {
        assert!(row(&json!({})).contains(" - "));
        assert_eq!(lines(&[json!({"v": 1})]), "{\"v\":1}\n");
    }
}
