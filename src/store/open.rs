//! Opening: what is found, what is done about it, and what the user is told.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;

use crate::chat::Fault;
use crate::chat::Timestamp;
use crate::store::Store;
use crate::store::access::Access;
use crate::store::apply;
use crate::store::backup;
use crate::store::connect;
use crate::store::connect::Journal;
use crate::store::connect::Synchronous;
use crate::store::error::StoreError;
use crate::store::locks::Locks;
use crate::store::locks::Opening;
use crate::store::migrate;
use crate::store::migrate::Kind;
use crate::store::network::is_network;
use crate::store::place;
use crate::store::place::Place;
use crate::store::read::Source;
use crate::store::salvage;
use crate::store::salvage::Salvage;

/// How a store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// When SQLite syncs.
    pub synchronous: Synchronous,
    /// Take the directory for one on another machine, whatever it is.
    pub network: bool,
}

/// A store, and what happened while it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store; it can be used whatever happened.
    pub store: Store,
    /// What happened, in order; nothing, mostly.
    pub notes: Vec<Note>,
}

/// One thing that happened while the store was opened.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// There was none: it was made.
    Fresh,
    /// It was brought to a newer schema; the file as it was is kept.
    Migrated {
        /// From this version.
        from: i32,
        /// To this one.
        to: i32,
        /// The copy of before.
        backup: PathBuf,
    },
    /// It was damaged: it was set aside, and what could be read of it is there.
    Salvaged(Salvage),
    /// There was a database of another program in its place; it was set aside.
    Foreign(PathBuf),
    /// Answers whose window died were ended where they had come to.
    Interrupted(u64),
    /// Others could read it; they no longer can.
    WasOpenToOthers(PathBuf),
    /// It is on another machine: a slower journal is kept, and one program at a time has it open.
    Network,
    /// Nothing will be saved; what is there can be read, if anything is.
    ReadOnly(Fault),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("conversations are saved from now on"),
            Self::Migrated { from, to, backup } => write!(
                f,
                "the conversations were brought from schema {from} to {to}; as they were: {}",
                backup.display()
            ),
            Self::Salvaged(Salvage { sessions, messages, lost, aside }) => write!(
                f,
                "the store of conversations was damaged: {sessions} sessions with {messages} messages \
                 could be read, {lost} rows could not; the damaged file: {}",
                aside.display()
            ),
            Self::Foreign(aside) => write!(
                f,
                "a file that is none of ours was in the place of the conversations; it is now in {}",
                aside.display()
            ),
            Self::Interrupted(1) => f.write_str("one answer was cut short when its window died"),
            Self::Interrupted(answers) => {
                write!(f, "{answers} answers were cut short when their window died")
            }
            Self::WasOpenToOthers(path) => {
                write!(f, "{} was open to other users; it is closed to them now", path.display())
            }
            Self::Network => f.write_str(
                "the conversations are on a network drive: one window at a time can save them",
            ),
            Self::ReadOnly(fault) => write!(f, "nothing is saved: {fault}"),
        }
    }
}

impl Store {
    /// Opens the store, or makes it. It never fails: what cannot be used is said in the notes, and
    /// then changes are refused or kept in memory while the chat goes on.
    pub fn open(place: Place, options: Options, now: Timestamp) -> Opened {
        let mut notes = Vec::new();
        let error = match prepare(&place, options, now, &mut notes) {
            Ok(Ready { db, locks }) => {
                let access = Access::new(Source::Live(place.database()), Some(locks));
                let store = Self::start(place, Arc::new(access), Way::Open(db));
                return Opened { store, notes };
            }
            Err(error) => error.at(place.dir()),
        };
        let access = Arc::new(Access::new(frozen(place.database()), None));
        let passes = error.may_pass_at_opening();
        let fault = Fault::from(error);
        let way = if passes {
            // How it stands is said by the store's health, which changes.
            let access = Arc::clone(&access);
            Way::Later(fault, Reopen { place: place.clone(), options, now, access })
        } else {
            notes.push(Note::ReadOnly(fault.clone()));
            Way::Never(fault)
        };
        Opened { store: Self::start(place, access, way), notes }
    }
}

/// How a store is written to.
#[derive(Debug)]
pub(super) enum Way {
    Open(Connection),
    /// It could not be opened for now, and why.
    Later(Fault, Reopen),
    Never(Fault),
}

/// What it takes to open a store again that could not be opened.
#[derive(Debug)]
pub(super) struct Reopen {
    place: Place,
    options: Options,
    now: Timestamp,
    access: Arc<Access>,
}

impl Reopen {
    /// Opens the store, for readers as well.
    pub(super) fn open(&self) -> Result<Connection, StoreError> {
        let opened = prepare(&self.place, self.options, self.now, &mut Vec::new());
        let Ready { db, locks } = opened.map_err(|error| error.at(self.place.dir()))?;
        self.access.set(Source::Live(self.place.database()), locks);
        Ok(db)
    }
}

