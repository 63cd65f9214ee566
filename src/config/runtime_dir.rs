//! A directory that only this user can enter, made or verified.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::config::ConfigError;

/// The longest socket address in bytes: `sun_path` holds 104 on macOS and 108 on Linux, one of
/// them for the final NUL.
const SOCKET_PATH_MAX: usize = 103;

/// Returns `runtime`, or a short directory where a socket in `runtime` would have no address.
pub(super) fn for_socket(runtime: &Path, name_len: usize) -> PathBuf {
    let slash = 1;
    if runtime.as_os_str().len() + slash + name_len <= SOCKET_PATH_MAX {
        return runtime.to_owned();
    }
    PathBuf::from(format!("/tmp/edgewise-{}", uid()))
}

/// Tells whether `path` is a directory of this user.
pub(super) fn is_own(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_dir() && meta.uid() == uid())
}

/// Creates `dir` with mode 0700 if it is missing, and verifies that nobody else can enter it.
pub(super) fn ensure(dir: &Path) -> Result<(), ConfigError> {
    let failed = |error: &io::Error| {
        ConfigError::new(format!("cannot make the runtime directory {}: {error}", dir.display()))
            .hint("set EDGEWISE_RUNTIME_DIR to a directory of yours")
    };
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(|error| failed(&error))?;
    }
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&error)),
        Ok(()) | Err(_) => {}
    }
    let meta = fs::symlink_metadata(dir).map_err(|error| failed(&error))?;
    verify(dir, &meta)
}

/// The link itself is looked at, not where it leads.
fn verify(dir: &Path, meta: &fs::Metadata) -> Result<(), ConfigError> {
    let refuse =
        |what: &str| ConfigError::new(format!("the runtime directory {} {what}", dir.display()));
    if meta.is_symlink() {
        return Err(refuse("is a symbolic link").hint("remove the link"));
    }
    if !meta.is_dir() {
        return Err(refuse("is not a directory").hint("remove the file"));
    }
    if meta.uid() != uid() {
        return Err(refuse("belongs to another user")
            .hint("set EDGEWISE_RUNTIME_DIR to a directory of yours"));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(
            refuse("is open to other users").hint(format!("run: chmod 700 '{}'", dir.display()))
        );
    }
    Ok(())
}

fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
