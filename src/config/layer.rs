//! One configuration file, read into raw values that know their place.

use std::path::Path;

use crate::config::ConfigError;

/// One configuration file, read but not yet resolved.
#[derive(Clone, Debug, Default)]
pub struct Layer {}

impl Layer {
    /// Reads the text of a file that is shown to the user as `file`.
    ///
    /// # Errors
    /// The text is not TOML, has an unknown key, a wrong type or an impossible value.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let _ = (file, text);
        Ok(Self {})
    }

    /// Reads the file at `path`; a missing file is `None`.
    ///
    /// # Errors
    /// As for [`Layer::parse`], or the file cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, ConfigError> {
        let _ = path;
        Ok(None)
    }
}
