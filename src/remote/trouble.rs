//! Why an attempt brought no answer, and what to do about it.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::wire::WireError;
use super::wire::said;
use crate::chat::Constraint;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::net::Headers;
use crate::net::NetError;

/// An attempt that ended before the first token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) fault: Fault,
    pub(super) kind: Kind,
}

/// What an attempt's end says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody is there: another endpoint is the quicker answer.
    Gone,
    /// It may work in a moment.
    Transient,
    /// The endpoint asks for patience, and says for how long or not.
    Limited(Option<Duration>),
    /// It stays like this until somebody changes something.
    Final,
}

impl Kind {
    /// Returns the word for it in records.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Transient => "transient",
            Self::Limited(_) => "limited",
            Self::Final => "refused",
        }
    }
}

impl Trouble {
    /// Names what happened on the way to `endpoint`.
    pub(super) fn net(endpoint: &str, error: NetError) -> Self {
        let kind = match &error {
            NetError::Lookup { .. }
            | NetError::Refused { .. }
            | NetError::Unreachable { .. }
            | NetError::ConnectTimeout { .. } => Kind::Gone,
            other if other.is_transient() => Kind::Transient,
            _ => Kind::Final,
        };
        Self { fault: named(endpoint, error.into()), kind }
    }

    /// Names what is wrong with the stream of `endpoint`.
    pub(super) fn wire(endpoint: &str, error: &WireError) -> Self {
        let kind = match error {
            WireError::Refused { transient: true, .. } => Kind::Transient,
            WireError::Refused { .. } | WireError::Malformed(_) | WireError::Decode(_) => {
                Kind::Final
            }
        };
        Self { fault: named(endpoint, Fault::new(error.to_string())), kind }
    }

    /// Names a refusal: a status, what the headers ask for and what the page says.
    pub(super) fn status(endpoint: &str, status: u16, headers: &Headers, page: &[u8]) -> Self {
        let words = message(page);
        let with = |what: &str| {
            let words = if words.is_empty() { String::new() } else { format!(": {words}") };
            Fault::new(format!("{what} ({status}){words}"))
        };
        let (fault, kind) = match status {
            401 | 403 => (
                with("it does not accept the key")
                    .kind(FaultKind::Usage)
                    .hint("look at what key_env, key_command or the keyring gives"),
                Kind::Final,
            ),
            402 => (with("it wants to be paid first"), Kind::Final),
            404 => (
                with("there is no such model or interface")
                    .kind(FaultKind::Usage)
                    .hint(format!("edgewise endpoints models {endpoint}")),
                Kind::Final,
            ),
            407 => (with("the proxy wants to know who asks"), Kind::Final),
            413 => {
                (with("the conversation is too long for it").kind(FaultKind::TooLong), Kind::Final)
            }
            400 | 422 if is_about_length(&words) => {
                (with("the conversation is too long for it").kind(FaultKind::TooLong), Kind::Final)
            }
            429 => (with("it asks to slow down"), Kind::Limited(retry_after(headers))),
            503 | 529 => {
                let kind = match retry_after(headers) {
                    Some(wait) => Kind::Limited(Some(wait)),
                    None => Kind::Transient,
                };
                (with("it is overloaded"), kind)
            }
            408 | 409 | 500 | 502 | 504 | 520..=599 => (with("it failed"), Kind::Transient),
            _ => (with("it refuses the request"), Kind::Final),
        };
        Self { fault: named(endpoint, fault), kind }
    }

    /// Says what may be the matter where a request was refused that holds the answer to a form.
    pub(super) fn about(mut self, constraint: &Constraint) -> Self {
        let refused = self.kind == Kind::Final && self.fault.kind == FaultKind::Failed;
        if refused && self.fault.hint.is_none() && *constraint != Constraint::Free {
            self.fault.hint = Some(
                "not every endpoint and model holds an answer to this schema; leave --schema out, or \
                 answer on this device with --mode local-only"
                    .to_owned(),
            );
        }
        self
    }

