//! Names to addresses; plain text goes to this device's own addresses only.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error;

use super::address::is_loopback;

/// How long looking a name up may take.
const LOOKUP_WITHIN: Duration = Duration::from_secs(5);

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Any.
    Anywhere,
    /// This device's own, whatever a name resolves to.
    Loopback,
}

/// Why a name leads nowhere.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum LookupError {
    #[error("there is no such name, or nobody to ask")]
    Unknown,
    #[error("no answer in time")]
    TimedOut,
    #[error("the name leads away from this device")]
    LeadsAway,
}

/// The system's own resolver, held to a reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    reach: Reach,
}

impl Names {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let Ok(found) = tokio::time::timeout(LOOKUP_WITHIN, ask(name.as_str())).await else {
                return Err(LookupError::TimedOut.into());
            };
            let addrs: Addrs = Box::new(reachable(reach, found)?.into_iter());
            Ok(addrs)
        })
    }
}

/// Asks the system for a name's addresses.
async fn ask(name: &str) -> io::Result<Vec<SocketAddr>> {
    #[cfg(test)]
    match name {
        MUTE => return std::future::pending().await,
        SERVFAIL => return Err(io::Error::other("temporary failure in name resolution")),
        _ => {}
    }
    tokio::net::lookup_host((name, 0)).await.map(Iterator::collect)
}

/// Names whose servers say nothing, or that they failed: nobody else has to be asked for them.
#[cfg(test)]
pub(crate) const MUTE: &str = "mute.invalid";
#[cfg(test)]
pub(crate) const SERVFAIL: &str = "servfail.invalid";

fn reachable(
    reach: Reach,
    found: io::Result<Vec<SocketAddr>>,
) -> Result<Vec<SocketAddr>, LookupError> {
    let found = found.map_err(|_| LookupError::Unknown)?;
    if found.is_empty() {
        return Err(LookupError::Unknown);
    }
    if reach == Reach::Loopback && !found.iter().all(|addr| is_loopback(addr.ip())) {
        return Err(LookupError::LeadsAway);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_away_from_this_device_gets_no_plain_text() {
        let addrs = |texts: &[&str]| {
            Ok(texts.iter().map(|text| text.parse().expect("an address")).collect())
        };
        let here = ["127.0.0.1:0", "[::1]:0"];
        let mixed = ["127.0.0.1:0", "10.0.0.1:0"];
        assert_eq!(reachable(Reach::Loopback, addrs(&here)).map(|found| found.len()), Ok(2));
        assert_eq!(reachable(Reach::Loopback, addrs(&mixed)), Err(LookupError::LeadsAway));
        assert_eq!(reachable(Reach::Anywhere, addrs(&mixed)).map(|found| found.len()), Ok(2));
        assert_eq!(reachable(Reach::Anywhere, addrs(&[])), Err(LookupError::Unknown));
        let failed = Err(io::Error::other("no name server"));
        assert_eq!(reachable(Reach::Anywhere, failed), Err(LookupError::Unknown));
    }
}
