//! The JSON Schema of `config.toml`, for editors that complete and check it.
//!
//! Never: reading; an editor's opinion does not replace the reader's.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::config::keys::ANY;
use crate::config::keys::KEYS;
use crate::config::keys::Key;
use crate::config::keys::Takes;

/// Durations of `duration::parse`: whole numbers with units.
const SPAN: &str = "^\\s*([0-9]+(ms|s|m|h|d))+\\s*$";

/// Languages as tags name them; their reader knows more of what can follow the first part.
const LANGUAGE: &str = "^([A-Za-z]{2,3}|[A-Za-z]{5,8}|auto)([-_][A-Za-z0-9]{2,8})*$";

/// Returns the schema, draft 2020-12, pretty-printed and with a newline at its end.
pub fn schema() -> String {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "edgewise's config.toml",
    });
    fill(&mut root, "");
    let mut text = format!("{root:#}");
    text.push('\n');
    text
}

/// Adds the keys right below `path` to the schema of a table.
fn fill(table: &mut Value, path: &str) {
    let mut properties = Map::new();
    let mut additional = Value::Bool(false);
    for key in KEYS {
        let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        if parent != path {
            continue;
        }
        let value = describe(key);
        if name == ANY {
            additional = value;
        } else {
            properties.insert(name.to_owned(), value);
        }
    }
    table["type"] = "object".into();
    if !properties.is_empty() {
        table["properties"] = properties.into();
    }
    if path == "endpoints.*" {
        table["required"] = json!(["protocol", "base_url"]);
    }
    table["additionalProperties"] = additional;
}

fn describe(key: &Key) -> Value {
    let texts = || json!({ "type": "array", "items": { "type": "string", "minLength": 1 } });
    let mut value = match key.takes {
        Takes::Table => {
            let mut table = json!({ "description": key.doc });
            fill(&mut table, key.path);
            return table;
        }
        Takes::Text => json!({ "type": "string" }),
        Takes::Name => json!({ "type": "string", "pattern": "\\S" }),
        Takes::Language => json!({ "type": "string", "pattern": LANGUAGE }),
        Takes::Names => json!({ "anyOf": [{ "type": "string", "pattern": "\\S" }, texts()] }),
        Takes::List => texts(),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Whole(least, most) => whole(least, most),
        Takes::AutoOrWhole(least, most) => {
            json!({ "anyOf": [{ "const": "auto" }, whole(least, most)] })
        }
        Takes::AtLeastZero => json!({ "type": "number", "minimum": 0 }),
        Takes::AboveZero => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Takes::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Takes::Choice(words) => json!({ "enum": words() }),
        Takes::Span => json!({ "type": "string", "pattern": SPAN }),
        Takes::Url => {
            json!({ "type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^@?#\\s]+$" })
        }
        Takes::Headers => json!({
            "type": "array",
            "items": { "type": "string", "pattern": "^\\s*[A-Za-z0-9_.-]+\\s*:[ -~]*$" },
        }),
    };
    value["description"] = key.doc.into();
    value
}

