//! Keys: wiped when dropped, never shown, sent to one origin only.

use std::fmt;

use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::NetError;
use super::Origin;

/// Text that is wiped from memory when it is dropped and that no format shows.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text`; a line break at its end is none of it.
    ///
    /// # Errors
    /// Nothing is left, or it has a character that cannot stand in a header.
    pub fn new(text: String) -> Result<Self, NetError> {
        let text = Zeroizing::new(text);
        let trimmed = text.trim_end_matches(['\r', '\n']);
        if trimmed.is_empty() {
            return Err(NetError::Key("it is empty"));
        }
        if !trimmed.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
            return Err(NetError::Key("it has a space or a character that no key has"));
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret and the only origin that it is ever sent to.
#[derive(Debug)]
pub struct Key {
    origin: Origin,
    secret: Secret,
    header: KeyHeader,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyHeader {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    ApiKey,
}

impl Key {
    /// Binds `secret` to `origin`.
    pub fn bind(secret: Secret, origin: Origin, header: KeyHeader) -> Self {
        Self { origin, secret, header }
    }

    /// Returns the only origin that it is sent to.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Replaces the key wherever it stands in `text`.
    pub(super) fn redact(&self, text: &str) -> String {
        text.replace(self.secret.0.as_str(), "…")
    }

    /// Returns the header for a request to `origin`; none for another's.
    pub(super) fn header_for(&self, origin: &Origin) -> Option<(&'static str, HeaderValue)> {
        if *origin != self.origin {
            return None;
        }
        let secret = &self.secret.0;
        let (name, value) = match self.header {
            KeyHeader::Bearer => ("authorization", Zeroizing::new(format!("Bearer {}", **secret))),
            KeyHeader::ApiKey => ("x-api-key", secret.clone()),
        };
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Address;

    #[test]
    fn a_key_is_never_shown_and_goes_to_its_origin_only() {
        let here = Address::parse("https://api.example/v1").expect("an address").origin().clone();
        let secret = Secret::new("sk-canary\n".to_owned()).expect("a key");
        let key = Key::bind(secret, here.clone(), KeyHeader::Bearer);
        assert!(!format!("{key:?} {key:#?}").contains("canary"));
        let (name, value) = key.header_for(&here).expect("its origin");
        assert_eq!((name, value.to_str().ok()), ("authorization", Some("Bearer sk-canary")));
        assert!(!format!("{value:?}").contains("canary"));
        for other in ["http://api.example", "https://api.example:8443", "https://evil.example"] {
            let other = Address::parse(other).expect("an address");
            assert!(key.header_for(other.origin()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_repeating_it() {
        for bad in ["", "\n", "a b", "a\nb", "schl\u{fc}ssel", "a\u{1b}[0m"] {
            let error = Secret::new(bad.to_owned()).expect_err("no key");
            assert!(bad.len() < 2 || !error.to_string().contains(bad), "{error}");
        }
    }
}
