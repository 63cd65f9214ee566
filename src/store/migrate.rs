//! Schema versions: one step each, one transaction each, counted in `user_version`.
//!
//! A step that was released is never changed; `tests/fixtures/store` keeps a file of each version.

use rusqlite::Connection;
use rusqlite::TransactionBehavior;

use crate::chat::Fault;
use crate::store::connect::APPLICATION_ID;
use crate::store::error::StoreError;
use crate::store::search;

/// The newest version that is understood here.
pub(super) const VERSION: i32 = 4;

/// What leads from each version to the next: SQL, and what SQL cannot do.
const STEPS: [Step; VERSION as usize] = [
    Step { sql: include_str!("schema/0001.sql"), then: |_| Ok(()) },
    Step { sql: include_str!("schema/0002.sql"), then: search::index_all },
    Step { sql: include_str!("schema/0003.sql"), then: |_| Ok(()) },
    Step { sql: include_str!("schema/0004.sql"), then: |_| Ok(()) },
];

struct Step {
    sql: &'static str,
    then: fn(&Connection) -> Result<(), StoreError>,
}

/// Whose file it is, and of which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is in it yet.
    Empty,
    /// Ours, of this version.
    Ours(i32),
    /// A database of somebody else.
    Foreign,
}

/// Looks at a file without writing to it.
pub(super) fn kind(db: &Connection) -> Result<Kind, StoreError> {
    let pragma = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
    let (application, version): (i32, i32) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, version, tables) {
        (APPLICATION_ID | 0, 0, 0) => Kind::Empty,
        (APPLICATION_ID, version, _) if version > 0 => Kind::Ours(version),
        _ => Kind::Foreign,
    })
}

/// Brings a file to the newest version, step by step; each is there whole or not at all.
///
/// # Errors
/// A step fails; the file is at the version of the last one that did not.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    for (step, version) in STEPS.iter().zip(1..) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another program may have been faster.
        if matches!(kind(&transaction)?, Kind::Ours(at) if at >= version) {
            continue;
        }
        transaction.execute_batch(step.sql)?;
        (step.then)(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Says what a file of a newer version is.
pub(super) fn newer(version: i32) -> Fault {
    let message = format!(
        "the conversations were saved by a newer edgewise (schema {version}, known here: \
         {VERSION}): they can be read, nothing is saved"
    );
    Fault::new(message).hint("use the newer edgewise, or set EDGEWISE_DATA_DIR for this one")
}