fn whole(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::config::Layer;

    /// Writes a file in which `path` has `value` and everything around it is complete.
    fn file(path: &str, value: &str) -> String {
        let path = path.replace(ANY, "x");
        let (table, key) = path.rsplit_once('.').unwrap_or(("", &path));
        let mut text = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        for (needed, filler) in [("protocol", "\"openai\""), ("base_url", "\"http://h\"")] {
            if table == "endpoints.x" && key != needed {
                writeln!(text, "{needed} = {filler}").expect("a string takes it");
            }
        }
        format!("{text}{key} = {value}\n")
    }

    fn taken(path: &str, value: &str) -> bool {
        Layer::parse("f", &file(path, value)).is_ok()
    }

    #[test]
    fn every_key_takes_what_the_table_says_and_nothing_beside_it() {
        for Key { path, takes, .. } in KEYS {
            let whole = |least: &i64, most: &i64| {
                let good = vec![least.to_string(), most.to_string()];
                let bad = vec![(least - 1).to_string(), (most + 1).to_string(), "1.5".to_owned()];
                (good, bad)
            };
            let all = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
            let (good, bad): (Vec<String>, Vec<String>) = match takes {
                Takes::Table => continue,
                Takes::Text => (all(&["\"a\"", "\"\""]), all(&["1", "[]"])),
                Takes::Name => (all(&["\"a\""]), all(&["\" \"", "1"])),
                Takes::Language => {
                    let good = ["\"auto\"", "\"de\"", "\"pt-BR\"", "\"zh_Hant_TW\""];
                    (all(&good), all(&["\"\"", "\"a\"", "\"../de\"", "\"de/x\"", "1"]))
                }
                Takes::Names => (all(&["\"a\"", "[\"a\", \"b\"]"]), all(&["\" \"", "[\"\"]", "1"])),
                Takes::List => (all(&["[\"a\"]"]), all(&["[\"\"]", "\"a\"", "[1]"])),
                Takes::Flag => (all(&["true", "false"]), all(&["1", "\"true\""])),
                Takes::Whole(least, most) => whole(least, most),
                Takes::AutoOrWhole(least, most) => {
                    let (mut good, mut bad) = whole(least, most);
                    good.push("\"auto\"".to_owned());
                    bad.push("\"none\"".to_owned());
                    (good, bad)
                }
                Takes::AtLeastZero => (all(&["0", "0.5", "9"]), all(&["-0.1", "\"0\"", "nan"])),
                Takes::AboveZero => (all(&["0.1", "9"]), all(&["0", "-1", "inf"])),
                Takes::Share => (all(&["0", "0.5", "1"]), all(&["-0.1", "1.1"])),
                Takes::Choice(words) => (
                    words().iter().map(|word| format!("\"{word}\"")).collect(),
                    all(&["\"unheard-of\"", "1"]),
                ),
                Takes::Span => (all(&["\"5m\"", "\"1h30m\""]), all(&["\"5\"", "5", "\"\""])),
                Takes::Url => (
                    all(&["\"http://h\"", "\"HTTPS://h:1/v1\""]),
                    all(&["\"ftp://h\"", "\"http://u@h\"", "\"http://h?q\"", "1"]),
                ),
                Takes::Headers => (
                    all(&["[]", "[\"x-a: b\", \"x-b:\"]"]),
                    all(&["[\"x\"]", "[\"authorization: b\"]", "[\"x y: b\"]", "\"x-a: b\""]),
                ),
            };
            for value in good {
                assert!(taken(path, &value), "{path} = {value} is refused");
            }
            for value in bad {
                assert!(!taken(path, &value), "{path} = {value} is taken");
            }
        }
    }

    #[test]
    fn the_reader_knows_no_key_that_the_table_does_not() {
        for table in KEYS.iter().filter(|key| matches!(key.takes, Takes::Table)) {
            let named = KEYS.iter().any(|key| key.path == format!("{}.*", table.path));
            if named {
                continue;
            }
            let known = known(&format!("{}.", table.path));
            assert_eq!(known, listed(table.path), "[{}]", table.path);
        }
        assert_eq!(known(""), listed(""));
    }

    /// What the reader says that it knows in a table.
    fn known(table: &str) -> BTreeSet<String> {
        let error = Layer::parse("f", &file(&format!("{table}zzzzzzzzzzzzzzzz"), "1"));
        let hint = error.expect_err("no such key").hint.expect("a hint");
        let known = hint.strip_prefix("known here: ").expect("the list").split(", ");
        known.map(str::to_owned).collect()
    }

    fn listed(table: &str) -> BTreeSet<String> {
        let split = |key: &Key| key.path.rsplit_once('.').unwrap_or(("", key.path));
        let below = KEYS.iter().map(split).filter(|(parent, _)| *parent == table);
        below.map(|(_, name)| name.to_owned()).collect()
    }

    #[test]
    fn every_key_is_in_the_documented_example() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/config.toml");
        let example = fs::read_to_string(path).expect("the example");
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words: Vec<&str> = example.split(|c: char| !name(c)).collect();
        for key in KEYS {
            let leaf = key.path.rsplit('.').next().unwrap_or_default();
            assert!(
                leaf == ANY || words.contains(&leaf),
                "{} is not in assets/config.toml",
                key.path
            );
        }
    }

    #[test]
    fn the_published_schema_is_the_one_of_this_program() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/config.schema.json");
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == schema(),
            "assets/config.schema.json is out of date: edgewise config schema > {}",
            path.display()
        );
    }

    #[test]
    fn every_key_is_told_of_in_a_line() {
        for Key { path, doc, .. } in KEYS {
            assert!(!doc.is_empty() && !doc.ends_with('.') && doc.len() < 100, "{path}: {doc}");
        }
    }
}
