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
    fallback()
}

/// Returns the short directory.
pub(super) fn fallback() -> PathBuf {
    PathBuf::from(format!("/tmp/edgewise-{}", uid()))
}

/// Tells whether `path` is a directory of this user.
pub(super) fn is_own(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_dir() && meta.uid() == uid())
}

/// Creates `dir` with mode 0700 if it is missing, and verifies that nobody else can enter it.
///
/// # Errors
/// It cannot be made, or others could enter or redirect it; the hint says what to do.
pub fn ensure(dir: &Path) -> Result<(), ConfigError> {
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
    verify_for(dir, &meta, uid())
}

/// The link itself is looked at, not where it leads.
fn verify_for(dir: &Path, meta: &fs::Metadata, user: u32) -> Result<(), ConfigError> {
    let refuse =
        |what: &str| ConfigError::new(format!("the runtime directory {} {what}", dir.display()));
    if meta.is_symlink() {
        return Err(refuse("is a symbolic link").hint("remove the link"));
    }
    if !meta.is_dir() {
        return Err(refuse("is not a directory").hint("remove the file"));
    }
    if meta.uid() != user {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn it_is_made_for_this_user_alone_and_found_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let runtime = dir.path().join("a/b/run");
        ensure(&runtime).expect("made");
        assert_eq!(mode(&runtime), 0o700);
        ensure(&runtime).expect("found");
    }

    #[test]
    fn what_others_could_enter_or_redirect_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let own = dir.path().join("own");
        ensure(&own).expect("made");
        let (link, file) = (dir.path().join("link"), dir.path().join("file"));
        symlink(&own, &link).expect("a link");
        fs::write(&file, "").expect("a file");
        let error = |path: &Path| ensure(path).expect_err("refused").to_string();
        assert!(error(&link).ends_with("is a symbolic link"));
        assert!(error(&file).ends_with("is not a directory"));
        for open in [0o710, 0o701, 0o755, 0o770] {
            fs::set_permissions(&own, fs::Permissions::from_mode(open)).expect("a mode");
            assert!(error(&own).ends_with("is open to other users"), "{open:o}");
        }
        assert!(error(&file.join("below")).contains("cannot make the runtime directory"));
    }

    #[test]
    fn somebody_elses_directory_is_refused() {
        let root_owned = Path::new("/");
        let meta = fs::symlink_metadata(root_owned).expect("the root");
        let error = verify_for(root_owned, &meta, meta.uid() + 1).expect_err("refused");
        assert!(error.to_string().ends_with("belongs to another user"), "{error}");
    }

    #[test]
    fn a_socket_goes_where_its_address_fits() {
        let short = PathBuf::from(format!("/{}", "r".repeat(81)));
        assert_eq!(for_socket(&short, 20), short, "82 + 1 + 20 bytes are 103");
        let fallback = PathBuf::from(format!("/tmp/edgewise-{}", uid()));
        assert_eq!(for_socket(&short, 21), fallback);
    }
}
