//! Connections with every setting that durability and safety rest on.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use crate::chat::Fault;
use crate::store::error::StoreError;

/// `edge` in ASCII: tells our databases from others (`PRAGMA application_id`).
pub(super) const APPLICATION_ID: i32 = 0x6564_6765;

/// The first SQLite without the race that resets a WAL while two connections write (3.51.3).
const SQLITE_MIN: i32 = 3_051_003;

/// How long a connection waits for another one's lock before it is tried anew.
const BUSY: Duration = Duration::from_secs(5);

/// Statements that are kept prepared per connection.
const STATEMENTS: usize = 64;

/// How commits are made durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Journal {
    /// A write-ahead log, synced at each commit.
    #[default]
    Wal,
    /// A rollback journal: for network file systems, where a WAL's shared memory does not work.
    Rollback,
}

/// When SQLite syncs; anything but `Full` loses acknowledged commits with the power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// At each commit.
    #[default]
    Full,
    /// At checkpoints only; for the test that shows the power-loss test can fail.
    Normal,
    /// Never; for the same test.
    Off,
}

/// Refuses a SQLite that is older than the one this is built on.
pub(super) fn check_version() -> Result<(), StoreError> {
    if rusqlite::version_number() < SQLITE_MIN {
        let message = format!("SQLite {} is too old", rusqlite::version());
        return Err(Fault::new(message).hint("3.51.3 or newer keeps two windows safe").into());
    }
    Ok(())
}

/// Opens the connection that writes.
pub(super) fn writer(
    path: &Path,
    journal: Journal,
    synchronous: Synchronous,
) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    harden(&connection)?;
    let journal = match journal {
        Journal::Wal => "WAL",
        Journal::Rollback => "TRUNCATE",
    };
    let set: String =
        connection.query_row(&format!("PRAGMA journal_mode = {journal}"), [], |row| row.get(0))?;
    if !set.eq_ignore_ascii_case(journal) {
        return Err(Fault::new(format!("SQLite keeps its journal as {set}, not {journal}")).into());
    }
    let synchronous = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
        Synchronous::Off => "OFF",
    };
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous};
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA secure_delete = FAST;
         PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 16777216;"
    ))?;
    Ok(connection)
}

/// Opens a connection that only reads, of a store that others write to.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = copier(path)?;
    connection.execute_batch("PRAGMA query_only = ON;")?;
    Ok(connection)
}

/// Opens a connection that reads, and writes copies elsewhere.
pub(super) fn copier(path: &Path) -> Result<Connection, StoreError> {
    // Reading a WAL takes its shared memory, which a read-only opening could not make.
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    harden(&connection)?;
    Ok(connection)
}

/// Whether closing the connection may write the log into the database: not before it is known that
/// both are sound.
pub(super) fn keep_log(connection: &Connection, keep: bool) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

/// Opens a connection of a file that cannot be written to; one that is not even able to have
/// shared memory beside it is taken as it stands, and changes by others are not seen.
pub(super) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let open = |name: &str, more: OpenFlags| -> Result<Connection, StoreError> {
        let connection = Connection::open_with_flags(name, flags(more))?;
        harden(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let only = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let plain = path.to_string_lossy();
    open(&plain, only).or_else(|_| {
        let name = format!("file:{}?immutable=1", escaped(&plain));
        open(&name, only | OpenFlags::SQLITE_OPEN_URI)
    })
}

fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

fn flags(more: OpenFlags) -> OpenFlags {
    more | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE
}

/// A database is a file that somebody else may have written.
fn harden(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.execute_batch(
        "PRAGMA foreign_keys = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(())
}
