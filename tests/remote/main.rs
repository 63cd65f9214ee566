//! Turns that leave this device: the real program, real terminals and sockets, endpoints on this
//! machine.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/pty.rs"]
#[expect(dead_code, reason = "other tests look at more of the terminal")]
mod terminal;

mod endpoint;
mod handing;
mod home;
mod leaving;
mod real;
mod routing;
mod schema;
mod slow;
mod storm;
