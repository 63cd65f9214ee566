//! The file of records: appended by several programs at once, rotated under a lock.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use thiserror::Error;

use crate::audit::record::Record;

/// The newest file is at most this large; a record takes one to three kilobytes.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Older files that are kept.
const KEPT: u32 = 3;

/// Why a record could not be written.
#[derive(Debug, Error)]
#[error("cannot record the decision in {}: {error}", path.display())]
pub struct LogError {
    path: PathBuf,
    error: io::Error,
}

/// The user's record.
#[derive(Clone, Debug)]
pub struct Log {
    directory: PathBuf,
    most_bytes: u64,
}

impl Log {
    /// Names the record in the user's data directory; nothing is touched.
    pub fn new(data: &Path) -> Self {
        Self { directory: data.join("audit"), most_bytes: FILE_BYTES }
    }

    /// Appends a record: one write, so that lines of several programs never mix.
    ///
    /// Blocks for as long as the disk takes; nothing is flushed to it.
    ///
    /// # Errors
    /// The directory or the file cannot be written.
    pub fn append(&self, record: &Record) -> Result<(), LogError> {
        self.try_append(&format!("{}\n", record.line()))
            .map_err(|error| LogError { path: self.newest(), error })
    }

    fn try_append(&self, line: &str) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let lock = self.open("audit.lock")?;
        // Released when it is closed.
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        let mut file = self.open("audit.jsonl")?;
        if file.metadata()?.len().saturating_add(line.len() as u64) > self.most_bytes {
            self.rotate()?;
            file = self.open("audit.jsonl")?;
        }
        file.write_all(line.as_bytes())
    }

    /// Opens a file of ours for appending; nobody else may read it, whoever made it.
    fn open(&self, name: &str) -> io::Result<File> {
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let file = options.custom_flags(nofollow).open(path)?;
        rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
        Ok(file)
    }

    fn rotate(&self) -> io::Result<()> {
        for older in (1..KEPT).rev() {
            match fs::rename(self.older(older), self.older(older + 1)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed?,
            }
        }
        fs::rename(self.newest(), self.older(1))
    }

    /// Returns the file that is written to.
    pub fn newest(&self) -> PathBuf {
        self.directory.join("audit.jsonl")
    }

    fn older(&self, age: u32) -> PathBuf {
        self.directory.join(format!("audit.{age}.jsonl"))
    }

    /// Returns every file there may be, oldest first.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        (1..=KEPT).rev().map(|age| self.older(age)).chain([self.newest()])
    }

    #[cfg(test)]
    pub(super) fn small(data: &Path, most_bytes: u64) -> Self {
        Self { most_bytes, ..Self::new(data) }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::thread;

    use super::*;
    use crate::audit::record::tests::record;
    use crate::chat::Route;

    #[test]
    fn only_the_user_may_read_it_even_if_others_could() {
        let data = tempfile::tempdir().expect("a directory");
        let log = Log::new(data.path());
        log.append(&record(1, 1, Route::Local)).expect("written");
        fs::set_permissions(log.newest(), fs::Permissions::from_mode(0o644)).expect("loosened");
        log.append(&record(2, 1, Route::Local)).expect("written");
        let mode = fs::metadata(log.newest()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let folder = data.path().join("audit");
        assert_eq!(fs::metadata(folder).expect("there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn it_is_bounded_and_the_newest_is_kept() {
        let data = tempfile::tempdir().expect("a directory");
        let log = Log::small(data.path(), 4000);
        for at in 0..100 {
            log.append(&record(at, 1, Route::Local)).expect("written");
        }
        let sizes = log.files().map(|path| fs::metadata(path).expect("there").len());
        let sizes: Vec<u64> = sizes.collect();
        assert!(sizes.iter().all(|size| *size <= 4000), "{sizes:?}");
        let text = fs::read_to_string(log.newest()).expect("text");
        assert!(text.lines().last().is_some_and(|line| line.contains("\"ts_ms\":99")));
        assert_eq!(fs::read_dir(data.path().join("audit")).expect("there").count(), 5);
    }

    #[test]
    fn lines_of_several_writers_do_not_mix() {
        let data = tempfile::tempdir().expect("a directory");
        let log = Log::small(data.path(), 1_000_000);
        thread::scope(|scope| {
            for session in 0..4 {
                let log = &log;
                scope.spawn(move || {
                    for at in 0..25 {
                        log.append(&record(at, session, Route::Local)).expect("written");
                    }
                });
            }
        });
        let text = fs::read_to_string(log.newest()).expect("text");
        let whole = text.lines().filter(|line| {
            serde_json::from_str::<serde_json::Value>(line).is_ok_and(|value| value["v"] == 1)
        });
        assert_eq!(whole.count(), 100);
    }

    #[test]
    fn a_link_is_not_followed() {
        let data = tempfile::tempdir().expect("a directory");
        let log = Log::new(data.path());
        log.append(&record(1, 1, Route::Local)).expect("written");
        fs::remove_file(log.newest()).expect("gone");
        let elsewhere = data.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, log.newest()).expect("a link");
        let error = log.append(&record(1, 1, Route::Local)).expect_err("refused");
        assert!(error.to_string().contains("audit.jsonl"), "{error}");
        assert!(!elsewhere.exists());
    }
}
