//! The models that the program knows by name.

/// A model that the program knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The name in profiles and flags.
    pub name: &'static str,
    /// The file in the directory of models.
    pub file: &'static str,
    /// The file's size.
    pub bytes: u64,
    /// The file's SHA-256 in lower-case hex.
    pub sha256: &'static str,
    /// The command that fetches it.
    pub fetch: &'static str,
}

/// Every known model.
pub const CATALOGUE: &[CatalogueEntry] = &[CatalogueEntry {
    name: "smollm2-135m-instruct",
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    fetch: "scripts/run",
}];

impl CatalogueEntry {
    /// Finds a known model by name, whatever the letters' case.
    pub fn find(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }
}
