//! Where a turn runs: predictions, the decision, breakers and the device state machine, pure, with
//! time and samples passed in.
//!
//! Owns the thresholds: what counts as keeping up, and for how long; how sure a prediction is; how
//! often a session may change its route without need.
//!
//! Never: I/O, a clock, randomness of its own.

mod breaker;
mod decide;
mod filter;
mod lesson;
mod machine;
mod predict;
mod request;
mod room;
mod samples;
mod signal;
mod stall;
mod switches;
mod words;

pub use breaker::{Breaker, Gate};
pub use decide::decide;
pub use decide::look;
pub use lesson::{Fuse, Lesson, Met};
pub use machine::DeviceMachine;
pub use request::{
    ANSWER_TOKENS, DeviceState, Egress, Facts, LocalFacts, Pin, Policy, RemoteFacts, Request,
    RouteView, TokenPrice,
};
pub use room::{idle_engine_is_in_the_way, idle_session_bytes};
pub use samples::{Forecast, Prior, Ring, Risk, Sample};
pub use signal::{Concern, concerns};
pub use stall::{begins_within, stalls_after};
pub use switches::{Hold, Switched, Switches};
pub use words::price as price_words;
