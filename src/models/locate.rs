//! A model's name or path to its file.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::config::Paths;
use crate::models::ModelError;

/// A model file that passed the preflight.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// The file, absolute and without symbolic links.
    pub path: PathBuf,
    /// The name as the user knows it.
    pub name: String,
    /// The file's size.
    pub bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// Finds the file of a model and checks it.
///
/// # Errors
/// See [`ModelError`].
pub fn locate(name: &str, paths: &Paths) -> Result<ModelFile, ModelError> {
    let _ = (name, paths);
    Err(ModelError::Invalid { message: "not there yet".to_owned() })
}

/// Lists the names of the files in the directory of models, sorted.
pub fn available(paths: &Paths) -> Vec<String> {
    let _ = paths;
    Vec::new()
}
