//! The front's clock.

use std::time::Duration;
use std::time::Instant;

/// Tells the time since it was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the front reads")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub(super) fn at(self) -> Duration {
        self.0.elapsed()
    }

    /// Returns a time since the start as one to wait for.
    pub(super) fn instant(self, at: Duration) -> tokio::time::Instant {
        (self.0 + at).into()
    }
}
