//! One server: every request given to it goes to its origin, and so does its key.

use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;

use super::Address;
use super::Key;
use super::Net;
use super::NetError;
use super::Origin;
use super::Reply;
use super::Request;
use super::Transport;
use super::classify::classify;
use super::reply::seconds;
use super::size;
use super::size::Leaving;
use crate::privacy;

/// A server and how it is spoken to. Connections are kept for the next request.
#[derive(Debug)]
pub struct Site {
    pub(super) net: Net,
    address: Address,
    transport: Transport,
    key: Option<Key>,
    headers: HeaderMap,
    client: reqwest::Client,
}

impl Site {
    /// Makes the site at `address`; reads certificates, opens nothing.
    ///
    /// # Errors
    /// Nothing may be opened in this process, the address asks for plain text over the network,
    /// or the certificates cannot be read.
    pub fn new(net: Net, address: Address, transport: Transport) -> Result<Self, NetError> {
        net.permit()?;
        let client = transport.client(address.origin())?;
        Ok(Self { net, address, transport, key: None, headers: HeaderMap::new(), client })
    }

    /// Gives the site its key, which goes with every request from now on.
    ///
    /// # Errors
    /// The key is bound to another origin.
    pub fn with_key(mut self, key: Key) -> Result<Self, NetError> {
        if key.origin() != self.origin() {
            return Err(NetError::OtherOrigin {
                key: key.origin().to_string(),
                other: self.origin().to_string(),
            });
        }
        self.key = Some(key);
        Ok(self)
    }

    /// Adds a header of the user's to every request.
    ///
    /// # Errors
    /// It cannot stand in a header, or it is one of those that are not the user's to set.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, NetError> {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Returns where its requests go.
    pub fn origin(&self) -> &Origin {
        self.address.origin()
    }

    /// Returns the path that its address begins with, without a `/` at its end.
    pub fn base(&self) -> &str {
        self.address.path()
    }

    /// Returns how long each step may take.
    #[cfg(test)]
    pub(super) fn limits(&self) -> super::Limits {
        self.transport.limits
    }

    /// Takes the site's key out of a text that came back from it.
    pub fn redact(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.redact(text))
    }

    /// Sends a request and waits for the reply's head. A redirect is an error: what was asked is
    /// told to nobody else.
    ///
    /// # Errors
    /// The switch, or what happened on the way.
    ///
    /// # Cancel safety
    /// Dropping it closes the connection; the request may have been received.
    pub async fn send(&self, request: &Request) -> Result<Reply, NetError> {
        self.net.permit()?;
        #[cfg(test)]
        if let Some(played) = self.play(request).await {
            return played;
        }
        let host = self.origin().host();
        let url = self.address.below(&request.path);
        let mut built = self
            .client
            .request(request.method.clone(), url)
            .header("accept-encoding", "identity")
            .headers(self.headers.clone())
            .body(request.body.clone());
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        if let Some((name, value)) = self.key.as_ref().and_then(|key| key.header_for(self.origin()))
        {
            built = built.header(name, value);
        }
        let limits = self.transport.limits;
        let within = limits.connect + limits.first_byte;
        let failed = |error: &reqwest::Error| classify(host, limits.connect, error);
        let built = built.build().map_err(|error| failed(&error))?;
        let leaving = Leaving::new(&request.meter, size::request(&built, request.body.len()));
        let reply = match tokio::time::timeout(within, self.client.execute(built)).await {
            Ok(Ok(response)) => {
                Reply::of(response, host, limits, request.max_body)?.metered(&request.meter)
            }
            Ok(Err(error)) => {
                let error = failed(&error);
                if error.is_before_sending() {
                    leaving.stayed();
                }
                return Err(error);
            }
            Err(_) => {
                let seconds = seconds(limits.first_byte);
                return Err(NetError::FirstByteTimeout { host: host.to_owned(), seconds });
            }
        };
        if (300..400).contains(&reply.status()) {
            let target = redirect_target(&reply);
            return Err(NetError::Redirect { host: host.to_owned(), target });
        }
        Ok(reply)
    }
}

/// Reads a header of the user's.
///
/// # Errors
/// It cannot stand in a header, or it is one of those that are not the user's to set.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), NetError> {
    let bad = || NetError::Header(name.escape_debug().to_string());
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    if privacy::RESERVED_HEADERS.contains(&parsed.as_str()) {
        return Err(bad());
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
    // A user may keep a secret in it all the same.
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// Names where a redirect leads: its origin only, because the rest may hold a secret.
fn redirect_target(reply: &Reply) -> String {
    let to = reply.header("location").unwrap_or_default();
    match url::Url::parse(to).ok().as_ref().and_then(Origin::of) {
        Some(origin) => origin.to_string(),
        None => "another path".to_owned(),
    }
}
