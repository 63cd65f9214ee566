//! The one place where a network socket opens.
//!
//! Owns the kill switch, addresses and their origins, keys that are bound to one origin, TLS and
//! its roots, proxies, and the limits on time and size that hold for every connection. Nothing is
//! opened before a request is sent: making a [`Site`] or a [`Fetcher`] opens nothing.
//!
//! Never: protocols; a redirect that takes a key, a prompt or plain text along; a proxy that only
//! the environment names.

mod address;
mod classify;
mod error;
mod fetch;
#[cfg(test)]
pub(crate) mod played;
mod reply;
mod request;
mod resolve;
mod secret;
mod site;
mod size;
mod transport;

pub use address::{Address, Origin};
pub use error::{NetError, TlsFault};
pub use fetch::{Download, Fetcher, Hop};
pub use reply::{Headers, Reply};
pub use request::Request;
pub use secret::{Key, KeyHeader, Secret};
pub use site::Site;
pub use transport::{Limits, Transport};

use crate::route::Egress;

/// What this process may open. Every connection begins here and asks here once more when it is
/// opened.
#[derive(Clone, Copy, Debug)]
pub struct Net {
    egress: Egress,
    #[cfg(test)]
    played: Option<&'static dyn played::Play>,
}

impl Net {
    /// Makes the network of a process in which `egress` holds.
    ///
    /// The switch knows no exceptions: a server on this device's own loopback may pass on what it
    /// is told, so that it is off as well.
    pub fn new(egress: Egress) -> Self {
        Self {
            egress,
            #[cfg(test)]
            played: None,
        }
    }

    /// Tells whether anything may be opened.
    ///
    /// # Errors
    /// It may not; the error names the switch.
    pub fn permit(self) -> Result<(), NetError> {
        match self.egress {
            Egress::Allowed => Ok(()),
            Egress::Offline => Err(NetError::Off("nothing may leave with --offline")),
            Egress::KillSwitch => {
                Err(NetError::Off("nothing may leave while EDGEWISE_NO_REMOTE is set"))
            }
        }
    }
}

/// A server that does what a script says, for every test that needs one.
#[cfg(test)]
#[path = "../tests/support/fault.rs"]
pub(crate) mod fault;

#[cfg(test)]
pub(crate) use resolve::{MUTE, SERVFAIL};

#[cfg(test)]
mod tests;
