//! Where the user lets a session's turns go.

use std::collections::BTreeSet;

/// The endpoints that a session's turns may be sent to, as far as the user was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Consent {
    /// Nowhere.
    #[default]
    None,
    /// To these endpoints.
    To(BTreeSet<String>),
    /// Wherever the profile allows: in a script its own word is the permission.
    All,
}

impl Consent {
    /// Adds an endpoint.
    pub(super) fn add(&mut self, endpoint: String) {
        match self {
            Self::None => *self = Self::To(BTreeSet::from([endpoint])),
            Self::To(endpoints) => drop(endpoints.insert(endpoint)),
            Self::All => {}
        }
    }

    /// Returns whose word lets turns go to `endpoint`, for records; `None` where nobody's does.
    pub(super) fn word(&self, endpoint: &str) -> Option<&'static str> {
        match self {
            Self::All => Some("profile"),
            Self::None | Self::To(_) => self.covers(endpoint).then_some("asked"),
        }
    }

    /// Returns whether turns may be sent to `endpoint`.
    pub(super) fn covers(&self, endpoint: &str) -> bool {
        match self {
            Self::None => false,
            Self::To(endpoints) => endpoints.contains(endpoint),
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_covered_once_it_was_named() {
        let mut consent = Consent::default();
        assert!(!consent.covers("lan"));
        consent.add("lan".to_owned());
        assert!(consent.covers("lan") && !consent.covers("cloud"));
        consent.add("cloud".to_owned());
        assert!(consent.covers("lan") && consent.covers("cloud"));
        let mut all = Consent::All;
        all.add("lan".to_owned());
        assert!(all.covers("cloud"), "one more is no less");
    }
}
