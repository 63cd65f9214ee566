//! What the router is told: the turn, the routes, the device, the rules.

use std::time::Duration;

use crate::chat::DeviceLevel;
use crate::chat::Health;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::chat::Probe;
use crate::chat::Rates;
use crate::chat::Route;
use crate::route::breaker::Gate;
use crate::route::samples::Forecast;
use crate::route::switches::Hold;

/// The user's word for one session or turn: it is absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// On this device.
    Local,
    /// At the named endpoint, or at the first one of the profile.
    Remote(Option<String>),
}

/// What a turn asks of the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What the session allows.
    pub mode: Mode,
    /// What the user said about this turn or session.
    pub pin: Option<Pin>,
    /// The strictest class of everything that would be sent.
    pub class: PrivacyClass,
    /// Where the session is at home: where its turns run unless one of them has to go elsewhere.
    pub current: Option<Route>,
    /// Where its last turn ran.
    pub last: Option<Route>,
    /// Bytes of everything that would be sent.
    pub upload_bytes: u64,
    /// Tokens of the prompt, as far as they are known.
    pub prompt_tokens: u32,
    /// Tokens that the answer is expected to have.
    pub answer_tokens: u32,
    /// Whether the turn needs what text-only endpoints lack: tools, attachments, a grammar.
    pub more_than_text: bool,
    /// Where an answer to the same question broke off: it is begun anew somewhere else.
    pub broke_off: Option<Route>,
}

/// Tokens of an answer where nothing is known of it.
pub const ANSWER_TOKENS: u32 = 200;

impl Default for Request {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            pin: None,
            class: PrivacyClass::default(),
            current: None,
            last: None,
            upload_bytes: 0,
            prompt_tokens: 0,
            answer_tokens: ANSWER_TOKENS,
            more_than_text: false,
            broke_off: None,
        }
    }
}

/// What is known of the engine for this turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalFacts {
    /// What the prompt would cost; `None` where it was not asked.
    pub probe: Option<Probe>,
    /// How fast the engine is.
    pub rates: Rates,
    /// Time until the model is loaded; zero when it is.
    pub load: Duration,
    /// Tokens that the session's context holds.
    pub n_ctx: u32,
    /// Whether the model is not loaded, and does not fit into the memory that is left.
    pub lacks_room: bool,
    /// How wrong predictions were, as [`Risk::factor`](crate::route::Risk::factor) says.
    pub risk: f64,
}

impl Default for LocalFacts {
    fn default() -> Self {
        let rates = Rates::default();
        let load = Duration::ZERO;
        Self { probe: None, rates, load, n_ctx: u32::MAX, lacks_room: false, risk: 1.0 }
    }
}

/// What an endpoint's turns cost: millionths of a currency for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenPrice {
    /// Of the prompt.
    pub prompt_micros: u64,
    /// Of the answer.
    pub answer_micros: u64,
}

impl TokenPrice {
    /// Returns what so many tokens cost, in millionths of the currency.
    pub fn of(self, prompt_tokens: u32, answer_tokens: u32) -> u64 {
        let part = |tokens: u32, micros: u64| u64::from(tokens).saturating_mul(micros) / MILLION;
        part(prompt_tokens, self.prompt_micros)
            .saturating_add(part(answer_tokens, self.answer_micros))
    }
}

/// Tokens of a million, for which prices are said.
const MILLION: u64 = 1_000_000;

/// What is known of an endpoint for this turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemoteFacts {
    /// What its past turns promise, as [`Ring::forecast`](crate::route::Ring::forecast) says.
    pub forecast: Forecast,
    /// How wrong predictions were.
    pub risk: f64,
    /// What its breaker allows.
    pub gate: Gate,
    /// It asked to be left alone for this long from now on; zero when it did not.
    pub rests: Duration,
    /// Whether its key is to be had as far as that is known, or none is needed.
    pub has_key: bool,
    /// How the last turn there went wrong, in a word; `None` once one was answered.
    pub trouble: Option<&'static str>,
    /// Whether the user was asked and did not agree that this session goes there, or cannot be
    /// asked.
    pub refused: bool,
    /// Tokens that its context holds, where that is known.
    pub n_ctx: Option<u32>,
    /// Whether it takes more than text.
    pub more_than_text: bool,
    /// What it costs.
    pub price: TokenPrice,
}

