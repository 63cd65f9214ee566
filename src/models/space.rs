//! Whether the disk has room for what is to come.

use std::path::Path;

use crate::models::ModelError;
use crate::models::preflight::bad;
use crate::text;

/// What is left to everything else on the disk.
const RESERVE: u64 = 64 << 20;

/// Compares `coming` bytes with what is free where `directory` is or will be.
///
/// # Errors
/// They do not fit.
pub(super) fn check(directory: &Path, coming: u64) -> Result<(), ModelError> {
    let there = directory.ancestors().find(|place| place.exists()).unwrap_or(Path::new("/"));
    let Ok(disk) = rustix::fs::statvfs(there) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    refusal(coming, free).map_or(Ok(()), |what| Err(bad(directory, &what)))
}

/// Returns what is said where `coming` bytes do not fit into those that are free.
fn refusal(coming: u64, free: u64) -> Option<String> {
    let fits = coming == 0 || coming.checked_add(RESERVE).is_some_and(|all| all <= free);
    (!fits)
        .then(|| format!("{} are to come and {} are free", text::bytes(coming), text::bytes(free)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_beside_all_else_is_refused_with_the_numbers() {
        assert_eq!(refusal(0, 0), None, "nothing takes no room");
        assert_eq!(refusal(1 << 30, (1 << 30) + RESERVE), None);
        let said = refusal(1 << 30, (1 << 30) + RESERVE - 1).expect("one byte too many");
        assert_eq!(said, "1.1 GB are to come and 1.1 GB are free");
        assert!(refusal(u64::MAX, u64::MAX).is_some());
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_looked_for_above() {
        let home = tempfile::tempdir().expect("a directory");
        let deep = home.path().join("not/there");
        assert_eq!(check(&deep, 0), Ok(()));
        let Err(ModelError::Bad { message }) = check(&deep, u64::MAX) else { panic!("it fits") };
        assert!(message.contains("not/there") && message.contains("are free"), "{message}");
    }
}
