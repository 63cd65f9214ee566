//! Lists of sessions, and finding one by what a person says.

use rusqlite::ToSql;

use crate::chat::Listed;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::read;
use crate::store::read::INFO;
use crate::store::read::Reader;

/// What is looked for; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The session's profile.
    pub profile: Option<String>,
    /// A model that answered; in a search, the one that gave the answer found.
    pub model: Option<String>,
    /// A route that was taken, as [`Route`](crate::chat::Route) displays: `local`,
    /// `remote:ENDPOINT`, or `remote` for any endpoint.
    pub route: Option<String>,
    /// A tag that it has.
    pub tag: Option<String>,
    /// Changed at this time or later.
    pub since: Option<Timestamp>,
    /// Changed before this time.
    pub before: Option<Timestamp>,
    /// Whether archived ones are shown as well.
    pub archived: bool,
}

/// What became of looking for one session.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// This one.
    One(Box<Listed>),
    /// Several; newest first.
    Many(Vec<Listed>),
    /// None; these are the nearest.
    None(Vec<Listed>),
}

/// The most sessions that are named instead of one.
const NEAREST: u32 = 5;

impl Reader {
    /// Returns sessions, the one that changed last first.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn sessions(&self, filter: &Filter, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let mut wanted = Wanted::default();
        wanted.session(filter);
        wanted.answer(filter);
        let sql = format!(
            "SELECT {INFO}, (SELECT count(*) FROM message c WHERE c.session = s.n),
                 EXISTS (SELECT 1 FROM lease WHERE lease.session = s.n)
             FROM session s WHERE {} ORDER BY s.updated DESC, s.n DESC LIMIT {limit}",
            wanted.sql()
        );
        let mut find = self.db.prepare_cached(&sql)?;
        let mut rows = find.query(wanted.values().as_slice())?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            listed.push(Listed {
                info: read::info(&self.db, row)?,
                messages: u64::try_from(row.get::<_, i64>(15)?).unwrap_or(0),
                answering: row.get(16)?,
            });
        }
        Ok(listed)
    }

    /// Finds one session by `last`, by its identity or the beginning of it, or by its title.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(&self, word: &str) -> Result<Found, StoreError> {
        let all = Filter { archived: true, ..Filter::default() };
        if word == "last" {
            let newest = self.sessions(&Filter::default(), 1)?.pop();
            return match newest {
                Some(one) => Ok(Found::One(Box::new(one))),
                // Those that are out of the lists are never meant, and can be named.
                None => Ok(Found::None(self.sessions(&all, NEAREST)?)),
            };
        }
        let listed = self.sessions(&all, u32::MAX)?;
        let digits = word.replace('-', "").to_ascii_lowercase();
        let hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let begins = |id: SessionId| hex && format!("{:032x}", id.0).starts_with(&digits);
        let (by_id, rest): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|one| begins(one.info.id));
        if !by_id.is_empty() {
            return Ok(only(by_id));
        }
        let folded = word.to_lowercase();
        let (by_title, rest): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|one| one.info.title.to_lowercase() == folded);
        if !by_title.is_empty() {
            return Ok(only(by_title));
        }
        Ok(Found::None(nearest(rest, &folded, &digits)))
    }
}

fn only(mut found: Vec<Listed>) -> Found {
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Found::One(Box::new(one)),
        (one, _) => {
            found.extend(one);
            Found::Many(found)
        }
    }
}

/// Returns those whose title has the word, then those whose identity begins alike.
fn nearest(sessions: Vec<Listed>, word: &str, digits: &str) -> Vec<Listed> {
    let alike = |one: &Listed| {
        let id = format!("{:032x}", one.info.id.0);
        let same = id.bytes().zip(digits.bytes()).take_while(|(a, b)| a == b).count();
        (!one.info.title.to_lowercase().contains(word), usize::MAX - same)
    };
    let mut sessions = sessions;
    sessions.sort_by_key(alike);
    sessions.truncate(NEAREST as usize);
    sessions
}

/// Conditions with their values.
#[derive(Default)]
pub(super) struct Wanted {
    conditions: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Wanted {
    /// Adds a condition whose value is `?`.
    pub(super) fn value(&mut self, condition: &str, value: impl ToSql + 'static) {
        self.values.push(Box::new(value));
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    /// What a session `s` has to be.
    pub(super) fn session(&mut self, filter: &Filter) {
        if !filter.archived {
            self.conditions.push("s.archived = 0".to_owned());
        }
        if let Some(profile) = &filter.profile {
            self.value("s.profile = ?", profile.clone());
        }
        if let Some(tag) = &filter.tag {
            let has = "EXISTS (SELECT 1 FROM tag WHERE tag.session = s.n AND tag.tag = ?)";
            self.value(has, tag.clone());
        }
        if let Some(since) = filter.since {
            self.value("s.updated >= ?", since.0);
        }
        if let Some(before) = filter.before {
            self.value("s.updated < ?", before.0);
        }
    }

    /// What one of the answers of a session `s` has to be.
    fn answer(&mut self, filter: &Filter) {
        const ANY: &str = "EXISTS (SELECT 1 FROM message m WHERE m.session = s.n AND ";
        if let Some(model) = &filter.model {
            self.value(&format!("{ANY} m.model = ?)"), model.clone());
        }
        if let Some(route) = &filter.route {
            self.value(&format!("{ANY} m.route GLOB ?)"), route_pattern(route));
        }
    }

    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() { "1".to_owned() } else { self.conditions.join(" AND ") }
    }

    pub(super) fn values(&self) -> Vec<&dyn ToSql> {
        self.values.iter().map(|value| &**value).collect()
    }
}

/// Returns a pattern of SQLite's `GLOB` that matches the route and nothing else.
pub(super) fn route_pattern(route: &str) -> String {
    if route == "remote" {
        return "remote:*".to_owned();
    }
    let literal = |c: char| match c {
        '*' | '?' | '[' => format!("[{c}]"),
        c => c.to_string(),
    };
    route.chars().map(literal).collect()
}
