//! `--schema`: what an answer has to look like, held against it in the end.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::chat::Constraint;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::StopReason;

/// The largest schema: far more than a person writes, far less than a grammar takes seconds for.
const BYTES_MAX: u64 = 256 * 1024;

/// A JSON schema from a file.
#[derive(Debug)]
pub(super) struct Schema {
    text: String,
    validator: Validator,
}

impl Schema {
    /// Reads a schema; nothing that it refers to is fetched.
    ///
    /// # Errors
    /// The file cannot be read, or is no JSON schema.
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let name = path.display();
        let usage = |message: String| Fault::new(message).kind(FaultKind::Usage);
        let text = text(path).map_err(|error| usage(format!("cannot read {name}: {error}")))?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| usage(format!("{name} is no JSON: {error}")))?;
        let validator = jsonschema::validator_for(&value)
            .map_err(|error| usage(format!("{name} is no JSON schema: {error}")))?;
        Ok(Self { text, validator })
    }

    /// Returns what the backend is to enforce.
    pub(super) fn constraint(&self) -> Constraint {
        Constraint::JsonSchema(self.text.clone())
    }

    /// Holds an answer against the schema, whatever the backend has enforced. Returns its end when
    /// that is another one than `reason`: an answer that does not match is none.
    pub(super) fn judge(&self, reason: &StopReason, answer: &str) -> Option<StopReason> {
        let cut = match reason {
            StopReason::EndOfTurn | StopReason::Stop => "",
            StopReason::Length => ", cut short by the limit on its tokens,",
            StopReason::ContextFull => ", cut short by the end of the context,",
            StopReason::Cancelled | StopReason::Interrupted(_) | StopReason::Failed(_) => {
                return None;
            }
        };
        let wrong = match serde_json::from_str::<Value>(answer) {
            Ok(value) => self.validator.validate(&value).err().map(|error| error.to_string()),
            Err(error) => Some(format!("no JSON: {error}")),
        };
        let message = format!("the answer{cut} does not match the schema: {}", wrong?);
        Some(StopReason::Failed(Fault::new(message).kind(FaultKind::Schema)))
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("longer than {} KiB", BYTES_MAX / 1024)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(text: &str) -> Result<Schema, Fault> {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("s.json");
        std::fs::write(&file, text).expect("a file");
        Schema::read(&file)
    }

    #[test]
    fn a_file_that_is_no_schema_is_refused() {
        let table = [
            ("", "is no JSON: "),
            ("{", "is no JSON: "),
            ("[1]", "is no JSON schema: "),
            (r#"{"type": "strnig"}"#, "is no JSON schema: "),
            (r#"{"minLength": -1}"#, "is no JSON schema: "),
            (r#"{"$ref": "https://example.invalid/s.json"}"#, "is no JSON schema: "),
        ];
        for (text, words) in table {
            let fault = schema(text).expect_err(text);
            assert!(fault.message.contains(words), "{text}: {}", fault.message);
            assert_eq!(fault.kind, FaultKind::Usage);
        }
        let missing = Schema::read(Path::new("/nowhere/s.json")).expect_err("no file");
        assert!(missing.message.starts_with("cannot read /nowhere/s.json: "));
        let long = schema(&" ".repeat(300 * 1024)).expect_err("too long");
        assert!(long.message.ends_with("longer than 256 KiB"), "{}", long.message);
    }

    #[test]
    fn an_answer_that_does_not_match_is_none_however_it_ended() {
        let schema = schema(r#"{"type": "object", "required": ["a"]}"#).expect("a schema");
        let judged = |reason: &StopReason, answer: &str| {
            let judged = schema.judge(reason, answer)?;
            let fault = judged.fault().expect("a fault");
            assert_eq!(fault.kind, FaultKind::Schema);
            Some(fault.message.clone())
        };
        assert_eq!(judged(&StopReason::EndOfTurn, " {\"a\": 1}\n"), None);
        assert_eq!(judged(&StopReason::Length, "{\"a\": 1}"), None, "it is whole");
        let cut = judged(&StopReason::Length, "{\"a\": ").expect("cut short");
        assert!(cut.contains("cut short by the limit on its tokens"), "{cut}");
        let other = judged(&StopReason::EndOfTurn, "{\"b\": 1}").expect("another");
        assert!(other.starts_with("the answer does not match the schema: "), "{other}");
        assert_eq!(judged(&StopReason::Cancelled, "{"), None);
        assert_eq!(judged(&StopReason::Failed(Fault::new("x")), ""), None);
    }
}
