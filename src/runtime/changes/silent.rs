//! Elsewhere nothing is told: lists are as they were read.

use std::io;
use std::path::Path;

/// A directory that is not watched.
#[derive(Debug)]
pub(in super::super) struct Changes;

impl Changes {
    /// Watches nothing.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unnecessary_wraps, reason = "the shape of its twin")]
    pub(in super::super) fn of(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for ever.
    ///
    /// # Cancel safety
    /// Safe.
    pub(in super::super) async fn next(&mut self) {
        std::future::pending().await
    }
}
