//! Files: redirects are followed over https, with a limit and without keys for others.

use url::Url;

use super::Address;
use super::Key;
use super::Net;
use super::NetError;
use super::Origin;
use super::Reply;
use super::Transport;
use super::classify::classify;
use super::reply::Headers;
use super::reply::seconds;

/// More redirects lead nowhere.
const MAX_HOPS: usize = 5;

/// One reply on the way to a file.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Who sent it.
    pub origin: Origin,
    /// Its status.
    pub status: u16,
    /// Its headers: where a file's hash stands may be the first hop's, not the last one's.
    pub headers: Headers,
}

/// The reply that was arrived at, whatever its status, and the way there.
#[derive(Debug)]
pub struct Download {
    /// Every redirect that was followed, in order.
    pub hops: Vec<Hop>,
    /// Who sends the file.
    pub origin: Origin,
    /// The reply.
    pub reply: Reply,
}

/// Fetches files from one server and from those that it redirects to.
#[derive(Debug)]
pub struct Fetcher {
    pub(super) net: Net,
    address: Address,
    transport: Transport,
    key: Option<Key>,
    client: reqwest::Client,
}

impl Fetcher {
    /// Makes a fetcher for files below `address`; reads certificates, opens nothing.
    ///
    /// # Errors
    /// Nothing may be opened in this process, the address asks for plain text over the network,
    /// or the certificates cannot be read.
    pub fn new(net: Net, address: Address, transport: Transport) -> Result<Self, NetError> {
        net.permit()?;
        let client = transport.client(address.origin())?;
        Ok(Self { net, address, transport, key: None, client })
    }

    /// Gives it a key, which goes to the key's own origin and to no hop elsewhere.
    #[must_use]
    pub fn with_key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Returns where files are asked for first.
    pub fn origin(&self) -> &Origin {
        self.address.origin()
    }

    /// Asks for `path` below the address and follows redirects: at most 5, over https unless all
    /// of them stay on this device. `headers` go with every hop and are no secret; `max_bytes`
    /// limits the body.
    ///
    /// # Errors
    /// The switch, what happened on the way, or a redirect that is not followed. Any other status
    /// is a reply.
    ///
    /// # Cancel safety
    /// Dropping it closes the connection; nothing else is left.
    pub async fn get(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        max_bytes: u64,
    ) -> Result<Download, NetError> {
        let mut url = self.address.below(path);
        let mut hops = Vec::new();
        loop {
            let origin = Origin::of(&url).ok_or_else(|| self.not_followed("no web address"))?;
            let reply = self.hop(&url, &origin, headers, max_bytes).await?;
            let Some(to) = redirect(&reply) else { return Ok(Download { hops, origin, reply }) };
            if hops.len() == MAX_HOPS {
                return Err(self.not_followed("one address after another"));
            }
            let next = url.join(to).map_err(|_| self.not_followed("no web address"))?;
            self.may_follow(&next)?;
            let headers = reply.headers().clone();
            hops.push(Hop { origin, status: reply.status(), headers });
            url = next;
        }
    }

    async fn hop(
        &self,
        url: &Url,
        origin: &Origin,
        headers: &[(&'static str, String)],
        max_bytes: u64,
    ) -> Result<Reply, NetError> {
        self.net.permit()?;
        let host = origin.host();
        let mut built = self.client.get(url.clone()).header("accept-encoding", "identity");
        for (name, value) in headers {
            built = built.header(*name, value);
        }
        if let Some((name, value)) = self.key.as_ref().and_then(|key| key.header_for(origin)) {
            built = built.header(name, value);
        }
        let limits = self.transport.limits;
        match tokio::time::timeout(limits.connect + limits.first_byte, built.send()).await {
            Ok(Ok(response)) => Reply::of(response, host, limits, max_bytes),
            Ok(Err(error)) => Err(classify(host, limits.connect, &error)),
            Err(_) => Err(NetError::FirstByteTimeout {
                host: host.to_owned(),
                seconds: seconds(limits.first_byte),
            }),
        }
    }

    /// Holds redirects to https; what began in plain text on this device stays on it.
    fn may_follow(&self, next: &Url) -> Result<(), NetError> {
        let to = Origin::of(next).ok_or_else(|| self.not_followed("no web address"))?;
        let plain = !self.origin().is_tls();
        let may = if plain { !to.is_tls() && to.is_loopback() } else { to.is_tls() };
        if may { Ok(()) } else { Err(self.not_followed(&to.to_string())) }
    }

    fn not_followed(&self, target: &str) -> NetError {
        let host = self.origin().host().to_owned();
        NetError::Redirect { host, target: target.to_owned() }
    }
}

/// Returns where a reply sends to, if it is a redirect.
fn redirect(reply: &Reply) -> Option<&str> {
    let redirects = matches!(reply.status(), 301 | 302 | 303 | 307 | 308);
    reply.header("location").filter(|_| redirects)
}
