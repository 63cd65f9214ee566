//! `keys.toml`: which keys do what, as it is written.
//!
//! ```toml
//! [keys]                   # everywhere
//! new-session = "ctrl-t"   # a key, or a list of them; [] takes it away
//!
//! [reading]                # while the transcript has the keys
//! copy = ["y", "c"]
//! ```
//!
//! Never: what an action or a key is; the chat knows that.

use std::path::Path;

use crate::config::ConfigError;
use crate::config::Place;
use crate::config::source::Source;
use crate::config::source::Table;
use crate::config::value;

/// The longest file that is read, in bytes.
const MAX: u64 = 256 * 1024;

/// One line: an action and its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// Whether it is about the transcript having the keys.
    pub reading: bool,
    /// The action as written.
    pub action: String,
    /// The keys as written.
    pub keys: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// Reads a file of keys; nothing where there is none.
///
/// # Errors
/// It cannot be read, is no TOML, or has something else in it than actions and keys.
pub fn read_keys(path: &Path) -> Result<Vec<KeyLine>, ConfigError> {
    match read_small(path)? {
        Some(text) => parse(&path.display().to_string(), &text),
        None => Ok(Vec::new()),
    }
}

/// Reads a small file of the user's; `None` where there is none.
///
/// # Errors
/// It cannot be read, is too long, or is not UTF-8.
pub fn read_small(path: &Path) -> Result<Option<String>, ConfigError> {
    let cannot = |why: &str| ConfigError::new(format!("cannot read {}: {why}", path.display()));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(&error.to_string())),
        Ok(meta) if !meta.is_file() => return Err(cannot("it is no file")),
        Ok(meta) if meta.len() > MAX => return Err(cannot("it is longer than 256 KiB")),
        Ok(_) => {}
    }
    std::fs::read_to_string(path).map(Some).map_err(|error| cannot(&error.to_string()))
}

fn parse(file: &str, text: &str) -> Result<Vec<KeyLine>, ConfigError> {
    let source = Source::new(file, text);
    let parsed = source.parse()?;
    let mut root = Table::root(&source, parsed.get_ref());
    let mut lines = Vec::new();
    for (name, reading) in [("keys", false), ("reading", true)] {
        if let Some(table) = root.table(name)? {
            for (action, at) in table.into_values(value::names)? {
                lines.push(KeyLine { reading, action, keys: at.value, place: at.place });
            }
        }
    }
    root.end()?;
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_action_and_its_keys() {
        let text =
            "[keys]\nnew-session = \"ctrl-t\"\nraw = []\n\n[reading]\ncopy = [\"y\", \"c\"]\n";
        let lines = parse("keys.toml", text).expect("a file");
        let read: Vec<_> = lines
            .iter()
            .map(|it| (it.reading, it.action.as_str(), it.keys.join(" "), it.place.line))
            .collect();
        let wanted = [
            (false, "new-session", "ctrl-t".to_owned(), 2),
            (false, "raw", String::new(), 3),
            (true, "copy", "y c".to_owned(), 6),
        ];
        assert_eq!(read, wanted);
    }

    #[test]
    fn anything_else_is_named_with_its_place() {
        for (text, words) in [
            ("[keys]\nnew-session = 7", "keys.toml:2:15: `new-session` in [keys] must be"),
            ("[key]\na = \"b\"", "keys.toml:1:2: unknown key `key`"),
            ("[keys\n", "keys.toml:1:"),
        ] {
            let error = parse("keys.toml", text).expect_err(text).to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
