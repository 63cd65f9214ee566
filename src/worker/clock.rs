//! The engine's clock.

use std::time::Instant;

use time::Date;
use time::OffsetDateTime;

/// Returns the time now.
#[expect(clippy::disallowed_methods, reason = "this is the clock that the engine process reads")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Returns the day, for templates that tell it: the user's where the system tells the time zone.
pub(super) fn today() -> Date {
    OffsetDateTime::now_local().unwrap_or_else(|_| OffsetDateTime::now_utc()).date()
}
