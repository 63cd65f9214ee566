//! A file that is being fetched: it grows beside its place, under a lock, with what is known of
//! its source beside it.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::FlockOperation;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::io::Errno;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

/// Returns the name of the file that grows for `name`.
pub(super) fn file_name(name: &str) -> String {
    format!(".{name}.part")
}

/// A file that is being fetched; nobody else writes to it.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    target: PathBuf,
    hash: Sha256,
    length: u64,
}

/// What became of an attempt to have the file.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is ours, with what an earlier attempt left.
    Ours(Part),
    /// Another process fetches it.
    Busy,
    /// It is there already.
    Done,
}

impl Part {
    /// Opens what an earlier attempt left, or begins anew. A link in its place is not followed.
    ///
    /// # Errors
    /// Whatever the system says.
    pub(super) fn open(directory: &Path, name: &str) -> io::Result<Opened> {
        let (path, target) = (directory.join(file_name(name)), directory.join(name));
        loop {
            if target.symlink_metadata().is_ok() {
                return Ok(Opened::Done);
            }
            let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or(0);
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(flags)
                .open(&path)?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(Opened::Busy),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let meta = file.metadata()?;
            // Whoever held it may have finished meanwhile: then this is another file.
            if path.symlink_metadata().is_ok_and(|now| now.ino() == meta.ino()) && meta.is_file() {
                let (hash, length) = (Sha256::new(), 0);
                return Ok(Opened::Ours(Self { file, path, target, hash, length }));
            }
        }
    }

    /// Returns how many bytes an earlier attempt left, and the mark that its server gave them.
    pub(super) fn left(&self) -> (u64, Option<String>) {
        let length = self.file.metadata().map_or(0, |meta| meta.len());
        let text = fs::read_to_string(self.about()).unwrap_or_default();
        let about: Value = serde_json::from_str(&text).unwrap_or_default();
        let etag = about["etag"].as_str().map(str::to_owned);
        (if etag.is_some() { length } else { 0 }, etag)
    }

    /// Keeps the first `length` bytes and hashes them; what comes next goes behind them.
    ///
    /// # Errors
    /// Whatever the system says.
    pub(super) fn keep(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut left = length;
        while left > 0 {
            let count = self.file.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.hash.update(&buffer[..count]);
            left = left.saturating_sub(count as u64);
        }
        self.length = length;
        Ok(())
    }

    /// Remembers the mark of the server's file, so that another attempt can go on.
    ///
    /// # Errors
    /// Whatever the system says.
    pub(super) fn mark(&self, etag: Option<&str>) -> io::Result<()> {
        let Some(etag) = etag else {
            // There may be none.
            fs::remove_file(self.about()).ok();
            return Ok(());
        };
        let text = json!({ "etag": etag }).to_string();
        crate::config::replace(&self.about(), text.as_bytes())
    }

    /// Appends what came.
    ///
    /// # Errors
    /// Whatever the system says; a full disk, mostly.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the SHA-256 of what is there, in lower-case hex.
    pub(super) fn sha256(&self) -> String {
        format!("{:x}", self.hash.clone().finalize())
    }

    /// Gives the whole file its place, where it stays after a power cut.
    ///
    /// # Errors
    /// Whatever the system says.
    pub(super) fn finish(self) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        // Nothing that came there meanwhile is replaced.
        rustix::fs::renameat_with(CWD, &self.path, CWD, &self.target, RenameFlags::NOREPLACE)?;
        fs::remove_file(self.about()).ok();
        if let Some(directory) = self.target.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(self.target)
    }

    /// Removes everything that came.
    pub(super) fn discard(self) {
        fs::remove_file(self.about()).ok();
        fs::remove_file(&self.path).ok();
    }

    fn about(&self) -> PathBuf {
        self.path.with_extension("part.json")
    }
}
