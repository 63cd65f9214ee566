//! A profile: a named bundle of settings for a session.

use std::time::Duration;

use crate::chat::Compute;
use crate::chat::Limits;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::chat::Sampling;
use crate::config::Overrides;

/// The model that is used when nothing else is said.
pub const DEFAULT_MODEL: &str = "smollm2-135m-instruct";

/// The context that a session gets when nothing else is said, in tokens.
pub const DEFAULT_N_CTX: u32 = 4096;

/// How many threads evaluate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Threads {
    /// Physical cores within affinity and cgroup quota.
    #[default]
    Auto,
    /// This many, 1 to 512.
    Fixed(u32),
}

/// How fast an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slo {
    /// Time to the first token.
    pub ttft: Duration,
    /// Time between tokens.
    pub tbt: Duration,
}

impl Default for Slo {
    /// Faster than a person reads: 1.5 s to the first token, then 10 tokens per second.
    fn default() -> Self {
        Self { ttft: Duration::from_millis(1500), tbt: Duration::from_millis(100) }
    }
}

/// What happens when a session no longer fits its context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnFull {
    /// The user is asked; a script fails.
    #[default]
    Ask,
    /// The oldest turns are left out.
    DropOldest,
    /// The oldest turns are summarised.
    Summarise,
    /// The answer stops.
    Stop,
}

impl OnFull {
    /// Every choice with its name in files.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("ask", Self::Ask),
        ("drop-oldest", Self::DropOldest),
        ("summarise", Self::Summarise),
        ("stop", Self::Stop),
    ];
}

/// A named bundle of settings, resolved: every value is there and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name in `[profiles.NAME]`.
    pub name: String,
    /// Where turns may run.
    pub mode: Mode,
    /// A model's name, or a path to a model file (see `models::locate`).
    pub model: String,
    /// Endpoints for remote turns, first choice first; each is in [`Settings::endpoints`].
    ///
    /// [`Settings::endpoints`]: crate::config::Settings::endpoints
    pub endpoints: Vec<String>,
    /// What may leave the device.
    pub privacy: PrivacyClass,
    /// The system prompt; never empty.
    pub system: Option<String>,
    /// The most tokens of a session, at least 1.
    pub n_ctx: u32,
    /// How many threads evaluate.
    pub threads: Threads,
    /// How the model is laid out and evaluated.
    pub compute: Compute,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How fast an answer has to be.
    pub slo: Slo,
    /// What happens when the context is full.
    pub on_full: OnFull,
    /// The most tokens of an answer, at least 1; `None` up to the end of the context.
    pub max_tokens: Option<u32>,
    /// Strings that end an answer; none is empty.
    pub stop: Vec<String>,
}

impl Profile {
    /// Makes the built-in profile under `name`.
    pub fn built_in(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mode: Mode::default(),
            model: DEFAULT_MODEL.to_owned(),
            endpoints: Vec::new(),
            privacy: PrivacyClass::default(),
            system: None,
            n_ctx: DEFAULT_N_CTX,
            threads: Threads::default(),
            compute: Compute::default(),
            sampling: Sampling::default(),
            slo: Slo::default(),
            on_full: OnFull::default(),
            max_tokens: None,
            stop: Vec::new(),
        }
    }

    /// Lays the command line's flags over the profile.
    #[must_use]
    pub fn with(mut self, flags: &Overrides) -> Self {
        self.mode = flags.mode.unwrap_or(self.mode);
        if let Some(model) = &flags.model {
            self.model.clone_from(model);
        }
        if let Some(endpoint) = &flags.endpoint {
            self.endpoints = vec![endpoint.clone()];
        }
        if let Some(system) = &flags.system {
            self.system = Some(system.clone()).filter(|text| !text.is_empty());
        }
        self.max_tokens = flags.max_tokens.or(self.max_tokens);
        self.sampling.temp = flags.temp.unwrap_or(self.sampling.temp);
        self.sampling.seed = flags.seed.or(self.sampling.seed);
        if !flags.stop.is_empty() {
            self.stop.clone_from(&flags.stop);
        }
        self
    }

    /// Returns where a generation of this profile ends at the latest.
    pub fn limits(&self) -> Limits {
        Limits { max_tokens: self.max_tokens, stop: self.stop.clone(), n_ctx: self.n_ctx }
    }
}