/// What is known of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Facts {
    /// Of the engine.
    Local(LocalFacts),
    /// Of an endpoint.
    Remote(RemoteFacts),
}

/// A route as the router sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteView {
    /// The route.
    pub route: Route,
    /// The model there, as the user knows it.
    pub model: String,
    /// What is known of it; a local route has local facts, an endpoint remote ones.
    pub facts: Facts,
}

impl RouteView {
    /// Makes the local route with what is known of it.
    pub fn local(model: impl Into<String>, facts: LocalFacts) -> Self {
        Self { route: Route::Local, model: model.into(), facts: Facts::Local(facts) }
    }

    /// Makes an endpoint with what is known of it.
    pub fn remote(
        endpoint: impl Into<String>,
        model: impl Into<String>,
        facts: RemoteFacts,
    ) -> Self {
        let route = Route::Remote(endpoint.into());
        Self { route, model: model.into(), facts: Facts::Remote(facts) }
    }
}

/// What is known of this device; the default is a device that nothing is known of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeviceState {
    /// The level that the samples amount to.
    pub level: DeviceLevel,
    /// Share of the wanted processor time that was spent waiting, 0 to 1.
    pub wait_share: Option<f64>,
    /// How fast the engine is.
    pub rates: Rates,
}

impl From<&Health> for DeviceState {
    fn from(health: &Health) -> Self {
        let Health { level, sample, rates, .. } = health;
        Self { level: *level, wait_share: sample.wait_share(), rates: *rates }
    }
}

/// After so long without a sample it is not known how much the device has to do. It is sampled while
/// turns run on it, so that one which turns have left would seem overloaded for ever.
const STALE_AFTER: Duration = Duration::from_mins(1);

impl DeviceState {
    /// Returns what is known of the device so long after it was looked at. `ratio` is what the
    /// newest answer's speed was by that of an undisturbed machine: the rates, which were measured
    /// then, are taken for what they would be without what disturbed it.
    #[must_use]
    pub fn aged(self, age: Duration, ratio: Option<f64>) -> Self {
        if age < STALE_AFTER {
            return self;
        }
        let share = ratio.filter(|ratio| *ratio > 0.0).map_or(1.0, |ratio| ratio.min(1.0));
        let rate = |measured: Option<f64>| measured.map(|rate| rate / share);
        Self {
            // Nor is it known to be over.
            level: self.level.min(DeviceLevel::Recovering),
            wait_share: None,
            rates: Rates {
                prefill_tps: rate(self.rates.prefill_tps),
                decode_tps: rate(self.rates.decode_tps),
                decode_ratio: None,
            },
        }
    }
}

/// Whether anything may leave this device, whatever a session allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Egress {
    /// The session's mode decides.
    #[default]
    Allowed,
    /// `--offline` was given.
    Offline,
    /// `EDGEWISE_NO_REMOTE` is set.
    KillSwitch,
}

/// What holds for this turn whatever it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether anything may leave.
    pub egress: Egress,
    /// The longest time to the first token that is good enough.
    pub ttft: Duration,
    /// The longest time between tokens that is good enough.
    pub tbt: Duration,
    /// What speaks against a change of the session's route without need, as
    /// [`Switches::hold`](crate::route::Switches::hold) says.
    pub hold: Option<Hold>,
    /// What may still be spent, in millionths of the price's currency.
    pub budget_micros: Option<u64>,
}

impl Default for Policy {
    /// Faster than a person reads: 1.5 s to the first token, then 10 tokens per second.
    fn default() -> Self {
        Self {
            egress: Egress::default(),
            ttft: Duration::from_millis(1500),
            tbt: Duration::from_millis(100),
            hold: None,
            budget_micros: None,
        }
    }
}
