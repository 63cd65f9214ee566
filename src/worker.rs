//! The engine process: accepts fronts, runs all turns in one batch over llama.cpp.
//!
//! Threads: the main thread loads the model and steps the batch; one thread accepts; each client
//! has one that reads and one that writes. They meet in `intake` (what fronts want, bounded)
//! and in each client's bounded queue of frames; the batch never waits for a client.
//!
//! `ffi` is the sole place with `unsafe`. Never: the store, the network.

mod board;
mod cells;
mod clients;
mod clock;
mod core;
mod detach;
mod ffi;
mod health;
mod intake;
mod keep;
mod listen;
mod measure;
mod model;
mod narrow;
mod pace;
pub(crate) mod plan;
mod prompts;
mod seams;
mod serve;
mod shelf;
mod slot;
mod threads;
mod tokenizing;
mod turn;
mod vanish;
mod workshop;
mod yielding;

pub use core::{Core, CoreParams, Outlet};
pub use model::{LoadError, Model, Prompt};
pub use prompts::Prompts;
pub use serve::{WorkerError, run};
pub use turn::TurnKey;
pub use workshop::run as run_workshop;
