//! Endpoints as backends: their protocols, their keys, and what is tried again.
//!
//! Never: `app`, `ui`.

mod lines;
mod ndjson;
mod sse;
mod wire;

pub use lines::DecodeError;
