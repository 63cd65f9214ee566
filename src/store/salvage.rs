//! A damaged database: the original is set aside untouched, and what can be read of a copy goes
//! into a new one.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use crate::chat::Timestamp;
use crate::store::connect;
use crate::store::connect::Journal;
use crate::store::connect::Synchronous;
use crate::store::error::StoreError;
use crate::store::migrate;
use crate::store::place;
use crate::store::place::Place;
use crate::store::search;

/// What became of a damaged file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvage {
    /// Sessions that could be read.
    pub sessions: u64,
    /// Messages that could be read.
    pub messages: u64,
    /// Rows that could not, as far as they can be counted.
    pub lost: u64,
    /// Where the original is, with what belonged to it.
    pub aside: PathBuf,
}

/// A file that names more than this many times the pages it has names nothing.
const GROWTH_MAX: usize = 16;

/// Tables in the order in which their rows can be taken in, with their keys where rows can be
/// skipped by them.
const TABLES: [(&str, Option<&str>); 5] = [
    ("session", Some("n")),
    ("settings", Some("n")),
    ("tag", None),
    ("message", Some("n")),
    ("chunk", None),
];

/// Sets the database aside and makes a new one of what can be read of it. Nobody else may have it
/// open.
pub(super) fn salvage(place: &Place, now: Timestamp) -> Result<Salvage, StoreError> {
    let database = place.database();
    let aside = set_aside(place, now)?;
    let (copy, fresh) = (place.dir().join("salvage.tmp"), place.dir().join("salvage.db"));
    for path in [place::set_of(&copy), place::set_of(&fresh)].concat() {
        fs::remove_file(&path).map_err(|error| StoreError::file(&path, error))?;
    }
    for path in place::set_of(&aside.join("sessions.db")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = name.trim_start_matches("sessions.db");
        let to = place::beside(&copy, ending);
        fs::copy(&path, &to).map_err(|error| StoreError::file(&path, error))?;
    }
    drop(place::ensure_file(&fresh)?);
    let mut db = connect::writer(&fresh, Journal::Rollback, Synchronous::Full)?;
    migrate::migrate(&mut db)?;
    let mut salvaged = Salvage { aside, ..Salvage::default() };
    if let Some(damaged) = open_damaged(&copy) {
        take(&damaged, &mut db, &mut salvaged)?;
    }
    drop(db);
    place::sync(&fresh)?;
    fs::rename(&fresh, &database).map_err(|error| StoreError::file(&fresh, error))?;
    place::sync(&database)?;
    for path in [place::set_of(&copy), place::set_of(&fresh)].concat() {
        fs::remove_file(&path).ok();
    }
    Ok(salvaged)
}

/// Moves the database and what belongs to it, byte for byte.
fn set_aside(place: &Place, now: Timestamp) -> Result<PathBuf, StoreError> {
    place::ensure_dir(&place.aside())?;
    let free = (0..).map(|again| place.aside().join(format!("{}-{again}", now.0)));
    let aside = free.into_iter().find(|path| !path.exists()).unwrap_or_else(|| place.aside());
    place::ensure_dir(&aside)?;
    // The database goes last: until then, the next start finds it and does all of this again.
    let mut files = place::set_of(&place.database());
    files.reverse();
    for path in files {
        let to = aside.join(path.file_name().unwrap_or_default());
        fs::rename(&path, &to).map_err(|error| StoreError::file(&path, error))?;
    }
    Ok(aside)
}

/// Opens the copy, with a sound header in place of one that is none.
fn open_damaged(copy: &Path) -> Option<Connection> {
    let open = || -> Result<Connection, StoreError> {
        let db = Connection::open(copy)?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(db)
    };
    open().or_else(|_| patch_header(copy).map_err(StoreError::from).and_then(|()| open())).ok()
}

/// Writes the 100 bytes that every database of ours begins with (SQLite's file format, 1.3). The
/// size is left to the file: its field counts only if two others agree. A file that was cut off
/// gets empty pages for those it names and does not have: one of them would keep all of its tables
/// from being known.
fn patch_header(copy: &Path) -> Result<(), crate::chat::Fault> {
    let patch = || -> std::io::Result<()> {
        let mut bytes = fs::read(copy)?;
        if bytes.len() < 100 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let named = bytes[28..32].iter().fold(0, |pages, byte| pages << 8 | usize::from(*byte));
        let most = bytes.len().saturating_mul(GROWTH_MAX);
        let whole = named.saturating_mul(4096).clamp(bytes.len(), most);
        bytes.resize(whole.div_ceil(4096) * 4096, 0);
        bytes[..100].fill(0);
        bytes[..16].copy_from_slice(b"SQLite format 3\0");
        bytes[16..24].copy_from_slice(&[0x10, 0, 2, 2, 0, 64, 32, 32]);
        bytes[27] = 1;
        bytes[47] = 4;
        bytes[59] = 1;
        fs::write(copy, bytes)
    };
    patch().map_err(|error| crate::chat::Fault::new(error.to_string()))
}

