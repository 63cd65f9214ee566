//! Raw TOML to resolved settings: profiles, endpoints, paths, environment.
//!
//! Each layer is a file read into raw tables whose values know their line (`raw`, by
//! `source`); [`Settings::from_layers`] lays them over each other and checks what they name.
//!
//! Never: environment reads outside `config::env`; serde, because a reader of our own names the
//! file, the line and the nearest valid key of everything it refuses.

pub mod env;
pub mod paths;

mod duration;
mod endpoint;
mod error;
mod hint;
mod layer;
mod load;
mod merge;
mod profile;
mod raw;
mod resolve;
mod runtime_dir;
mod settings;
mod source;
mod value;

pub use endpoint::{Endpoint, KeySource, Protocol};
pub use env::Env;
pub use error::{ConfigError, Place};
pub use hint::nearest;
pub use layer::Layer;
pub use paths::Paths;
pub use profile::{DEFAULT_MODEL, DEFAULT_N_CTX, OnFull, Overrides, Profile, Slo, Threads};
pub use runtime_dir::ensure as ensure_runtime_dir;
pub use settings::{EngineSettings, PoolTokens, Settings, ThemeChoice};

#[cfg(test)]
mod tests;
