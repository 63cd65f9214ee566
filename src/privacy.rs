//! What may leave the device: classes, and the routes that each allows.
//!
//! Never: the network.

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::PrivacyClass;
use crate::chat::Route;

/// Headers that a user's configuration may not set: keys have a source of their own, and the rest
/// would change what the message is.
pub const RESERVED_HEADERS: [&str; 11] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "accept-encoding",
    "connection",
];

/// Tells whether a conversation of `class` may be sent over `route`.
///
/// The class is that of everything that would be sent: the whole conversation, not the last message.
///
/// # Errors
/// It may not (`NoRoute`); the hint says what the user can change.
pub fn may_leave(class: PrivacyClass, route: &Route) -> Result<(), Fault> {
    match (class, route) {
        (_, Route::Local) | (PrivacyClass::Open, Route::Remote(_)) => Ok(()),
        (PrivacyClass::LocalOnly, Route::Remote(endpoint)) => {
            Err(Fault::new(format!("this session is local-only: nothing of it goes to {endpoint}"))
                .kind(FaultKind::NoRoute)
                .hint("start a new session with a profile that says privacy = \"open\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_only_session_never_leaves() {
        let lan = Route::Remote("lan".into());
        let fault = may_leave(PrivacyClass::LocalOnly, &lan).expect_err("nothing may leave");
        assert_eq!(fault.kind, FaultKind::NoRoute);
        assert!(fault.message.contains("lan"));
        assert_eq!(may_leave(PrivacyClass::Open, &lan), Ok(()));
    }

    #[test]
    fn every_class_may_stay() {
        for (_, class) in PrivacyClass::NAMES {
            assert_eq!(may_leave(class, &Route::Local), Ok(()));
        }
    }

    #[test]
    fn the_default_is_the_strictest() {
        assert!(may_leave(PrivacyClass::default(), &Route::Remote("lan".into())).is_err());
    }
}
