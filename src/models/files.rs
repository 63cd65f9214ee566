//! Model files in a directory.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Tells whether a path has the ending of a model file.
pub(super) fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

/// Returns a path's name without its ending.
pub(super) fn stem(path: &Path) -> Option<String> {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned())
}

/// Lists the model files in `dir`, sorted, so that of two names equal but for case the same wins.
pub(super) fn model_files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = entries(dir).into_iter().filter(|path| is_gguf(path)).collect();
    files.sort();
    files
}

/// Lists a directory, up to a bound; nothing if it cannot be read.
pub(super) fn entries(dir: &Path) -> Vec<PathBuf> {
    /// More than any cache has; beyond it somebody plays a trick.
    const MOST: usize = 10_000;
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).take(MOST).collect()
}
