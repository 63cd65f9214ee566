//! Addresses that may be followed.

use std::fmt;
use std::sync::Arc;

/// The longest address in bytes: what every browser takes.
const MAX: usize = 2083;

/// Schemes that are followed.
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// An address that may stand in an escape sequence and be handed to another program: `http`,
/// `https` or `mailto`, printable ASCII only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Arc<str>);

impl Address {
    /// Takes an address as it was written; everything that is not printable ASCII is
    /// percent-encoded. `None` for other schemes, for nothing behind one, and for what is too long.
    pub fn new(written: &str) -> Option<Self> {
        let written = written.trim();
        let scheme = SCHEMES.iter().find(|scheme| {
            written.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        })?;
        let mut address = (*scheme).to_owned();
        for byte in written[scheme.len()..].bytes() {
            match byte {
                // What a shell, a terminal or markup could mistake is encoded as well.
                0x21..=0x7e if !b"\"'<>\\^`{|}".contains(&byte) => address.push(char::from(byte)),
                _ => address.extend(format!("%{byte:02X}").chars()),
            }
        }
        (address.len() > scheme.len() && address.len() <= MAX).then(|| Self(address.into()))
    }

    /// Gives the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(written: &str) -> Option<String> {
        Address::new(written).map(|address| address.as_str().to_owned())
    }

    #[test]
    fn only_what_a_browser_or_a_mailer_opens() {
        assert_eq!(made("https://a.example/b?c=d#e").as_deref(), Some("https://a.example/b?c=d#e"));
        assert_eq!(made("HTTP://a.example").as_deref(), Some("http://a.example"));
        assert_eq!(made("mailto:a@b.example").as_deref(), Some("mailto:a@b.example"));
        for bad in
            ["file:///etc/passwd", "javascript:alert(1)", "ssh://a", "https://", "a.example", ""]
        {
            assert_eq!(made(bad), None, "{bad}");
        }
        assert_eq!(made(&format!("https://{}", "a".repeat(MAX))), None);
    }

    #[test]
    fn nothing_in_it_ends_a_sequence_or_an_argument() {
        let made = made("https://a/\x1b]52;c;x\x07\u{9c}ü \"'\\").expect("an address");
        assert_eq!(made, "https://a/%1B]52;c;x%07%C2%9C%C3%BC%20%22%27%5C");
        assert!(made.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
    }
}
