//! Which project files the user has looked at and said yes to: path and content, kept outside of
//! every project.
//!
//! Never: opening a file that nobody has trusted, unless the user asks for just that.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::OFlags;
use sha2::Digest as _;
use sha2::Sha256;

use crate::config::ConfigError;
use crate::config::write::replace;

/// A project's file, in the current directory only.
pub(super) const PROJECT_FILE: &str = ".edgewise.toml";

/// A project's file that is longer is refused.
const MAX_BYTES: u64 = 64 * 1024;

/// The records of trust, one file for each project.
#[derive(Clone, Debug)]
pub struct Trust {
    directory: PathBuf,
}

/// A project's file as the records know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Absent,
    /// It is ignored, and this line says why.
    Ignored(String),
    /// Path and content are those that the user said yes to; the text.
    Trusted(String),
}

impl Trust {
    /// Keeps records below the directory of data.
    pub fn new(data: &Path) -> Self {
        Self { directory: data.join("trust") }
    }

    /// Returns the project's file in `cwd` and what is known of it.
    pub fn look(&self, cwd: &Path) -> Standing {
        let path = project_file(cwd);
        if path.symlink_metadata().is_err() {
            return Standing::Absent;
        }
        let ignored = |why: &str| {
            let line = format!("{} {why} and was ignored: edgewise config trust", path.display());
            Standing::Ignored(line)
        };
        let Ok(trusted) = std::fs::read_to_string(self.record(&path)) else {
            return ignored("is not trusted");
        };
        match read(&path) {
            Ok(text) if trusted == record(&text) => Standing::Trusted(text),
            Ok(_) | Err(_) => ignored("has changed since it was trusted"),
        }
    }

    /// Reads the project's file in `cwd`, for the user to decide.
    ///
    /// # Errors
    /// There is none; or it is no regular file of the user's own, is longer than 64 KiB or no
    /// UTF-8.
    pub fn read(cwd: &Path) -> Result<(PathBuf, String), ConfigError> {
        let path = project_file(cwd);
        let text = read(&path).map_err(|why| {
            let error = ConfigError::new(format!("{}: {why}", path.display()));
            error.hint("a project's settings stand in .edgewise.toml, in the current directory")
        })?;
        Ok((path, text))
    }

    /// Remembers that the user said yes to this content at this path.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn remember(&self, path: &Path, text: &str) -> Result<(), ConfigError> {
        replace(&self.record(path), record(text).as_bytes()).map_err(|error| {
            ConfigError::new(format!("cannot write to {}: {error}", self.directory.display()))
        })
    }

    /// Takes the trust back; says whether there was any.
    ///
    /// # Errors
    /// The record cannot be removed.
    pub fn forget(&self, cwd: &Path) -> Result<bool, ConfigError> {
        match std::fs::remove_file(self.record(&project_file(cwd))) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(ConfigError::new(format!(
                "cannot remove a record in {}: {error}",
                self.directory.display()
            ))),
        }
    }

    fn record(&self, path: &Path) -> PathBuf {
        self.directory.join(hex(path.as_os_str().as_bytes()))
    }
}

/// Returns the path of the project's file, the same however `cwd` was reached.
fn project_file(cwd: &Path) -> PathBuf {
    cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned()).join(PROJECT_FILE)
}

fn record(text: &str) -> String {
    format!("sha256 {}\n", hex(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Reads the file without following a link, waiting for a pipe or touching a device.
fn read(path: &Path) -> Result<String, String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
            "a symbolic link".to_owned()
        }
        _ => error.to_string(),
    })?;
    let meta = file.metadata().map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("not a regular file".to_owned());
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err("belongs to somebody else".to_owned());
    }
    let bytes = capped(file).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("longer than 64 KiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
}

fn capped(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
