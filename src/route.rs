//! Where a turn runs: the decision and the device state machine, pure, with time and samples
//! passed in.
//!
//! Owns the thresholds: what counts as keeping up, and for how long.
//!
//! Never: I/O, a clock, randomness of its own.

mod decide;
mod machine;
mod room;
mod signal;

pub use decide::{DeviceState, Egress, Policy, Request, RouteView, decide};
pub use machine::DeviceMachine;
pub use room::idle_engine_is_in_the_way;
pub use signal::{Concern, concerns};