/// Returns what can be read of a database that cannot be opened as it should.
fn frozen(database: PathBuf) -> Source {
    let ours = |db: Connection| matches!(migrate::kind(&db), Ok(Kind::Ours(_)));
    if connect::read_only(&database).is_ok_and(ours) {
        Source::Frozen(database)
    } else {
        Source::Nothing
    }
}

struct Ready {
    db: Connection,
    locks: Locks,
}

fn prepare(
    place: &Place,
    options: Options,
    now: Timestamp,
    notes: &mut Vec<Note>,
) -> Result<Ready, StoreError> {
    connect::check_version()?;
    place::ensure_dir(place.dir())?;
    let opening = Locks::opening(place)?;
    let network = options.network || is_network(place.dir());
    let journal = if network { Journal::Rollback } else { Journal::Wal };
    if network {
        notes.push(Note::Network);
        if !opening.is_alone() {
            let fault =
                Fault::new("another window has the conversations on the network drive open");
            return Err(fault
                .hint("close it, or set EDGEWISE_DATA_DIR to a local directory")
                .into());
        }
    }
    let database = place.database();
    for path in [place.dir().to_owned(), database.clone()] {
        if place::close_to_others(&path)? {
            notes.push(Note::WasOpenToOthers(path));
        }
    }
    place::ensure_file(&database)?;
    let journaled = place::set_of(&database).len() > 1;
    let open = || sound(&database, journal, options, journaled && opening.is_alone());
    let (mut db, kind) = match open() {
        Ok((_, Kind::Foreign)) => {
            let salvaged = rebuild(place, &opening, now)?;
            notes.push(Note::Foreign(salvaged.aside));
            open()?
        }
        Err(error) if error.is_damage() => {
            notes.push(Note::Salvaged(rebuild(place, &opening, now)?));
            open()?
        }
        opened => opened?,
    };
    match kind {
        Kind::Empty => {
            migrate::migrate(&mut db)?;
            place::sync(&database)?;
            notes.push(Note::Fresh);
        }
        Kind::Ours(version) if version < migrate::VERSION => {
            notes.push(upgrade(place, &opening, &mut db, version)?);
        }
        Kind::Ours(_) | Kind::Foreign => {}
    }
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let ended = apply::reap(&transaction, now)?;
    transaction.commit()?;
    if ended > 0 {
        notes.push(Note::Interrupted(ended));
    }
    let locks = if network { opening.kept() } else { opening.opened()? };
    Ok(Ready { db, locks })
}

/// Brings the file to the newest schema, after a copy of it was made.
fn upgrade(
    place: &Place,
    opening: &Opening,
    db: &mut Connection,
    from: i32,
) -> Result<Note, StoreError> {
    if !opening.is_alone() {
        let fault = Fault::new("another window of an older edgewise has the conversations open");
        return Err(fault.hint("close it and start anew: they are brought up to date then").into());
    }
    let to = migrate::VERSION;
    let backup = place.backups().join(format!("v{from}-to-v{to}.db"));
    backup::copy(db, &backup)?;
    migrate::migrate(db)?;
    Ok(Note::Migrated { from, to, backup })
}

/// Opens the database and looks at what it is; at every page of it, where its last program may have
/// died.
fn sound(
    database: &Path,
    journal: Journal,
    options: Options,
    unclean: bool,
) -> Result<(Connection, Kind), StoreError> {
    // SQLite would delete a log that is beside no database.
    if !place::is_database(database)? {
        return Err(StoreError::Damaged("it is no database".to_owned()));
    }
    // Whose it is comes before any setting that would write to it.
    let look = connect::reader(database)?;
    connect::keep_log(&look, true)?;
    let kind = migrate::kind(&look)?;
    drop(look);
    if matches!(kind, Kind::Foreign) {
        return Ok((Connection::open_in_memory()?, kind));
    }
    if let Kind::Ours(version) = kind
        && version > migrate::VERSION
    {
        return Err(migrate::newer(version).into());
    }
    let db = connect::writer(database, journal, options.synchronous)?;
    if unclean {
        connect::keep_log(&db, true)?;
        let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(StoreError::Damaged(found));
        }
        connect::keep_log(&db, false)?;
    }
    Ok((db, kind))
}

/// Sets a damaged database aside, if nobody else has it open.
fn rebuild(place: &Place, opening: &Opening, now: Timestamp) -> Result<Salvage, StoreError> {
    if !opening.is_alone() {
        let fault =
            Fault::new("the store of conversations is damaged and another window has it open");
        return Err(fault.hint("close every window and start anew").into());
    }
    salvage::salvage(place, now)
}
