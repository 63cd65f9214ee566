//! How connections are made: roots, proxy, time limits; and the client that follows from it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Address;
use super::NetError;
use super::Origin;
use super::resolve::Names;
use super::resolve::Reach;

/// How long a connection that nobody uses is kept for the next turn.
const POOL_IDLE: Duration = Duration::from_mins(1);

/// How often a silent connection is asked whether its other end is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long what was sent may stay unconfirmed, and a connection unheard of, until it is given up:
/// the other side vanished without a word. A connection that is kept may be such a one.
#[cfg(target_os = "linux")]
const UNCONFIRMED: Duration = Duration::from_secs(20);

/// What the program calls itself.
pub(super) const USER_AGENT: &str = concat!("edgewise/", env!("CARGO_PKG_VERSION"));

/// How long each step may take. None limits a whole stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Looking the name up, connecting and TLS together.
    pub connect: Duration,
    /// From there to the reply's head.
    pub first_byte: Duration,
    /// Between two pieces of the reply's body.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self { connect: Duration::from_secs(10), first_byte: minute, idle: minute }
    }
}

/// What the user said of the way to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// PEM certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What connections that leave this device go through.
    pub proxy: Option<Address>,
    /// Whether plain text may leave this device.
    pub allow_http: bool,
    /// How long each step may take.
    pub limits: Limits,
}

impl Transport {
    /// Checks that what is sent to `origin` is encrypted, stays on this device, or may be read on
    /// the way.
    pub(super) fn allows(&self, origin: &Origin) -> Result<(), NetError> {
        if origin.is_tls() || origin.is_loopback() || self.allow_http {
            return Ok(());
        }
        Err(NetError::PlainText { host: origin.host().to_owned() })
    }

    /// Makes the client for requests to `origin`. Reads files; opens nothing.
    pub(super) fn client(&self, origin: &Origin) -> Result<reqwest::Client, NetError> {
        self.allows(origin)?;
        // The first client of this process chooses for all; another's choice is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let plain = !origin.is_tls();
        let reach = if plain && !self.allow_http { Reach::Loopback } else { Reach::Anywhere };
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(Arc::new(Names::new(reach)))
            .connect_timeout(self.limits.connect)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_keepalive(KEEP_ALIVE)
            .user_agent(USER_AGENT);
        #[cfg(target_os = "linux")]
        let builder = builder.tcp_user_timeout(UNCONFIRMED);
        // What stays on this device goes through nobody else's hands.
        let builder = match self.proxy.as_ref().filter(|_| !origin.is_loopback()) {
            Some(proxy) => builder.proxy(
                reqwest::Proxy::all(proxy.as_str()).map_err(|_| NetError::Client("the proxy"))?,
            ),
            None => builder,
        };
        // Without certificates of its own a system can still speak to its own loopback.
        let builder = if plain { builder.tls_certs_only([]) } else { self.roots(builder)? };
        builder.build().map_err(|_| NetError::Client("the system's certificates"))
    }

    fn roots(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, NetError> {
        let Some(path) = &self.ca_file else { return Ok(builder) };
        let bad = |why: String| NetError::CaFile { path: path.clone(), why };
        let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|found| !found.is_empty())
            .ok_or_else(|| bad("no PEM certificate in it".to_owned()))?;
        Ok(builder.tls_certs_merge(certificates))
    }
}
