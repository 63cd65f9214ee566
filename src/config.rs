//! Raw TOML to resolved settings: profiles, endpoints, paths, environment.
//!
//! Each layer is a file read into raw tables whose values know their line (`raw`, by
//! `source`); [`Settings::from_layers`] lays them over each other and checks what they name. A
//! project's file is read into a type of its own ([`Project`]), which has fewer fields, and only
//! when the user has said so ([`Trust`]).
//!
//! Never: environment reads outside `config::env`; serde, because a reader of our own names the
//! file, the line and the nearest valid key of everything it refuses.

pub mod env;
pub mod paths;

mod app_dirs;
mod duration;
mod endpoint;
mod error;
mod hint;
mod keyfile;
mod keys;
mod layer;
mod load;
mod merge;
mod origin;
mod overrides;
mod profile;
mod project;
mod prompts;
mod raw;
mod resolve;
mod runtime_dir;
mod schema;
mod settings;
mod shown;
mod source;
mod trust;
mod value;
mod write;

pub use app_dirs::AppDirs;
pub use endpoint::{Endpoint, KeySource, Price, Protocol};
pub use env::Env;
pub use error::{ConfigError, Place};
pub use hint::nearest;
pub use keyfile::{KeyLine, read_keys, read_small};
pub use layer::Layer;
pub use origin::Origin;
pub use overrides::Overrides;
pub use paths::Paths;
pub use profile::{DEFAULT_MODEL, DEFAULT_N_CTX, OnFull, Profile, Slo, Threads};
pub use project::Project;
pub use prompts::{SavedPrompt, prompt, prompts};
pub use runtime_dir::ensure as ensure_runtime_dir;
pub use schema::schema;
pub use settings::{
    AUTO_LANGUAGE, AUTO_THEME, ChatSettings, EngineSettings, KvRam, PoolTokens, Settings,
};
pub use shown::Shown;
pub use trust::{Standing, Trust};
pub use write::{change, replace, swap};

#[cfg(test)]
mod layering;
#[cfg(test)]
mod tests;
