//! Reading, on connections of their own: nothing here waits for the writer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;

use crate::chat::Draft;
use crate::chat::Fault;
use crate::chat::Imported;
use crate::chat::MessageId;
use crate::chat::Mode;
use crate::chat::Node;
use crate::chat::PrivacyClass;
use crate::chat::ScrollAnchor;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;
use crate::chat::Tree;
use crate::route::Lesson;
use crate::store::connect;
use crate::store::error::StoreError;
use crate::store::lesson;
use crate::store::migrate;
use crate::store::migrate::Kind;
use crate::store::place;
use crate::store::place::Place;
use crate::store::remove;
use crate::store::row;
use crate::store::wire;

/// The columns that [`info`] reads.
pub(super) const INFO: &str = "s.n, s.id, s.title, s.profile, s.mode, s.privacy, s.created, s.updated, \
     s.archived, s.leaf, s.draft, s.cursor, s.queued, s.scroll_message, s.scroll_line";

/// A way into what is stored; make one per thread.
#[derive(Debug)]
pub struct Reader {
    pub(super) db: Connection,
}

/// How a reader finds the store.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A database that is written to.
    Live(PathBuf),
    /// One that cannot be written to.
    Frozen(PathBuf),
    /// None: an empty one in memory stands for it.
    Nothing,
}

impl Source {
    pub(super) fn open(&self) -> Result<Reader, StoreError> {
        let db = match self {
            Self::Live(path) => connect::reader(path)?,
            Self::Frozen(path) => connect::read_only(path)?,
            Self::Nothing => {
                let mut db = Connection::open_in_memory()?;
                migrate::migrate(&mut db)?;
                db
            }
        };
        Ok(Reader { db })
    }
}

/// One message on the path, and what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct PathNode {
    /// The message.
    pub node: Node,
    /// All that follow the same message, itself included, oldest first.
    pub siblings: Vec<MessageId>,
}

/// A stretch of the path to a leaf, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The messages.
    pub nodes: Vec<PathNode>,
    /// Whether the path has earlier ones.
    pub more: bool,
}

impl Page {
    /// Adds its messages to a tree.
    pub fn load_into(self, tree: &mut Tree) {
        for PathNode { node, siblings } in self.nodes.into_iter().rev() {
            tree.load(node, siblings);
        }
    }
}

impl Reader {
    /// Opens a store that needs nothing done to it, for a look before [`Store::open`] is through:
    /// nothing is made, mended or brought up to date.
    ///
    /// # Errors
    /// There is none, or none of this schema.
    ///
    /// [`Store::open`]: crate::store::Store::open
    pub fn glance(place: &Place) -> Result<Self, StoreError> {
        let database = place.database();
        let journaled = place::set_of(&database).len() > 1;
        if !place::is_database(&database)? {
            return Err(StoreError::Damaged("it is no database".to_owned()));
        }
        let db = connect::reader(&database)?;
        // A log that was there may be a dead program's: whether it is sound is looked at later. One
        // that was not goes again, or it would be taken for such a log.
        connect::keep_log(&db, journaled)?;
        match migrate::kind(&db)? {
            Kind::Ours(migrate::VERSION) => Ok(Self { db }),
            _ => Err(Fault::new("the store of conversations is not up to date").into()),
        }
    }

