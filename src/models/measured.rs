//! What models did on this machine when they were measured: kept in the cache, for the list.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::config::Paths;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::models::workshop::Doing;
use crate::models::workshop::Workshop;

/// The largest record that is read: some thousands of models.
const BYTES_MAX: u64 = 4 << 20;

/// What a model did on this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Milliseconds to load it.
    pub load_ms: f64,
    /// Prompt tokens evaluated per second.
    pub prefill_tps: f64,
    /// Tokens decoded per second.
    pub decode_tps: f64,
    /// The perplexity on the text.
    pub perplexity: f64,
    /// Over how many tokens.
    pub tokens: u64,
}

impl Measured {
    fn of(value: &Value) -> Option<Self> {
        let number = |key: &str| value[key].as_f64().filter(|number| number.is_finite());
        Some(Self {
            load_ms: number("load_ms")?,
            prefill_tps: number("prefill_tps")?,
            decode_tps: number("decode_tps")?,
            perplexity: number("perplexity")?,
            tokens: value["tokens"].as_u64()?,
        })
    }

    /// Returns it as an object of JSON.
    pub fn object(&self) -> Value {
        let Self { load_ms, prefill_tps, decode_tps, perplexity, tokens } = self;
        json!({
            "load_ms": load_ms, "prefill_tps": prefill_tps, "decode_tps": decode_tps,
            "perplexity": perplexity, "tokens": tokens,
        })
    }
}

/// Measures a model in a child process, on a file with text or else on a text of our own, and keeps
/// what came of that text for the list. Takes seconds and the memory of the model.
///
/// # Errors
/// [`ModelError::Stopped`] where `doing` says so, [`ModelError::Bad`] where it cannot be loaded or
/// the text is too short.
pub fn measure(
    file: &ModelFile,
    text: Option<&Path>,
    paths: &Paths,
    workshop: &Workshop,
    doing: Doing<'_>,
) -> Result<Measured, ModelError> {
    let words = text.map_or(OsStr::new(""), Path::as_os_str);
    let words = [OsStr::new("measure"), file.path.as_os_str(), words];
    let word = workshop.run(&words, doing)?;
    let measured = Measured::of(&word["measured"]).ok_or_else(|| ModelError::Bad {
        message: format!("{}: measured without a result", file.path.display()),
    })?;
    // A list without it is no harm.
    keep(paths, &file.path, identity(file), &measured).ok();
    Ok(measured)
}

/// Returns what a model did when it was last measured here, if the file is still the same.
pub fn measured(paths: &Paths, file: &ModelFile) -> Option<Measured> {
    look_up(paths, &file.path, &identity(file))
}

fn look_up(paths: &Paths, path: &Path, identity: &Value) -> Option<Measured> {
    let record = read(&record(paths))?;
    let entry = record.get(&*path.to_string_lossy())?;
    (entry["identity"] == *identity).then(|| Measured::of(entry))?
}

fn record(paths: &Paths) -> PathBuf {
    paths.cache.join("measured.json")
}

fn read(path: &Path) -> Option<Map<String, Value>> {
    if path.metadata().ok()?.len() > BYTES_MAX {
        return None;
    }
    serde_json::from_str::<Value>(&fs::read_to_string(path).ok()?).ok()?.as_object().cloned()
}

/// What tells the file from a later one of the same name.
fn identity(file: &ModelFile) -> Value {
    let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    json!([file.total_bytes, since(file.modified)])
}

fn keep(paths: &Paths, path: &Path, identity: Value, measured: &Measured) -> std::io::Result<()> {
    let record = record(paths);
    let mut all = read(&record).unwrap_or_default();
    // What is gone needs no entry.
    all.retain(|path, _| Path::new(path).exists());
    let mut entry = measured.object();
    entry["identity"] = identity;
    all.insert(path.to_string_lossy().into_owned(), entry);
    crate::config::replace(&record, format!("{}\n", Value::Object(all)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_that_of_the_same_file_only() {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths { cache: home.path().join("cache"), ..Paths::default() };
        let here = home.path().join("m.gguf");
        fs::write(&here, "x").expect("a file");
        let (one, other) = (json!([7, 0]), json!([8, 0]));
        assert_eq!(look_up(&paths, &here, &one), None);
        let found = Measured {
            load_ms: 1.5,
            prefill_tps: 400.0,
            decode_tps: 100.0,
            perplexity: 20.0,
            tokens: 300,
        };
        keep(&paths, &here, one.clone(), &found).expect("kept");
        assert_eq!(look_up(&paths, &here, &one), Some(found));
        assert_eq!(look_up(&paths, &here, &other), None, "another file of that name");
        fs::write(record(&paths), "no JSON").expect("a file");
        assert_eq!(look_up(&paths, &here, &one), None);
        keep(&paths, &here, one.clone(), &found).expect("kept over what is damaged");
        assert_eq!(look_up(&paths, &here, &one), Some(found));
        // What is gone is forgotten with the next one.
        let more = home.path().join("n.gguf");
        fs::write(&more, "x").expect("a file");
        fs::remove_file(&here).expect("gone");
        keep(&paths, &more, other, &found).expect("kept");
        assert_eq!(look_up(&paths, &here, &one), None);
    }
}
