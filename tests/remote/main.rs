//! Turns that leave this device: the real program, real terminals and sockets, endpoints on this
//! machine.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/pty.rs"]
#[expect(dead_code, reason = "other tests look at more of the terminal")]
mod terminal;

/// What servers do wrong, and the server that does it.
#[path = "../support/fault.rs"]
#[expect(dead_code, reason = "other tests watch the server and speak TLS with it")]
mod fault;
#[path = "../support/lasting.rs"]
mod lasting;
#[path = "../support/table.rs"]
mod table;

mod beside;
mod endpoint;
mod faults;
mod files;
mod first;
mod handing;
mod home;
#[path = "../cli/hub.rs"]
#[expect(dead_code, reason = "other tests ask more of it")]
mod hub;
mod inline;
mod keys;
mod leaving;
mod real;
mod routing;
mod schema;
mod slow;
mod storm;

use edgewise::chat::FaultKind;
use edgewise::config::Protocol;