    /// Names what is none of the other things, and stays so.
    pub(super) fn last(endpoint: &str, what: impl Into<String>) -> Self {
        Self { fault: named(endpoint, Fault::new(what)), kind: Kind::Final }
    }
}

/// Puts the endpoint's name before a fault's message.
pub(super) fn named(endpoint: &str, fault: Fault) -> Fault {
    Fault { message: format!("{endpoint}: {}", fault.message), ..fault }
}

/// Finds what an error page says: the message in its JSON, else nothing. A page for people, or one
/// that repeats what it was sent, is not repeated.
fn message(page: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(page) else { return String::new() };
    let error = value.get("error").unwrap_or(&value);
    let text = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
    said(text.unwrap_or_default())
}

/// Tells whether a refusal is about the length of the conversation, in the words of the servers
/// that say it with a status that means anything.
fn is_about_length(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let length = ["context", "too long", "prompt is too", "maximum"];
    words.contains("token") && length.iter().any(|word| words.contains(word))
        || words.contains("context length")
        || words.contains("context size")
}

/// Reads how long is to be waited: milliseconds in some servers' own header, else `retry-after`.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let millis = headers.get("retry-after-ms").and_then(|text| text.trim().parse::<f64>().ok());
    let millis = millis.and_then(|millis| seconds(millis / 1000.0));
    millis.or_else(|| wait(headers.get("retry-after")?, headers.get("date")))
}

/// Makes a wait of a number of seconds; what no clock counts is for ever, and what is no number none.
fn seconds(number: f64) -> Option<Duration> {
    let finite = number.is_finite().then_some(number.max(0.0))?;
    Some(Duration::try_from_secs_f64(finite).unwrap_or(Duration::MAX))
}

/// Reads `retry-after`: seconds, or a date, which is compared with the server's own clock.
fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let text = retry_after.trim();
    if let Ok(number) = text.parse::<f64>() {
        return seconds(number);
    }
    let moment = |text: &str| OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok();
    let left = moment(text)? - moment(date?)?;
    Some(Duration::try_from(left).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_every_form() {
        let date = Some("Mon, 23 Nov 2026 12:00:00 GMT");
        let table = [
            ("5", None, Some(5)),
            (" 0 ", None, Some(0)),
            ("-3", None, Some(0)),
            ("99999999999", None, Some(99_999_999_999)),
            ("Mon, 23 Nov 2026 12:00:07 GMT", date, Some(7)),
            ("Mon, 23 Nov 2026 11:00:00 GMT", date, Some(0)),
            ("Mon, 23 Nov 2026 12:00:07 GMT", None, None),
            ("soon", date, None),
            ("inf", date, None),
            ("nan", date, None),
            ("", date, None),
        ];
        for (text, date, expected) in table {
            assert_eq!(wait(text, date), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(wait("1e300", date), Some(Duration::MAX), "absurd is not absent");
    }

    #[test]
    fn a_page_is_repeated_only_where_it_is_a_message() {
        let says = |page: &str| message(page.as_bytes());
        assert_eq!(says(r#"{"error":{"message":"No.\u001b[2J Really."}}"#), "No. Really");
        assert_eq!(says(r#"{"error":"no model"}"#), "no model");
        assert_eq!(says(r#"{"message":"no"}"#), "no");
        assert_eq!(says("<html>502</html>"), "");
        assert_eq!(says(r#"{"detail":[{"input":"the prompt"}]}"#), "");
    }

    #[test]
    fn a_length_is_told_from_other_refusals() {
        for text in [
            "This model's maximum context length is 8192 tokens",
            "the request exceeds the available context size, try increasing it",
            "prompt is too long: 210000 tokens > 200000 maximum",
        ] {
            assert!(is_about_length(text), "{text}");
        }
        assert!(!is_about_length("max_tokens must be positive"));
        assert!(!is_about_length("invalid temperature"));
    }
}
