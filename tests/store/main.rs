//! The store under the real program: killed, starved of space, cut off from its power, shared.
//!
//! What a call of the program prints and exits with is its acknowledgement; what is stored
//! afterwards is compared with that.

mod crash;
mod faults;
mod home;
mod power;
mod shared;
mod trace;
