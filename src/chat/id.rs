//! Identities.

use std::fmt;
use std::str::FromStr;

use crate::chat::Fault;

/// A session's identity: the 128 bits of a `UUIDv7`, made in `runtime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

/// A message's identity within its session: the 128 bits of a `UUIDv7`. A fork keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u128);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid(self.0, f)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid(self.0, f)
    }
}

impl FromStr for SessionId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        parse(text).map(Self).ok_or_else(|| Fault::new(format!("no session id: `{text}`")))
    }
}

impl FromStr for MessageId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        parse(text).map(Self).ok_or_else(|| Fault::new(format!("no message id: `{text}`")))
    }
}

fn uuid(id: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hex = format!("{id:032x}");
    let (first, rest) = hex.split_at(8);
    write!(f, "{first}-{}-{}-{}-{}", &rest[..4], &rest[4..8], &rest[8..12], &rest[12..])
}

/// Reads 32 hexadecimal digits, with the four hyphens of a UUID or without any.
fn parse(text: &str) -> Option<u128> {
    let hyphens: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let digits = text.replace('-', "");
    let shaped = hyphens.is_empty() || hyphens == [8, 13, 18, 23];
    let hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (shaped && hex).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

/// A turn's identity within one front: it is on every event, so a late one can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_reads_as_a_uuid() {
        let id = SessionId(0x0198_0000_1111_7222_8333_4444_5555_6666);
        assert_eq!(id.to_string(), "01980000-1111-7222-8333-444455556666");
    }

    #[test]
    fn an_id_is_read_back_and_nothing_else_is() {
        let id = SessionId(0x0198_0000_1111_7222_8333_4444_5555_6666);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("01980000111172228333444455556666".parse(), Ok(id));
        for bad in
            ["", "0198", "0198000-01111-7222-8333-444455556666", "+1980000111172228333444455556666"]
        {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
    }
}
