//! The engine's clock.

use std::time::Instant;

/// Returns the time now.
#[expect(clippy::disallowed_methods, reason = "this is the clock that the engine process reads")]
pub(super) fn now() -> Instant {
    Instant::now()
}
