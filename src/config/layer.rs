//! One configuration file, read into raw values that know their place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use crate::config::ConfigError;
use crate::config::Place;
use crate::config::raw::RawFile;
use crate::config::source::Source;
use crate::config::source::Table;

/// A configuration that is longer was not written by a person.
const MAX_BYTES: u64 = 1024 * 1024;

/// One configuration file, read but not yet resolved.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    pub(super) raw: RawFile,
    /// Where each key stands that the file has, by its full name.
    pub(super) keys: BTreeMap<String, Place>,
}

impl Layer {
    /// Reads the text of a file that is shown to the user as `file`.
    ///
    /// # Errors
    /// The text is not TOML, has an unknown key, a wrong type or an impossible value.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let source = Source::new(file, text);
        let document = source.parse()?;
        let raw = RawFile::read(Table::root(&source, document.get_ref()))?;
        drop(document);
        Ok(Self { raw, keys: source.into_keys() })
    }

    /// Reads the file at `path`; a missing file is `None`.
    ///
    /// # Errors
    /// As for [`Layer::parse`], or the file cannot be read, is longer than 1 MiB or no UTF-8.
    pub fn read(path: &Path) -> Result<Option<Self>, ConfigError> {
        let file = path.display().to_string();
        let bytes = match read_capped(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ConfigError::new(format!("cannot read {file}: {error}"))),
        };
        if bytes.len() as u64 > MAX_BYTES {
            return Err(ConfigError::new(format!("{file} is longer than 1 MiB")));
        }
        let text = str::from_utf8(&bytes).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let valid = String::from_utf8_lossy(valid);
            let place = Source::new(&file, &valid).place(valid.len());
            ConfigError::at(&place, "not UTF-8 from here")
        })?;
        Self::parse(&file, text).map(Some)
    }
}

/// Reads one byte more than allowed at most, so that too much is noticed.
fn read_capped(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
