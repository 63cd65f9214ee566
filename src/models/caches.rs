//! The caches of other programs, in place and read only: how each of them names a model.
//!
//! Never: following a name out of the cache; writing.

mod hub;
mod llama_cpp;
mod lm_studio;
mod ollama;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::config::AppDirs;
use crate::models::Stocked;

/// Finds the models of every program.
pub(super) fn find(dirs: &AppDirs) -> Vec<Stocked> {
    let all = [
        (&dirs.ollama, ollama::find as fn(&Path) -> Vec<Stocked>),
        (&dirs.lm_studio, lm_studio::find),
        (&dirs.hub, hub::find),
        (&dirs.llama_cpp, llama_cpp::find),
    ];
    all.into_iter()
        .flat_map(|(roots, find)| roots.iter().flat_map(move |root| find(root)))
        .collect()
}

/// Tells whether `text` is a SHA-256 in lower-case hex.
fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns the last part of a path as text.
fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}
