//! What is remembered of an endpoint from run to run: no word of any conversation.

use std::time::Duration;

use crate::route::samples::Sample;

/// A breaker's memory as it is kept; the default is that of an endpoint that never failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fuse {
    /// Until when nothing is sent; `None` while turns are.
    pub open_until: Option<Duration>,
    /// How often in a row it was opened.
    pub opened: u32,
    /// How the newest turns went, oldest first: `true` failed.
    pub failed: Vec<bool>,
    /// The time to the first token while the endpoint was well.
    pub baseline: Option<Duration>,
}

/// An answer, and what had been promised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Met {
    /// How it went.
    pub sample: Sample,
    /// The time to the first token that was predicted for it.
    pub promised: Option<Duration>,
}

/// What is known of one endpoint. Every time is since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lesson {
    /// Its name in the user's configuration.
    pub endpoint: String,
    /// Where it was and which model it served: a lesson holds for no other.
    pub server: String,
    /// Whether it is tried at all.
    pub fuse: Fuse,
    /// It asked to be left alone until then.
    pub rests_until: Duration,
    /// Answers, oldest first: when read all of the ring, when written those that are new.
    pub answers: Vec<Met>,
}