    /// Returns what is known of a session.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, StoreError> {
        let sql = format!("SELECT {INFO} FROM session s WHERE s.id = ?1");
        let mut find = self.db.prepare_cached(&sql)?;
        let mut rows = find.query([row::blob(id.0)])?;
        rows.next()?.map(|row| info(&self.db, row)).transpose()
    }

    /// Returns what is remembered of endpoints.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn lessons(&self) -> Result<Vec<Lesson>, StoreError> {
        lesson::all(&self.db)
    }

    /// Returns the newest `limit` messages of the path to the session's selected leaf.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn newest(&self, session: SessionId, limit: u32) -> Result<Page, StoreError> {
        match self.session(session)?.and_then(|info| info.leaf) {
            Some(leaf) => self.path(session, leaf, limit),
            None => Ok(Page::default()),
        }
    }

    /// Returns the last `limit` messages of the path that ends with `end`; the page before one
    /// that begins with a message is the path that ends with its parent.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn path(&self, session: SessionId, end: MessageId, limit: u32) -> Result<Page, StoreError> {
        let sql = format!(
            "WITH RECURSIVE way (n, parent, depth) AS (
                 SELECT n, parent, 1 FROM message
                 WHERE session = (SELECT n FROM session WHERE id = ?1) AND id = ?2
                 UNION ALL
                 SELECT m.n, m.parent, way.depth + 1 FROM message m, way
                 WHERE m.session = (SELECT n FROM session WHERE id = ?1) AND m.id = way.parent
                 AND way.depth <= ?3)
             SELECT {}, m.session FROM way JOIN message m USING (n) ORDER BY way.depth DESC",
            row::NODE
        );
        let mut find = self.db.prepare_cached(&sql)?;
        let id = row::blob(session.0);
        let mut rows = find.query(params![id, row::blob(end.0), limit])?;
        let mut nodes = Vec::new();
        while let Some(row) = rows.next()? {
            let node = row::node(&self.db, row)?;
            let siblings = self.children(row.get(9)?, node.parent)?;
            nodes.push(PathNode { node, siblings });
        }
        let more = nodes.len() > limit as usize;
        if more {
            nodes.remove(0);
        }
        Ok(Page { nodes, more })
    }

    /// Returns the leaf that is met below a message by always taking the newest child; the message
    /// itself if it has none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn newest_leaf(
        &self,
        session: SessionId,
        below: MessageId,
    ) -> Result<Option<MessageId>, StoreError> {
        let Some(n) = row::look_up(&self.db, session)? else { return Ok(None) };
        let leaf = remove::newest_below(&self.db, n, Some(row::blob(below.0)))?;
        Ok(leaf.map(|leaf| MessageId(u128::from_be_bytes(leaf))))
    }

    /// Returns every message of a session, parents before their children.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn nodes(&self, session: SessionId) -> Result<Vec<Node>, StoreError> {
        let sql = format!(
            "SELECT {} FROM message m
             WHERE m.session = (SELECT n FROM session WHERE id = ?1) ORDER BY m.n",
            row::NODE
        );
        let mut find = self.db.prepare_cached(&sql)?;
        let mut rows = find.query([row::blob(session.0)])?;
        let mut nodes = Vec::new();
        while let Some(row) = rows.next()? {
            nodes.push(row::node(&self.db, row)?);
        }
        Ok(nodes)
    }

    /// Returns all there is of a session, as of one moment.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn whole(&self, session: SessionId) -> Result<Option<Imported>, StoreError> {
        let moment = self.db.unchecked_transaction()?;
        let Some(info) = self.session(session)? else { return Ok(None) };
        let (nodes, classes) = (self.nodes(session)?, self.classes(session, info.privacy)?);
        moment.finish()?;
        Ok(Some(Imported { info, nodes, classes }))
    }

    /// Returns the classes of the messages whose class is not the session's.
    fn classes(
        &self,
        session: SessionId,
        class: PrivacyClass,
    ) -> Result<BTreeMap<MessageId, PrivacyClass>, StoreError> {
        // One that could not be brought up to date may be older than they are.
        let known = "SELECT 1 FROM pragma_table_info('message') WHERE name = 'privacy'";
        if !self.db.prepare_cached(known)?.exists([])? {
            return Ok(BTreeMap::new());
        }
        let mut find = self.db.prepare_cached(
            "SELECT id, privacy FROM message
             WHERE session = (SELECT n FROM session WHERE id = ?1) AND privacy <> ?2",
        )?;
        let rows = find.query_map(params![row::blob(session.0), class.name()], |row| {
            let name: String = row.get(1)?;
            Ok((MessageId(row::id(row, 0)?), self::class(&name)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns a whole session as a tree.
    ///
    /// # Errors
    /// It cannot be read, or is no tree.
    pub fn tree(&self, session: SessionId) -> Result<Tree, StoreError> {
        let leaf = self.session(session)?.and_then(|info| info.leaf);
        Tree::of(self.nodes(session)?, leaf).map_err(|error| Fault::new(error.to_string()).into())
    }

    /// Returns a number that changes whenever anybody else has written.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn version(&self) -> Result<i64, StoreError> {
        Ok(self.db.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    fn children(
        &self,
        session: i64,
        parent: Option<MessageId>,
    ) -> Result<Vec<MessageId>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT id FROM message WHERE session = ?1 AND parent IS ?2 ORDER BY n",
        )?;
        let parent = parent.map(|parent| row::blob(parent.0));
        let ids = find.query_map(params![session, parent], |row| row::id(row, 0))?;
        Ok(ids.map(|id| id.map(MessageId)).collect::<Result<_, _>>()?)
    }

    /// Returns whether anybody answers in the session right now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_answering(&self, session: SessionId) -> Result<bool, StoreError> {
        let held = self
            .db
            .prepare_cached(
                "SELECT 1 FROM lease WHERE session = (SELECT n FROM session WHERE id = ?1)",
            )?
            .query_row([row::blob(session.0)], |_| Ok(()))
            .optional()?;
        Ok(held.is_some())
    }
}

/// Reads a session from the columns of [`INFO`].
pub(super) fn info(db: &Connection, row: &Row<'_>) -> Result<SessionInfo, StoreError> {
    let n: i64 = row.get(0)?;
    let (mode, privacy): (String, String) = (row.get(4)?, row.get(5)?);
    let mode = Mode::NAMES.iter().find(|(name, _)| *name == mode).map(|(_, mode)| *mode);
    let scroll = match (row::maybe_id(row, 13)?, row.get::<_, Option<u32>>(14)?) {
        (Some(message), Some(line)) => Some(ScrollAnchor { message: MessageId(message), line }),
        _ => None,
    };
    let mut tags = db.prepare_cached("SELECT tag FROM tag WHERE session = ?1 ORDER BY tag")?;
    let tags = tags.query_map([n], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(SessionInfo {
        id: SessionId(row::id(row, 1)?),
        title: row.get(2)?,
        profile: row.get(3)?,
        // A mode that is not known here allows the least.
        mode: mode.unwrap_or(Mode::LocalOnly),
        privacy: class(&privacy),
        created: Timestamp(row.get(6)?),
        updated: Timestamp(row.get(7)?),
        archived: row.get(8)?,
        leaf: row::maybe_id(row, 9)?.map(MessageId),
        draft: Draft {
            text: row.get(10)?,
            cursor: u64::try_from(row.get::<_, i64>(11)?).unwrap_or(0),
        },
        queued: wire::read(row::text(row, 12)?)?,
        scroll,
        tags,
    })
}

/// Returns the class of a name; one that is not known here allows the least.
fn class(name: &str) -> PrivacyClass {
    let known = PrivacyClass::NAMES.iter().find(|(known, _)| *known == name);
    known.map_or(PrivacyClass::LocalOnly, |(_, class)| *class)
}
