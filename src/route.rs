//! Where a turn runs: the decision and the device state machine, pure, with time and samples
//! passed in.
//!
//! Owns the thresholds: what counts as keeping up, and for how long.
//!
//! Never: I/O, a clock, randomness of its own.

mod decide;
mod machine;
mod signal;

pub use decide::{DeviceState, Egress, Policy, Request, RouteView, decide};
pub use machine::DeviceMachine;
