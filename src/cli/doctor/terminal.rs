//! What the terminal can show.

use std::io;
use std::io::IsTerminal as _;

use serde_json::json;

use super::Check;
use super::Ground;
use super::Verdict;
use crate::config::Env;

/// Checks the terminal, as far as the environment tells of it.
pub(super) fn checks(ground: Ground<'_>) -> Vec<Check> {
    let check = |key: &str, name: &str, verdict, found: String, hint: Option<&str>| Check {
        key: key.into(),
        name: name.into(),
        verdict,
        value: json!(found),
        found,
        source: None,
        hint: hint.map(str::to_owned),
    };
    let env = ground.env;
    let both = io::stdin().is_terminal() && io::stdout().is_terminal();
    let place = if both { "stdin and stdout" } else { "none: the chat needs one" };
    let verdict = if both { Verdict::Ok } else { Verdict::Unknown };
    let term = text(env, "TERM").unwrap_or_default();
    let (kind, hint) = match term.as_str() {
        "" | "dumb" => (Verdict::Warning, Some("set TERM to what your terminal is")),
        _ => (Verdict::Ok, None),
    };
    let (utf8, utf8_hint) = if is_utf8(env) {
        (Verdict::Ok, None)
    } else {
        (Verdict::Warning, Some("set LANG to a language with .UTF-8 at its end"))
    };
    let locale = locale(env).unwrap_or_else(|| "not said".to_owned());
    vec![
        check("terminal", "terminal", verdict, place.to_owned(), None),
        check("term", "TERM", kind, if term.is_empty() { "not set".into() } else { term }, hint),
        check("colors", "colours", Verdict::Ok, colors(env).to_owned(), None),
        check("utf8", "UTF-8", utf8, locale, utf8_hint),
    ]
}

fn text(env: &Env, name: &str) -> Option<String> {
    env.get(name).map(|value| value.to_string_lossy().into_owned())
}

fn colors(env: &Env) -> &'static str {
    let term = text(env, "TERM").unwrap_or_default();
    if env.get("NO_COLOR").is_some() {
        return "none: NO_COLOR is set";
    }
    match text(env, "COLORTERM").as_deref() {
        Some("truecolor" | "24bit") => "16 million",
        _ if term.contains("256color") => "256",
        _ => "16",
    }
}

/// The variable that counts: POSIX asks `LC_ALL`, then `LC_CTYPE`, then `LANG`.
fn locale(env: &Env) -> Option<String> {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| text(env, name))
}

fn is_utf8(env: &Env) -> bool {
    let locale = locale(env).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_says_is_what_is_told() {
        let table = [
            (&[("TERM", "xterm-256color"), ("LANG", "de_DE.UTF-8")][..], "256", true),
            (
                &[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("LC_ALL", "C")],
                "16 million",
                false,
            ),
            (
                &[("NO_COLOR", "1"), ("LC_ALL", "C.utf8"), ("LANG", "C")],
                "none: NO_COLOR is set",
                true,
            ),
            (&[], "16", false),
        ];
        for (pairs, expected, utf8) in table {
            let env = Env::from_pairs(pairs.iter().copied());
            assert_eq!((colors(&env), is_utf8(&env)), (expected, utf8), "{pairs:?}");
        }
    }
}
