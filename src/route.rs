//! Where a turn runs: the decision and the device state machine, pure, with time and samples
//! passed in.
//!
//! Never: I/O, a clock, randomness of its own.
