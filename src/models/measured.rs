//! What models did on this machine, when they were measured and in use: kept in the cache, for the list.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::config::Paths;
use crate::device;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::models::workshop::Doing;
use crate::models::workshop::Workshop;

/// The largest record that is read: some thousands of models.
const BYTES_MAX: u64 = 4 << 20;

/// The least share that the newest turn has in an average.
const NEWEST_SHARE: f64 = 0.2;

/// What a model did on this machine when it was measured.
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

/// How fast one turn went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speed {
    /// Prompt tokens evaluated per second; `None` for too few to tell.
    pub prefill_tps: Option<f64>,
    /// Tokens decoded per second; `None` for too few to tell.
    pub decode_tps: Option<f64>,
}

/// How fast a model is in use on this machine: an average in which older turns count less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// The rates.
    pub speed: Speed,
    /// Over how many turns.
    pub turns: u64,
}

impl Used {
    fn of(entry: &Value) -> Option<Self> {
        let used = entry.get("used").filter(|used| used["machine"] == *machine())?;
        let number = |key: &str| used[key].as_f64().filter(|number| number.is_finite());
        let speed = Speed { prefill_tps: number("prefill_tps"), decode_tps: number("decode_tps") };
        Some(Self { speed, turns: used["turns"].as_u64()? })
    }

    /// Returns it as an object of JSON.
    pub fn object(&self) -> Value {
        let Self { speed: Speed { prefill_tps, decode_tps }, turns } = self;
        json!({ "prefill_tps": prefill_tps, "decode_tps": decode_tps, "turns": turns })
    }

    /// Counts one more turn: the first ones alike, later ones for a share of their own.
    fn and(self, turn: Speed) -> Self {
        let turns = self.turns.saturating_add(1);
        let share = (1.0 / turns as f64).max(NEWEST_SHARE);
        let mean = |old: Option<f64>, new: Option<f64>| match (old, new) {
            (Some(old), Some(new)) => Some(old + (new - old) * share),
            (old, new) => new.or(old),
        };
        let speed = Speed {
            prefill_tps: mean(self.speed.prefill_tps, turn.prefill_tps),
            decode_tps: mean(self.speed.decode_tps, turn.decode_tps),
        };
        Self { speed, turns }
    }
}

/// Where the rates of one model in use are kept; the default is nowhere.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    record: PathBuf,
    path: PathBuf,
    identity: Value,
}

impl Meter {
    /// Makes one for a model; nothing is read or written.
    pub fn of(paths: &Paths, file: &ModelFile) -> Self {
        Self { record: record(paths), path: file.path.clone(), identity: identity(file) }
    }

    /// Counts a turn. Takes a fraction of a millisecond, and nothing is synced: what a power cut
    /// takes of it is counted again soon. Of two programs that do so at once, one may be lost.
    ///
    /// # Errors
    /// It cannot be written; then it is not counted, which harms nothing.
    pub fn count(&self, turn: Speed) -> std::io::Result<()> {
        change(&self.record, &self.path, &self.identity, |entry| {
            let mut used = Used::of(entry).unwrap_or_default().and(turn).object();
            used["machine"] = machine().into();
            entry["used"] = used;
        })
    }
}

/// Returns how fast a model was in use here, if the file is still the same.
pub fn used(paths: &Paths, file: &ModelFile) -> Option<Used> {
    let record = read(&record(paths))?;
    let entry = record.get(&*file.path.to_string_lossy())?;
    (entry["identity"] == identity(file)).then(|| Used::of(entry))?
}

