//! Models of our own: taken in, checked against the hash that is known, removed.
//!
//! Never: another program's files, except to read and to link them.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::RenameFlags;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::config::Paths;
use crate::models::Keeper;
use crate::models::ModelError;
use crate::models::Stocked;
use crate::models::catalogue;
use crate::models::file_name;
use crate::models::files::stem;
use crate::models::inspect;
use crate::models::preflight::bad;

/// Bytes between two looks at whether to go on.
const STEP_BYTES: usize = 1 << 20;

/// Told how many bytes are done; says whether to go on.
pub type Step<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// What became of a comparison of hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The file is what its source says.
    Good {
        /// Its SHA-256 in lower-case hex.
        sha256: String,
        /// Who says so.
        source: String,
    },
    /// The file is another one.
    Differs {
        /// Its SHA-256.
        sha256: String,
        /// What it should be.
        expected: String,
        /// Who says so.
        source: String,
    },
    /// Nobody knows what it should be.
    Unknown {
        /// Its SHA-256.
        sha256: String,
    },
}

/// How a model is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// A file of our own; on some file systems it shares its blocks with the other.
    Copy,
    /// The same file by another name, or a symbolic link where that cannot be.
    Link,
}

/// Computes a file's SHA-256 and compares it with the one that is known of it.
///
/// # Errors
/// [`ModelError::Bad`] where the file cannot be read, [`ModelError::Stopped`] where `step` says so.
pub fn verify(model: &Stocked, step: Step<'_>) -> Result<Verified, ModelError> {
    let sha256 = hash(&model.path, step)?;
    Ok(match known(model) {
        None => Verified::Unknown { sha256 },
        Some((source, expected)) if expected == sha256 => Verified::Good { sha256, source },
        Some((source, expected)) => Verified::Differs { sha256, expected, source },
    })
}

/// Returns who knows the file's hash, and the hash.
pub fn known(model: &Stocked) -> Option<(String, String)> {
    if let Some(hash) = &model.sha256 {
        return Some((model.keeper.name().to_owned(), hash.clone()));
    }
    let name = model.path.file_name()?.to_str()?;
    let listed = catalogue().iter().find(|entry| entry.file == name);
    if let Some(hash) = listed.and_then(|entry| entry.sha256.clone()) {
        return Some(("the catalogue".to_owned(), hash));
    }
    let text = fs::read_to_string(record(&model.path)?).ok()?;
    let record: serde_json::Value = serde_json::from_str(&text).ok()?;
    let text = |key: &str| record[key].as_str().map(str::to_owned);
    Some((text("source")?, text("sha256")?))
}

/// Remembers where a model of ours came from and what it is, beside it.
///
/// # Errors
/// The record cannot be written.
pub(super) fn remember(path: &Path, source: &str, sha256: &str) -> io::Result<()> {
    let Some(record) = record(path) else { return Ok(()) };
    let text = format!("{}\n", json!({ "source": source, "sha256": sha256 }));
    crate::config::replace(&record, text.as_bytes())
}

fn record(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    Some(path.with_file_name(format!(".{name}.origin.json")))
}

/// Computes a file's SHA-256, in lower-case hex.
///
/// # Errors
/// As for [`verify`].
fn hash(path: &Path, step: Step<'_>) -> Result<String, ModelError> {
    let failed = |error: io::Error| bad(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; STEP_BYTES];
    let (mut hash, mut done) = (Sha256::new(), 0);
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            return Ok(format!("{:x}", hash.finalize()));
        }
        hash.update(&buffer[..count]);
        done += count as u64;
        if step(done).is_break() {
            return Err(ModelError::Stopped);
        }
    }
}

/// Takes a model into the directory of models, all files of it; returns the first.
///
/// # Errors
/// [`ModelError::Bad`] where it is no whole model or cannot be written, [`ModelError::Invalid`]
/// where there is one of that name already, [`ModelError::Stopped`] where `step` says so: then
/// nothing of it is left.
pub fn import(
    model: &Stocked,
    take: Take,
    paths: &Paths,
    step: Step<'_>,
) -> Result<PathBuf, ModelError> {
    inspect(model, &model.name)?;
    let directory = paths.models_dir();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|error| bad(&directory, &error))?;
    let mut taken = Vec::new();
    for file in files(model) {
        let name = target_name(model, &file)?;
        let target = directory.join(name);
        if let Err(error) = take_one(&file, &target, take, step) {
            for target in taken {
                // What was taken in before the failure goes again.
                fs::remove_file(target).ok();
            }
            return Err(error);
        }
        taken.push(target);
    }
    let first = taken.first().cloned().unwrap_or(directory);
    if let Some((source, hash)) = known(model) {
        // Without the record the model can be used all the same.
        remember(&first, &source, &hash).ok();
    }
    Ok(first)
}

/// Another program's blob has a hash for a name: it gets the model's.
pub(super) fn target_name(model: &Stocked, file: &Path) -> Result<String, ModelError> {
    let own = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = if file.extension().is_some() {
        own.to_owned()
    } else {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        format!("{}.gguf", model.name.chars().map(plain).collect::<String>())
    };
    file_name::safe(&name).map_err(|what| ModelError::Invalid { message: what })
}

fn take_one(file: &Path, target: &Path, take: Take, step: Step<'_>) -> Result<(), ModelError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("{} is there already", target.display());
            ModelError::Invalid { message }
        }
        _ => bad(target, &error),
    };
    if take == Take::Link {
        let file = fs::canonicalize(file).map_err(failed)?;
        return match fs::hard_link(&file, target) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                std::os::unix::fs::symlink(&file, target).map_err(failed)
            }
            linked => linked.map_err(failed),
        };
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}", std::process::id()));
    let copied = copy(file, &beside, step)
        .and_then(|()| {
            rustix::fs::renameat_with(CWD, &beside, CWD, target, RenameFlags::NOREPLACE)
                .map_err(Into::into)
        })
        .and_then(|()| File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all());
    if let Err(error) = copied {
        fs::remove_file(&beside).ok();
        return Err(match error.kind() {
            io::ErrorKind::Interrupted => ModelError::Stopped,
            _ => failed(error),
        });
    }
    Ok(())
}

/// Copies in steps; the system shares blocks where it can. A stop is `Interrupted`.
fn copy(from: &Path, to: &Path, step: Step<'_>) -> io::Result<()> {
    let source = File::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let mut done = 0;
    loop {
        let count = io::copy(&mut (&source).take(STEP_BYTES as u64 * 16), &mut target)?;
        done += count;
        if count == 0 {
            return target.sync_all();
        }
        if step(done).is_break() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
}

/// Removes a model of ours; returns how many bytes that frees.
///
/// # Errors
/// [`ModelError::Invalid`] for another program's model, [`ModelError::Bad`] where it cannot be
/// removed.
pub fn remove(model: &Stocked) -> Result<u64, ModelError> {
    if model.keeper != Keeper::Own {
        let message = format!("{} belongs to {}: remove it there", model.name, model.keeper.name());
        return Err(ModelError::Invalid { message });
    }
    for file in files(model) {
        fs::remove_file(&file).map_err(|error| bad(&file, &error))?;
        // There may be none.
        record(&file).map(fs::remove_file);
    }
    Ok(model.bytes)
}

/// Returns every file of a model.
fn files(model: &Stocked) -> Vec<PathBuf> {
    let own = stem(&model.path).unwrap_or_default();
    match file_name::part(&own) {
        Some(part) => file_name::stems(part)
            .map(|stem| model.path.with_file_name(format!("{stem}.gguf")))
            .collect(),
        None => vec![model.path.clone()],
    }
}
