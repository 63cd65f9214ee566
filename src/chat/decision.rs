//! Where a turn runs and why, as data; the choice itself is `route`'s.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

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

/// What of a session may leave the device; the strictest comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Returns the stricter of the two: what holds for both together.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        self.min(other)
    }

    /// Returns the name used in files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, class)| *class == self).map_or("", |(name, _)| name)
    }
}

/// Why a route is not taken, whatever it promises; in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reject {
    /// Something of the conversation may not leave this device.
    Privacy,
    /// Another route is pinned.
    Pin,
    /// The session's mode does not allow it.
    Mode,
    /// `--offline` was given.
    Offline,
    /// `EDGEWISE_NO_REMOTE` is set.
    KillSwitch,
    /// There is no such model here.
    NoModel,
    /// Its key is not to be had.
    NoKey,
    /// The user has not agreed that this session goes there.
    Consent,
    /// The conversation does not fit its context.
    TooLong,
    /// It cannot do what the turn needs.
    Capability,
    /// Its model is not loaded, and does not fit into the memory that is left.
    Memory,
    /// It failed too often lately.
    Breaker,
    /// It asked to be left alone for a while.
    RateLimit,
    /// It would cost more than is left.
    Budget,
    /// An answer to the same question broke off there.
    BrokeOff,
}

impl Reject {
    /// Every reason with its code in records and machine-readable output.
    pub const NAMES: [(&'static str, Self); 15] = [
        ("privacy", Self::Privacy),
        ("pin", Self::Pin),
        ("mode", Self::Mode),
        ("offline", Self::Offline),
        ("kill_switch", Self::KillSwitch),
        ("no_model", Self::NoModel),
        ("no_key", Self::NoKey),
        ("consent", Self::Consent),
        ("too_long", Self::TooLong),
        ("capability", Self::Capability),
        ("memory", Self::Memory),
        ("breaker", Self::Breaker),
        ("rate_limit", Self::RateLimit),
        ("budget", Self::Budget),
        ("broke_off", Self::BrokeOff),
    ];

    /// Returns the code.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, reject)| *reject == self).map_or("", |(name, _)| name)
    }

    /// Returns whether it stands against every endpoint alike.
    pub fn is_general(self) -> bool {
        matches!(self, Self::Privacy | Self::Mode | Self::Offline | Self::KillSwitch)
    }

    /// Returns what it means, as a clause.
    pub fn words(self) -> &'static str {
        match self {
            Self::Privacy => "something of this conversation may not leave this device",
            Self::Pin => "another route is pinned",
            Self::Mode => "the mode does not allow it",
            Self::Offline => "nothing may leave with --offline",
            Self::KillSwitch => "nothing may leave while EDGEWISE_NO_REMOTE is set",
            Self::NoModel => "there is no local model",
            Self::NoKey => "its key is not to be had (edgewise endpoints check says why)",
            Self::Consent => "this session was not agreed to go there",
            Self::TooLong => "the conversation does not fit its context",
            Self::Capability => "it cannot do what the turn needs",
            Self::Memory => "this device has no memory for it",
            Self::Breaker => "it failed too often lately",
            Self::RateLimit => "it asked to be left alone for a while",
            Self::Budget => "it would cost more than is left",
            Self::BrokeOff => "the answer to this question broke off there",
        }
    }
}

/// What decided where a turn runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Why {
    /// The user said so.
    Pinned,
    /// The mode puts it first.
    First,
    /// Nothing else can be had.
    #[default]
    Only,
    /// The cheapest that is fast enough.
    Suffices,
    /// The device is not fast enough, and this one is.
    OtherTooSlow,
    /// None is fast enough; this one is the soonest.
    Soonest,
    /// Another would be better, and the route changed a moment ago.
    Stays,
    /// Where the session is at home is not fast enough for this turn, and this one is.
    ThisTurn,
    /// Nothing came from where it was tried before.
    Rerouted,
    /// The answer broke off where it was begun.
    HandedOn,
}

impl Why {
    /// Every cause with its code in records.
    pub const NAMES: [(&'static str, Self); 10] = [
        ("pinned", Self::Pinned),
        ("first", Self::First),
        ("only", Self::Only),
        ("suffices", Self::Suffices),
        ("other_too_slow", Self::OtherTooSlow),
        ("soonest", Self::Soonest),
        ("stays", Self::Stays),
        ("this_turn", Self::ThisTurn),
        ("rerouted", Self::Rerouted),
        ("handed_on", Self::HandedOn),
    ];

    /// Returns the code.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, why)| *why == self).map_or("", |(name, _)| name)
    }
}

/// What a turn is expected to take on a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// Time to the first token.
    pub ttft: Duration,
    /// The same with the route's own past error as risk.
    pub ttft_risk: Duration,
    /// Time between tokens.
    pub tbt: Duration,
    /// Time to the last token.
    pub total: Duration,
}

/// A route that was looked at for a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The route.
    pub route: Route,
    /// The model there.
    pub model: String,
    /// Why it is not taken, whatever it promises.
    pub rejected: Option<Reject>,
    /// What it promises; `None` where nothing is known.
    pub predicted: Option<Prediction>,
    /// Prompt tokens that are to be evaluated there.
    pub new_tokens: u32,
    /// Bytes of conversation that would leave this device.
    pub upload_bytes: u64,
    /// What it would cost, in millionths of the price's currency.
    pub cost_micros: u64,
}

/// What an unforced change of the route costs and brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchPrice {
    /// Prompt tokens that are evaluated again.
    pub tokens_again: u32,
    /// Bytes that leave this device.
    pub bytes_out: u64,
    /// Money, in millionths of the price's currency.
    pub cost_micros: u64,
    /// Time that the answer is expected to come earlier; zero where that is not known.
    pub gain: Duration,
}

/// Where a turn runs, on which model, and the reason shown before the first token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The chosen route.
    pub route: Route,
    /// The model's name as the user knows it.
    pub model: String,
    /// What decided it.
    pub why: Why,
    /// One lower-case clause that says so.
    pub reason: String,
    /// Every route that was looked at, the chosen one included; empty where there was no choice.
    pub considered: Vec<Candidate>,
    /// What leaving the session's route costs, where nothing forced it.
    pub price: Option<SwitchPrice>,
}

impl Decision {
    /// Makes a decision without a choice.
    pub fn new(route: Route, model: impl Into<String>, reason: impl Into<String>) -> Self {
        let (model, reason) = (model.into(), reason.into());
        Self { route, model, why: Why::default(), reason, considered: Vec::new(), price: None }
    }

    /// Returns what the chosen route promises.
    pub fn predicted(&self) -> Option<&Prediction> {
        let chosen = self.considered.iter().find(|candidate| candidate.route == self.route);
        chosen.and_then(|candidate| candidate.predicted.as_ref())
    }
}
