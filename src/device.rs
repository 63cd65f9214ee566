//! Samples of this machine: run-queue wait, pressure, memory, swap, heat, battery, cores.
//!
//! Owns the reading of `/proc` and `/sys`, and the parsers of what stands there; elsewhere every
//! signal but the number of cores is unknown.
//!
//! Never: decisions; `route` says what a sample means.

mod bandwidth;
mod cgroup;
mod contention;
mod cores;
mod files;
mod heat;
mod memory;
mod power;
mod reading;
mod sampler;
mod schedule;

pub use bandwidth::bandwidth;
pub use contention::{Contention, Crowd};
pub use cores::{Cores, cores};
pub use reading::{Quantity, Reading, readings};
pub use sampler::{Sampler, resident_bytes, saves_power};
