//! What the store says when it cannot.

use std::io;
use std::path::Path;

use thiserror::Error;

use crate::chat::Fault;

/// Why something could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("the store of conversations: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Its pages do not fit together.
    #[error("the store of conversations is damaged: {0}")]
    Damaged(String),
    /// A file of the store cannot be used.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// Somebody else answers in the session.
    #[error(transparent)]
    Busy(Fault),
    /// What is stored makes no sense, or what was asked for does not fit it.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl StoreError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File(path.display().to_string(), error)
    }

    /// Returns SQLite's primary code, if it comes from there.
    fn code(&self) -> Option<rusqlite::ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::File(..) | Self::Damaged(_) | Self::Fault(_) | Self::Busy(_) => None,
        }
    }

    /// Whether the file is not a sound database.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        matches!(self, Self::Damaged(_))
            || matches!(self.code(), Some(DatabaseCorrupt | NotADatabase))
    }

    /// Whether it may work when it is tried again, with nothing else changed here: no space, a
    /// failing disk, a lock.
    pub(super) fn may_pass(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        matches!(
            self.code(),
            Some(
                Code::DiskFull
                    | Code::SystemIoFailure
                    | Code::DatabaseBusy
                    | Code::DatabaseLocked
                    | Code::CannotOpen
                    | Code::OutOfMemory
                    | Code::ReadOnly
                    | Code::FileLockingProtocolFailed
            )
        )
    }
}

impl StoreError {
    /// Whether a store that could not be opened may be there when it is tried again: what it takes
    /// is room, or a disk that works.
    pub(super) fn may_pass_at_opening(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::File(_, error) => is_full(error),
            _ => matches!(
                self.code(),
                Some(Code::DiskFull | Code::SystemIoFailure | Code::CannotOpen)
            ),
        }
    }

    /// Names the lack of room in `dir` where SQLite speaks of a failing disk: there was none for
    /// the memory that its connections share.
    pub(super) fn at(self, dir: &Path) -> Self {
        let full = || rustix::fs::statvfs(dir).is_ok_and(|it| it.f_bavail == 0);
        match self.code() {
            Some(rusqlite::ErrorCode::SystemIoFailure) if full() => {
                Self::File(dir.display().to_string(), io::ErrorKind::StorageFull.into())
            }
            _ => self,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        use rusqlite::ErrorCode as Code;
        let damaged = error.is_damage();
        match (error.code(), error) {
            (_, StoreError::Fault(fault) | StoreError::Busy(fault)) => fault,
            (Some(Code::DiskFull), _) => no_space(),
            (_, StoreError::File(_, error)) if is_full(&error) => no_space(),
            (Some(Code::DatabaseBusy), _) => Self::new("another program holds the store")
                .hint("it is tried again; close what reads the file"),
            (_, StoreError::File(path, error)) if is_closed(&error) => Self::new(format!(
                "{path} cannot be written to ({})",
                error.kind()
            ))
            .hint(
                "what is there can be read; EDGEWISE_DATA_DIR names another directory to save in",
            ),
            (_, error) if damaged => Self::new(error.to_string()).hint("edgewise db repair"),
            (_, error) => Self::new(error.to_string()),
        }
    }
}

fn no_space() -> Fault {
    Fault::new("no space to save the conversation")
        .hint("free some; it is kept in memory and saved as soon as there is room")
}

/// Whether there is no room on the disk, or none for this user.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether nobody, or not this user, may write there.
fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}