/// Copies what can be read, and makes a whole of it.
fn take(
    damaged: &Connection,
    db: &mut Connection,
    salvaged: &mut Salvage,
) -> Result<(), StoreError> {
    // What belongs to a row that is lost is taken in all the same, and mended.
    db.pragma_update(None, "foreign_keys", false)?;
    let transaction = db.transaction()?;
    for (table, key) in TABLES {
        let columns = columns(&transaction, table)?;
        let marks: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
        let (names, marks) = (columns.join(", "), marks.join(", "));
        let mut put = transaction
            .prepare(&format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"))?;
        let mut rows = Rows { db: damaged, table, key, names: &names, lost: 0 };
        rows.each(&mut |values| {
            // What the rules of a table refuse is damage as well.
            put.execute(params_from_iter(values)).unwrap_or(0) == 1
        });
        salvaged.lost += rows.lost;
    }
    salvaged.lost += empty(&transaction)?;
    mend(&transaction)?;
    search::index_all(&transaction)?;
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        transaction.query_row(&sql, [], |row| row.get::<_, i64>(0))
    };
    salvaged.sessions = u64::try_from(count("session")?).unwrap_or(0);
    salvaged.messages = u64::try_from(count("message")?).unwrap_or(0);
    transaction.commit()?;
    Ok(())
}

fn columns(db: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut find = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = find.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Takes out what is no JSON any more, so that what is around it can be read; returns how many
/// messages and settings were hit.
fn empty(db: &Connection) -> Result<u64, StoreError> {
    let changes = [
        "UPDATE message SET parts = '[]' WHERE NOT json_valid(parts)",
        "UPDATE message SET answer = NULL WHERE answer IS NOT NULL AND NOT json_valid(answer)",
        "DELETE FROM settings WHERE NOT json_valid(body)",
        "UPDATE session SET queued = '[]' WHERE NOT json_valid(queued)",
    ];
    changes.iter().try_fold(0, |hit, sql| Ok(hit + db.execute(sql, [])? as u64))
}

/// Gives messages a session, a way to the top and a leaf, where those were lost.
fn mend(db: &Connection) -> Result<(), StoreError> {
    db.execute_batch(
        "INSERT INTO session (n, id, title, profile, mode, privacy, created, updated, archived,
             leaf, draft, cursor, queued)
         SELECT m.session, randomblob(16), 'Recovered', 'default', 'local-only', 'local-only',
             min(m.created), max(m.created), 0, NULL, '', 0, '[]'
         FROM message m WHERE m.session NOT IN (SELECT n FROM session) GROUP BY m.session;
         DELETE FROM tag WHERE session NOT IN (SELECT n FROM session);
         DELETE FROM chunk WHERE message NOT IN (SELECT n FROM message);
         UPDATE message SET settings = NULL
         WHERE settings IS NOT NULL AND settings NOT IN (SELECT n FROM settings);
         UPDATE message SET parent = NULL WHERE parent IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM message p WHERE p.session = message.session AND p.id = message.parent);
         UPDATE session SET leaf = (
             SELECT id FROM message WHERE session = session.n ORDER BY n DESC LIMIT 1)
         WHERE leaf IS NULL OR NOT EXISTS (
             SELECT 1 FROM message m WHERE m.session = session.n AND m.id = session.leaf);",
    )?;
    Ok(())
}

/// The rows of a damaged table.
struct Rows<'a> {
    db: &'a Connection,
    table: &'a str,
    key: Option<&'a str>,
    names: &'a str,
    lost: u64,
}

impl Rows<'_> {
    /// Hands over every row that can be read. Where one cannot, those after it are sought by their
    /// keys, in steps that double.
    fn each(&mut self, put: &mut dyn FnMut(Vec<Value>) -> bool) {
        let mut after = i64::MIN;
        loop {
            let ended = self.run(&mut after, put);
            if ended || self.key.is_none() {
                self.lost += u64::from(!ended);
                return;
            }
            let Some(next) = self.next_readable(after) else {
                self.lost += 1;
                return;
            };
            self.lost +=
                u64::try_from(next.saturating_sub(after.max(0)).saturating_sub(1)).unwrap_or(1);
            after = next - 1;
        }
    }

    /// Hands rows over until there is none left, or one cannot be read; returns which.
    fn run(&mut self, after: &mut i64, put: &mut dyn FnMut(Vec<Value>) -> bool) -> bool {
        let (table, names) = (self.table, self.names);
        let sql = match self.key {
            Some(key) => {
                format!("SELECT {key}, {names} FROM {table} WHERE {key} > ?1 ORDER BY {key}")
            }
            None => format!("SELECT 0, {names} FROM {table} WHERE ?1 IS NOT NULL"),
        };
        let Ok(mut find) = self.db.prepare(&sql) else { return false };
        let count = find.column_count();
        let Ok(mut rows) = find.query([*after]) else { return false };
        loop {
            match rows.next() {
                Ok(None) => return true,
                Ok(Some(row)) => {
                    let Ok(key) = row.get::<_, i64>(0) else { return false };
                    let values: Result<Vec<Value>, _> = (1..count).map(|at| row.get(at)).collect();
                    *after = key;
                    let taken = values.is_ok_and(&mut *put);
                    self.lost += u64::from(!taken);
                }
                Err(_) => return false,
            }
        }
    }

    /// Returns the smallest key that is found by doubling the distance.
    fn next_readable(&self, after: i64) -> Option<i64> {
        let key = self.key?;
        let sql =
            format!("SELECT {key} FROM {} WHERE {key} > ?1 ORDER BY {key} LIMIT 1", self.table);
        let after = after.max(0);
        (0..62_u32).find_map(|step| {
            let from = after.checked_add(1_i64 << step)?;
            self.db.query_row(&sql, [from], |row| row.get(0)).ok()
        })
    }
}
