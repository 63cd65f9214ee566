//! Where a turn runs and why, as data; the choice itself is `route`'s.

use std::fmt;
use std::str::FromStr;

use crate::chat::Fault;

/// Where one turn runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The engine on this device.
    Local,
    /// The named endpoint of the user's configuration.
    Remote(String),
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Remote(endpoint) => write!(f, "remote:{endpoint}"),
        }
    }
}

impl FromStr for Route {
    type Err = Fault;

    /// Reads what [`Route`] displays as.
    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.strip_prefix("remote:") {
            _ if text == "local" => Ok(Self::Local),
            Some(endpoint) if !endpoint.is_empty() => Ok(Self::Remote(endpoint.to_owned())),
            _ => Err(Fault::new(format!("no route: `{text}`")).hint("local or remote:ENDPOINT")),
        }
    }
}

/// What a session allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Every turn on this device, whatever happens.
    LocalOnly,
    /// On this device unless it cannot keep up.
    #[default]
    PreferLocal,
    /// At the endpoint while it answers.
    PreferRemote,
    /// Every turn at the endpoint, whatever happens.
    RemoteOnly,
    /// Wherever the answer is expected first.
    Auto,
}

impl Mode {
    /// Every mode with its name in files and flags.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("local-only", Self::LocalOnly),
        ("prefer-local", Self::PreferLocal),
        ("prefer-remote", Self::PreferRemote),
        ("remote-only", Self::RemoteOnly),
        ("auto", Self::Auto),
    ];

    /// Returns the name used in files and flags.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What of a session may leave the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PrivacyClass {
    /// Nothing leaves.
    #[default]
    LocalOnly,
    /// The conversation may be sent to the session's endpoint.
    Open,
}

impl PrivacyClass {
    /// Every class with its name in files and flags.
    pub const NAMES: [(&'static str, Self); 2] =
        [("local-only", Self::LocalOnly), ("open", Self::Open)];

    /// Returns the name used in files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, class)| *class == self).map_or("", |(name, _)| name)
    }
}

/// Where a turn runs, on which model, and the reason shown before the first token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The chosen route.
    pub route: Route,
    /// The model's name as the user knows it.
    pub model: String,
    /// One lower-case clause that says why this route.
    pub reason: String,
}
