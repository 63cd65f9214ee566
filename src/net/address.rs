//! Where a request goes: an address without anything secret in it, and its origin.

use std::fmt;
use std::net::IpAddr;

use url::Host;
use url::Url;

use super::NetError;

/// Scheme, host and port: what a key is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether it is `https`.
    tls: bool,
    host: String,
    port: u16,
}

impl Origin {
    pub(super) fn of(url: &Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        Some(Self { tls, host, port: url.port_or_known_default()? })
    }

    /// Returns the host's name, or its address as it stands in a URL.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether what is sent there is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Returns whether the host is this device by its name alone. What `localhost` resolves to is
    /// looked at again before anything is sent.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => is_loopback(address),
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// Returns whether `address` is this device, written as IPv4 in IPv6 included.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The address of a server: scheme, host, port and the path that its interface begins with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    url: Url,
    origin: Origin,
}

impl Address {
    /// Reads an address like `https://host/v1`.
    ///
    /// # Errors
    /// It is none, is not `http` or `https`, or has a user name, a password, a query or a
    /// fragment in it. The error does not repeat it: it may hold a secret.
    pub fn parse(text: &str) -> Result<Self, NetError> {
        let bad = |why| NetError::Address { why };
        let url = Url::parse(text).map_err(|_| bad("it is none"))?;
        let origin = Origin::of(&url).ok_or(bad("it is neither http nor https"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("there is a user name or a password in it"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("there is a query or a fragment in it"));
        }
        if matches!(url.host(), Some(Host::Domain(name)) if name.is_empty()) {
            return Err(bad("there is no host in it"));
        }
        Ok(Self { url, origin })
    }

    /// Returns its origin.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns its path, without a `/` at the end.
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Returns the address of `path` below this one; the origin stays whatever `path` is.
    pub(super) fn below(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{}", self.path(), path.trim_start_matches('/')));
        url
    }

    pub(super) fn as_str(&self) -> &str {
        self.url.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Address::parse(text).expect(text).origin().clone()
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("https://API.example/v1"), origin("https://api.example:443"));
        assert_ne!(origin("https://api.example"), origin("http://api.example"));
        assert_ne!(origin("https://api.example"), origin("https://api.example:444"));
        assert_ne!(origin("https://api.example"), origin("https://api.example.evil"));
        assert_eq!(origin("https://api.example/v1").to_string(), "https://api.example");
        assert_eq!(origin("http://[::1]:80/").to_string(), "http://[::1]");
        assert_eq!(origin("http://h:8080/").to_string(), "http://h:8080");
    }

    #[test]
    fn loopback_is_told_by_address_and_by_name() {
        for here in
            ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "a.localhost", "[::ffff:127.0.0.1]"]
        {
            assert!(origin(&format!("http://{here}:1/")).is_loopback(), "{here}");
        }
        for away in ["128.0.0.1", "localhost.evil", "127.0.0.1.nip.example", "0.0.0.0", "[::]"] {
            assert!(!origin(&format!("http://{away}:1/")).is_loopback(), "{away}");
        }
        // However an address is written, it is the same one.
        assert!(origin("http://2130706433/").is_loopback());
    }

    #[test]
    fn no_path_leads_to_another_origin() {
        let address = Address::parse("http://127.0.0.1:8080/v1/").expect("an address");
        assert_eq!(address.below("models").as_str(), "http://127.0.0.1:8080/v1/models");
        for path in ["//evil.example/x", "https://evil.example/", "../../x", "@evil.example", "?q"]
        {
            let url = address.below(path);
            assert_eq!(Origin::of(&url).as_ref(), Some(address.origin()), "{path}: {url}");
            assert_eq!(url.query(), None, "{path}: {url}");
        }
    }

    #[test]
    fn an_address_with_a_secret_is_refused_and_not_repeated() {
        for text in [
            "https://me:hunter2@h/",
            "https://h/?key=hunter2",
            "https://h/#hunter2",
            "ftp://hunter2",
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
