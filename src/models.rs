//! Names to model files: the directory of models, the built-in catalogue, the caches of other
//! programs, paths.
//!
//! Never: llama.cpp; writing into another program's cache.

mod caches;
mod catalogue;
mod error;
mod file_name;
mod files;
mod keep;
mod locate;
mod measured;
mod preflight;
mod pull;
mod quantise;
mod space;
mod stock;
mod workshop;

pub use catalogue::{CatalogueEntry, catalogue};
pub use error::ModelError;
pub use keep::{Step, Take, Verified, import, known, remove, verify};
pub use locate::{ModelFile, available, find, inspect, locate};
pub use measured::{Measured, Meter, Speed, Used, measure, measured, speed, used};
pub use pull::{Pulling, Told, Wanted, pull};
pub use quantise::{QUANTS, Quantising};
pub use stock::{Keeper, Stocked, stock};
pub use workshop::{Device, Doing, Workshop, devices};

#[cfg(test)]
mod tests;
