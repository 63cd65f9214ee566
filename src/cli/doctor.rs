//! `doctor`: what is as it should be and what is not, a line each, with what to do about it.

mod build;
mod configuration;
mod device;
mod endpoints;
mod models;
mod terminal;

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Env;
use crate::runtime::Printed;
use crate::text::Clean;

/// The longest line of the table, in graphemes.
const LINE_MAX: usize = 200;

/// What a check came to, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It cannot be told: not fine, and nothing that went wrong.
    Unknown,
    /// It works, and might work better.
    Warning,
    /// It does not work.
    Failure,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Check {
    /// Its name in machine-readable output, like `cpu_wait`.
    pub(super) key: String,
    /// What was checked, for people.
    pub(super) name: String,
    /// What it came to.
    pub(super) verdict: Verdict,
    /// What was found, for people; may be empty.
    pub(super) found: String,
    /// What was found, for programs; null where it is not known.
    pub(super) value: Value,
    /// Where it was found, if that is not plain.
    pub(super) source: Option<String>,
    /// What can be done, if anything.
    pub(super) hint: Option<String>,
}

/// What a section may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) env: &'a Env,
}

/// Makes the lines of one section.
type Section = fn(Ground<'_>) -> Vec<Check>;

/// The sections in the order they are shown. A new one is a line here and a file below.
const SECTIONS: [(&str, Section); 6] = [
    ("device", device::checks),
    ("build", build::checks),
    ("configuration", configuration::checks),
    ("endpoints", endpoints::checks),
    ("models", models::checks),
    ("terminal", terminal::checks),
];

/// Checks everything and prints a report; any failure in it is exit code 1.
pub(super) fn run(cli: &Cli, env: &Env) -> Exit {
    let ground = Ground { env };
    let report = SECTIONS.map(|(section, checks)| (section, checks(ground)));
    let stdout = if cli.common.json { lines(&report) } else { table(&report) };
    super::print(&Printed { stdout, stderr: String::new() });
    let worst = report.iter().flat_map(|(_, checks)| checks).map(|check| check.verdict).max();
    if worst == Some(Verdict::Failure) { Exit::Failed } else { Exit::Answered }
}

fn table(report: &[(&str, Vec<Check>)]) -> String {
    let mut text = String::new();
    for (section, checks) in report {
        writeln!(text, "{section}").ok();
        for check in checks {
            let source = check.source.as_ref().map(|source| format!("  ({source})"));
            let line = format!(
                "  {:8} {:26} {}{}",
                check.verdict.name(),
                check.name,
                check.found,
                source.unwrap_or_default()
            );
            let hint = check.hint.as_ref().map(|hint| format!("           hint: {hint}"));
            for line in std::iter::once(line).chain(hint) {
                let indent = line.len() - line.trim_start().len();
                let clean = Clean::one_line(line.trim(), LINE_MAX);
                writeln!(text, "{:indent$}{}", "", clean.as_str()).ok();
            }
        }
    }
    text
}

fn lines(report: &[(&str, Vec<Check>)]) -> String {
    let mut text = String::new();
    for (section, checks) in report {
        for check in checks {
            let object = json!({
                "v": 1, "type": "check", "section": section, "key": check.key,
                "verdict": check.verdict.name(), "value": check.value, "found": check.found,
                "source": check.source, "hint": check.hint,
            });
            writeln!(text, "{object}").ok();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_table_or_a_line_each() {
        let check = Check {
            key: "cpu_wait".into(),
            name: "CPU wait".into(),
            verdict: Verdict::Warning,
            found: "41 %\u{1b}[31m".into(),
            value: json!(0.41),
            source: Some("/proc".into()),
            hint: Some("wait".into()),
        };
        let report = [("device", vec![check])];
        let text = table(&report);
        let wanted =
            "device\n  warning  CPU wait                   41 %  (/proc)\n           hint: wait\n";
        assert_eq!(text, wanted);
        let object: Value = serde_json::from_str(&lines(&report)).expect("one line of JSON");
        assert_eq!(object["verdict"], "warning");
        assert_eq!(object["value"], 0.41);
        assert!(Verdict::Failure > Verdict::Warning && Verdict::Unknown > Verdict::Ok);
    }
}
