//! The store under the real program: killed, starved of space, cut off from its power, shared.
//!
//! What a call of the program prints and exits with is its acknowledgement; what is stored
//! afterwards is compared with that.

mod crash;
#[cfg(target_os = "linux")]
mod faults;
mod home;
mod modes;
#[cfg(target_os = "linux")]
mod power;
mod shared;
#[cfg(target_os = "linux")]
mod trace;
