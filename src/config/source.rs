//! A file's tables, read key by key: what is refused is named with its place.
//!
//! Never: which keys there are; `raw` says that.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::ConfigError;
use crate::config::Place;
use crate::config::hint::quoted;
use crate::config::nearest;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// Why a value is refused: "must be `expected`, not `found`".
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) hint: Option<String>,
}

/// The text of one file.
#[derive(Debug)]
pub(super) struct Source<'a> {
    file: Arc<str>,
    text: &'a str,
    /// Where each key stands that was read, by its full name.
    keys: RefCell<BTreeMap<String, Place>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &str, text: &'a str) -> Self {
        // A byte order mark is no column of the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { file: file.into(), text, keys: RefCell::default() }
    }

    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let start = error.span().map_or(self.text.len(), |span| span.start);
            ConfigError::at(&self.place(start), error.message())
        })
    }

    /// Returns where each key stands that was read, by its full name (`engine.max_turns`).
    pub(super) fn into_keys(self) -> BTreeMap<String, Place> {
        self.keys.into_inner()
    }

    fn remember(&self, key: String, place: &Place) {
        self.keys.borrow_mut().insert(key, place.clone());
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// One table of a file; what is not taken from it before [`Table::end`] is unknown.
#[derive(Debug)]
pub(super) struct Table<'a> {
    source: &'a Source<'a>,
    name: String,
    place: Place,
    entries: BTreeMap<&'a str, (Range<usize>, &'a Spanned<DeValue<'a>>)>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// Begins with the file's outermost table.
    pub(super) fn root(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(source, String::new(), 0, table)
    }

    fn new(source: &'a Source<'a>, name: String, start: usize, table: &'a DeTable<'a>) -> Self {
        let entries =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span(), value)));
        let place = source.place(start);
        Self { source, name, place, entries: entries.collect(), known: Vec::new() }
    }

    /// Returns where the table begins.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Takes the value of `key`, read by `read`.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Refusal>,
    ) -> Result<Option<T>, ConfigError> {
        Ok(self.take_at(key, read)?.map(|at| at.value))
    }

    /// Takes the value of `key`, read by `read`, and keeps its place.
    pub(super) fn take_at<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Refusal>,
    ) -> Result<Option<At<T>>, ConfigError> {
        self.known.push(key);
        let Some((_, spanned)) = self.entries.remove(key) else { return Ok(None) };
        let place = self.source.place(spanned.span().start);
        match read(spanned.get_ref()) {
            Ok(value) => {
                self.source.remember(self.full(key), &place);
                Ok(Some(At { value, place }))
            }
            Err(refusal) => Err(self.refused(key, &place, refusal)),
        }
    }

    /// Takes the table under `key`.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, ConfigError> {
        self.known.push(key);
        let Some((at, spanned)) = self.entries.remove(key) else { return Ok(None) };
        self.inner(key, at.start, spanned).map(Some)
    }

    /// Turns a table of named tables into these, in the order of their names.
    pub(super) fn into_named(self) -> Result<Vec<(&'a str, Self)>, ConfigError> {
        let tables = self.entries.iter().map(|(&name, (at, spanned))| {
            if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
                let message = format!("a name in [{}] is empty or has a space in it", self.name);
                return Err(ConfigError::at(&self.source.place(at.start), message));
            }
            Ok((name, self.inner(name, at.start, spanned)?))
        });
        tables.collect()
    }

    /// Reads every value of a table whose keys may be anything, in the order of the file.
    pub(super) fn into_values<T>(
        self,
        read: impl Fn(&DeValue<'_>) -> Result<T, Refusal>,
    ) -> Result<Vec<(String, At<T>)>, ConfigError> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(_, (at, _))| at.start);
        let values = entries.into_iter().map(|(key, (at, spanned))| {
            let value = read(spanned.get_ref()).map_err(|refusal| {
                self.refused(key, &self.source.place(spanned.span().start), refusal)
            })?;
            Ok(((*key).to_owned(), At { value, place: self.source.place(at.start) }))
        });
        values.collect()
    }

    /// Ends the table.
    ///
    /// # Errors
    /// There is a key that nothing has taken: the first in the file, with the nearest known one.
    pub(super) fn end(self) -> Result<(), ConfigError> {
        let first = self.entries.iter().min_by_key(|(_, (at, _))| at.start);
        let Some((key, (at, _))) = first else { return Ok(()) };
        let place = self.source.place(at.start);
        let error = ConfigError::at(&place, format!("unknown key {}", self.key(key)));
        Err(match nearest(key, self.known.iter().copied()) {
            Some(near) => error.did_you_mean(Some(near)),
            None => error.hint(format!("known here: {}", self.known.join(", "))),
        })
    }

    fn inner(
        &self,
        key: &str,
        start: usize,
        spanned: &'a Spanned<DeValue<'a>>,
    ) -> Result<Self, ConfigError> {
        match spanned.get_ref() {
            DeValue::Table(table) => {
                let inner = Self::new(self.source, self.full(key), start, table);
                self.source.remember(inner.name.clone(), &inner.place);
                Ok(inner)
            }
            other => {
                let place = self.source.place(spanned.span().start);
                Err(self.refused(key, &place, Refusal::kind("a table", other)))
            }
        }
    }

    /// Returns a key with the names of the tables around it.
    fn full(&self, key: &str) -> String {
        let dot = if self.name.is_empty() { "" } else { "." };
        format!("{}{dot}{key}", self.name)
    }

    fn refused(&self, key: &str, place: &Place, refusal: Refusal) -> ConfigError {
        let Refusal { expected, found, hint } = refusal;
        let message = format!("{} must be {expected}, not {found}", self.key(key));
        let error = ConfigError::at(place, message);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// Names a key for a message.
    fn key(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => quoted(key),
            table => format!("{} in [{table}]", quoted(key)),
        }
    }
}

impl Refusal {
    /// The value has the wrong type.
    pub(super) fn kind(expected: &str, found: &DeValue<'_>) -> Self {
        let found = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        Self::value(expected, found)
    }

    /// The value is impossible.
    pub(super) fn value(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), hint: None }
    }
}
