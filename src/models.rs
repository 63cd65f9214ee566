//! Names to model files: the directory of models, the built-in catalogue, paths.
//!
//! Never: llama.cpp.

mod catalogue;
mod error;
mod locate;
mod preflight;

pub use catalogue::{CATALOGUE, CatalogueEntry};
pub use error::ModelError;
pub use locate::{ModelFile, available, locate};
