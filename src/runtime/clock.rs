//! The front's clock.

use std::time::Duration;
use std::time::SystemTime;

use tokio::time::Instant;

use crate::chat::Timestamp;

/// Tells the time since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub fn at(self) -> Duration {
        self.0.elapsed()
    }

    /// Returns a time since the start as one to wait for.
    pub(super) fn instant(self, at: Duration) -> Instant {
        self.0 + at
    }
}

/// Returns the time on the wall.
#[expect(clippy::disallowed_methods, reason = "this is the clock that saved sessions are dated by")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Waits until a time since the start; for ever when there is none.
pub(super) async fn until(clock: Clock, at: Option<Duration>) {
    match at {
        Some(at) => tokio::time::sleep_until(clock.instant(at)).await,
        None => std::future::pending().await,
    }
}
