//! Where the store's files are, and that only the user can read them.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::store::error::StoreError;

/// The directory of the store; everything of it is inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    dir: PathBuf,
}

impl Place {
    /// Names the directory; nothing is made.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Returns the directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("sessions.db")
    }

    /// Returns where copies are kept.
    pub fn backups(&self) -> PathBuf {
        self.dir.join("backups")
    }

    /// Returns where damaged files are set aside.
    pub fn aside(&self) -> PathBuf {
        self.dir.join("damaged")
    }

    /// Returns how many bytes everything in it takes.
    pub fn bytes(&self) -> u64 {
        let files = files_below(&self.dir);
        files.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).sum()
    }

    /// The file that tells the day on which every page was last looked at.
    pub(super) fn checked(&self) -> PathBuf {
        self.dir.join("checked")
    }

    pub(super) fn opening_lock(&self) -> PathBuf {
        self.dir.join("opening.lock")
    }

    pub(super) fn open_lock(&self) -> PathBuf {
        self.dir.join("open.lock")
    }
}

/// How every SQLite database begins.
pub(super) const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// What SQLite adds to a database's name.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Returns the database's file and those beside it that exist.
pub(super) fn set_of(database: &Path) -> Vec<PathBuf> {
    let beside = COMPANIONS.iter().map(|ending| beside(database, ending));
    std::iter::once(database.to_owned()).chain(beside).filter(|path| path.exists()).collect()
}

/// Returns every file below a directory.
pub(super) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
    found
}

/// Makes a directory that only the user can enter, if it is missing.
pub(super) fn ensure_dir(dir: &Path) -> Result<(), StoreError> {
    let made = fs::DirBuilder::new().mode(0o700).recursive(true).create(dir);
    made.map_err(|error| StoreError::file(dir, error))
}

/// Takes a path from everybody but the user; returns whether others had a way in.
pub(super) fn close_to_others(path: &Path) -> Result<bool, StoreError> {
    let failed = |error| StoreError::file(path, error);
    let mode = match fs::metadata(path) {
        Ok(meta) => meta.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let others = mode & 0o077;
    if others == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)).map_err(failed)?;
    Ok(true)
}

/// Makes an empty file that only the user can read, if there is none; SQLite gives its mode to
/// what it puts beside it.
pub(super) fn ensure_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| StoreError::file(path, error))
}

/// Returns whether a file is empty or begins as every SQLite database does.
pub(super) fn is_database(path: &Path) -> Result<bool, StoreError> {
    let failed = |error| StoreError::file(path, error);
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(16).read_to_end(&mut head)).map_err(failed)?;
    Ok(head.is_empty() || head == SQLITE_MAGIC)
}

/// Makes the file's bytes and its name durable.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::file(path, error);
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

/// Returns the path with `ending` added to its name.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
