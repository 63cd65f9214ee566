//! The check of a model file before anything is loaded from it.

use std::fmt;
use std::fs::File;
use std::fs::Metadata;
use std::io::BufReader;
use std::path::Path;

use crate::gguf;
use crate::models::ModelError;

/// Checks that `path` is a whole model file, and returns what the system and the file itself say
/// of it.
///
/// # Errors
/// [`ModelError::Bad`] with one line: a directory or another thing that is no file, an empty or
/// unreadable file, a text file, a truncated file, sizes that lie.
pub(super) fn preflight(path: &Path) -> Result<(Metadata, gguf::Header), ModelError> {
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    let meta = path.metadata().map_err(|error| bad(path, &error))?;
    if meta.is_dir() {
        return Err(bad(path, &"a directory, not a model file"));
    }
    if !meta.is_file() {
        return Err(bad(path, &"not a regular file"));
    }
    let file =
        File::open(path).map_err(|error| bad(path, &format_args!("cannot be read: {error}")))?;
    let header = gguf::read(BufReader::new(file), meta.len()).map_err(|error| bad(path, &error))?;
    Ok((meta, header))
}

/// Names the file and what is wrong with it.
pub(super) fn bad(path: &Path, what: &dyn fmt::Display) -> ModelError {
    ModelError::Bad { message: format!("{}: {what}", path.display()) }
}
