//! The models that the program knows by name: `assets/models.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/models.toml"));

/// What the program and a step of a small model take at most.
const COMPUTE_BYTES: u64 = 150 << 20;

/// A model that the program knows by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// The name in profiles and flags.
    pub name: String,
    /// The file in the directory of models.
    pub file: String,
    /// Where the hub has it, as `org/repo:quant`.
    pub repository: Option<String>,
    /// The file's size.
    pub bytes: Option<u64>,
    /// The file's SHA-256 in lower-case hex, where it could be verified.
    pub sha256: Option<String>,
    /// Bytes of keys and values for one token of context.
    pub kv_token_bytes: u64,
    /// Its licence, as SPDX writes it.
    pub licence: String,
    /// The command that fetches it, where that is not `edgewise models pull`.
    pub fetch: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    model: Vec<CatalogueEntry>,
}

/// Returns every known model.
///
/// # Panics
/// Never: a test reads the file that is built in.
pub fn catalogue() -> &'static [CatalogueEntry] {
    static ENTRIES: OnceLock<Vec<CatalogueEntry>> = OnceLock::new();
    ENTRIES.get_or_init(|| toml::from_str::<Catalogue>(FILE).expect("the built-in file").model)
}

impl CatalogueEntry {
    /// Finds a known model by name, whatever the letters' case.
    pub fn find(name: &str) -> Option<&'static Self> {
        catalogue().iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// Returns about how many bytes it takes with room for `tokens`, where its size is known: what
    /// [`Footprint`](crate::gguf::Footprint) counts exactly once the file is here.
    pub fn takes(&self, tokens: u32) -> Option<u64> {
        let kv = self.kv_token_bytes.saturating_mul(u64::from(tokens));
        Some(self.bytes?.saturating_add(kv).saturating_add(COMPUTE_BYTES))
    }

    /// Says what to do where it is not here: how it is fetched, and where that needs more than this
    /// program, what fetches another one.
    pub fn remedy(&self) -> String {
        let hub = catalogue().iter().find(|entry| entry.repository.is_some());
        match hub.filter(|_| self.repository.is_none()) {
            Some(other) => format!("run {} to fetch it, or {}", self.fetch(), other.fetch()),
            None => format!("run {} to fetch it", self.fetch()),
        }
    }

    /// Returns the command that fetches it.
    pub fn fetch(&self) -> String {
        self.fetch.clone().unwrap_or_else(|| format!("edgewise models pull {}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::config::DEFAULT_MODEL;
    use crate::models::Wanted;
    use crate::models::file_name;

    #[test]
    fn every_entry_can_be_fetched_and_found_again() {
        let mut names = HashSet::new();
        for entry in catalogue() {
            assert!(names.insert(&entry.name), "{entry:?} is there twice");
            assert_eq!(file_name::safe(&entry.file).as_ref(), Ok(&entry.file));
            assert!(entry.repository.is_some() || entry.fetch.is_some(), "{entry:?}");
            if let Some(repository) = &entry.repository {
                Wanted::read(repository).expect(repository);
                let stem = entry.file.strip_suffix(".gguf").expect("a model file");
                let variant = file_name::quantisation(stem).expect("a quantisation");
                let wanted = repository.rsplit_once(':').expect("a variant").1;
                assert!(wanted.eq_ignore_ascii_case(variant), "{entry:?}");
            }
            let hex =
                |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(entry.sha256.as_ref().is_none_or(hex), "{entry:?}");
        }
        assert!(CatalogueEntry::find(DEFAULT_MODEL).is_some());
    }
}
