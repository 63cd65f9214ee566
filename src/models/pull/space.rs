//! Whether the disk has room for what is to come.

use std::path::Path;

use super::file::Source;
use crate::models::ModelError;
use crate::models::preflight::bad;
use crate::text;

/// What is left to everything else on the disk.
const RESERVE: u64 = 64 << 20;

/// Compares what is still to come with what is free.
///
/// # Errors
/// It does not fit.
pub(super) fn check(directory: &Path, sources: &[Source]) -> Result<(), ModelError> {
    let there = |name: &str| directory.join(name).metadata().map_or(0, |meta| meta.len());
    let missing: u64 = sources
        .iter()
        .map(|source| {
            let have = there(&source.name) + there(&super::part::file_name(&source.name));
            source.bytes.unwrap_or(0).saturating_sub(have)
        })
        .sum();
    let Ok(disk) = rustix::fs::statvfs(directory) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if missing == 0 || missing.saturating_add(RESERVE) <= free {
        return Ok(());
    }
    let what = format!("{} are to come and {} are free", text::bytes(missing), text::bytes(free));
    Err(bad(directory, &what))
}