/// Returns how many tokens a second a model gives here: in use, or when it was measured.
pub fn speed(paths: &Paths, file: &ModelFile) -> Option<f64> {
    let in_use = used(paths, file).and_then(|used| used.speed.decode_tps);
    in_use.or_else(|| measured(paths, file).map(|measured| measured.decode_tps))
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
    keep(paths, &file.path, &identity(file), &measured).ok();
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

fn keep(paths: &Paths, path: &Path, identity: &Value, measured: &Measured) -> std::io::Result<()> {
    change(&record(paths), path, identity, |entry| {
        if let (Some(entry), Value::Object(measured)) = (entry.as_object_mut(), measured.object()) {
            entry.extend(measured);
        }
    })
}

/// Changes what is kept of a file; what is known of another one of its name is not kept.
fn change(
    record: &Path,
    path: &Path,
    identity: &Value,
    change: impl FnOnce(&mut Value),
) -> std::io::Result<()> {
    let mut all = read(record).unwrap_or_default();
    // What is gone needs no entry.
    all.retain(|path, _| Path::new(path).exists());
    let name = path.to_string_lossy().into_owned();
    let same = all.remove(&name).filter(|entry| entry["identity"] == *identity);
    let mut entry = same.unwrap_or_else(|| json!({ "identity": identity }));
    change(&mut entry);
    all.insert(name, entry);
    crate::config::swap(record, format!("{}\n", Value::Object(all)).as_bytes())
}

/// Returns what tells this machine from others that have the same cache directory.
fn machine() -> String {
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let hash = Sha256::digest(format!("{} {}", id.trim(), device::cores().physical));
    hash.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
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
        keep(&paths, &here, &one, &found).expect("kept");
        assert_eq!(look_up(&paths, &here, &one), Some(found));
        assert_eq!(look_up(&paths, &here, &other), None, "another file of that name");
        fs::write(record(&paths), "no JSON").expect("a file");
        assert_eq!(look_up(&paths, &here, &one), None);
        keep(&paths, &here, &one, &found).expect("kept over what is damaged");
        assert_eq!(look_up(&paths, &here, &one), Some(found));
        // What is gone is forgotten with the next one.
        let more = home.path().join("n.gguf");
        fs::write(&more, "x").expect("a file");
        fs::remove_file(&here).expect("gone");
        keep(&paths, &more, &other, &found).expect("kept");
        assert_eq!(look_up(&paths, &here, &one), None);
    }

    #[test]
    fn turns_are_averaged_and_older_ones_fade() {
        let turn = |decode_tps| Speed { prefill_tps: None, decode_tps: Some(decode_tps) };
        let after =
            |turns: &[f64]| turns.iter().fold(Used::default(), |used, at| used.and(turn(*at)));
        let decode = |used: Used| used.speed.decode_tps.expect("a rate");
        assert!((decode(after(&[10.0, 20.0, 30.0])) - 20.0).abs() < 1e-9, "the first count alike");
        let changed = [&[100.0; 50][..], &[50.0; 10]].concat();
        let faded = decode(after(&changed));
        assert!((50.0..56.0).contains(&faded), "ten turns later the old ones are a tenth: {faded}");
        let mut used = after(&[10.0]);
        used = used.and(Speed { prefill_tps: Some(300.0), decode_tps: None });
        assert_eq!((used.speed.decode_tps, used.speed.prefill_tps), (Some(10.0), Some(300.0)));
        assert_eq!(used.turns, 2);
    }

    #[test]
    fn what_is_in_use_and_what_was_measured_stand_side_by_side() {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths { cache: home.path().join("cache"), ..Paths::default() };
        let path = home.path().join("m.gguf");
        fs::write(&path, "x").expect("a file");
        let (one, other) = (json!([7, 0]), json!([8, 0]));
        let meter = |identity: &Value| Meter {
            record: record(&paths),
            path: path.clone(),
            identity: identity.clone(),
        };
        let turn = Speed { prefill_tps: Some(200.0), decode_tps: Some(20.0) };
        let entry = || {
            let all = read(&record(&paths)).expect("a record");
            all[&*path.to_string_lossy()].clone()
        };
        meter(&one).count(turn).expect("counted");
        let found = Measured {
            load_ms: 1.5,
            prefill_tps: 400.0,
            decode_tps: 100.0,
            perplexity: 20.0,
            tokens: 300,
        };
        assert_eq!(look_up(&paths, &path, &one), None, "it was never measured");
        keep(&paths, &path, &one, &found).expect("kept");
        meter(&one).count(turn).expect("counted");
        assert_eq!(look_up(&paths, &path, &one), Some(found));
        assert_eq!(Used::of(&entry()), Some(Used { speed: turn, turns: 2 }));
        // Another machine with the same cache begins anew.
        let mut moved = entry();
        moved["used"]["machine"] = "elsewhere".into();
        assert_eq!(Used::of(&moved), None);
        // So does another file of that name.
        meter(&other).count(turn).expect("counted");
        assert_eq!(Used::of(&entry()), Some(Used { speed: turn, turns: 1 }));
        assert_eq!(look_up(&paths, &path, &other), None);
    }
}
