//! What is to be fetched, as the user names it.

use crate::models::ModelError;
use crate::net::Address;

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The file at an address.
    Address {
        /// Scheme, host and port.
        base: Address,
        /// The path below it.
        path: String,
        /// What it should be, where the user says: `#sha256=HEX` behind the address.
        sha256: Option<String>,
    },
    /// A variant of a repository of the hub.
    Repository {
        /// `org/repo`.
        repository: String,
        /// The quantisation or a file's name; the usual one if it is not said.
        variant: Option<String>,
        /// What it should be, where the catalogue says; else what the repository says counts.
        sha256: Option<String>,
    },
}

impl Wanted {
    /// Reads `https://host/path/file.gguf`, with `#sha256=HEX` behind it or not, or
    /// `org/repo[:quant]`.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where it is neither.
    pub fn read(text: &str) -> Result<Self, ModelError> {
        let invalid = |why: &str| {
            let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
            ModelError::Invalid { message: format!("`{shown}`: {why}") }
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            let (rest, sha256) = match rest.split_once("#sha256=") {
                Some((rest, hash)) => (rest, Some(hash.to_ascii_lowercase())),
                None => (rest, None),
            };
            if !sha256.as_deref().is_none_or(is_sha256) {
                return Err(invalid("the hash is no SHA-256 in hex"));
            }
            let (host, path) =
                rest.split_once('/').ok_or_else(|| invalid("the address names no file"))?;
            if path.contains(['?', '#']) {
                return Err(invalid("an address with a query or a fragment"));
            }
            let base = Address::parse(&format!("{scheme}://{host}"))
                .map_err(|error| invalid(&error.to_string()))?;
            return Ok(Self::Address { base, path: path.to_owned(), sha256 });
        }
        let (repository, variant) = match text.split_once(':') {
            Some((repository, variant)) => (repository, Some(variant)),
            None => (text, None),
        };
        let word = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            !text.is_empty() && text.chars().all(plain) && !text.starts_with(['.', '-'])
        };
        let two = repository.split_once('/').is_some_and(|(org, name)| word(org) && word(name));
        if !two || !variant.is_none_or(word) {
            return Err(invalid("neither org/repo[:quant] nor the address of a file"));
        }
        let (repository, variant) = (repository.to_owned(), variant.map(str::to_owned));
        Ok(Self::Repository { repository, variant, sha256: None })
    }
}

/// Tells whether `text` is a SHA-256 in lower-case hex.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_a_repository_or_an_address() {
        let repository = |text: &str| match Wanted::read(text).expect(text) {
            Wanted::Repository { repository, variant, .. } => (repository, variant),
            other @ Wanted::Address { .. } => panic!("{other:?}"),
        };
        assert_eq!(repository("org/Repo-GGUF"), ("org/Repo-GGUF".to_owned(), None));
        let named = repository("org/repo:Q4_K_M");
        assert_eq!(named, ("org/repo".to_owned(), Some("Q4_K_M".to_owned())));
        let hash = "A".repeat(64);
        let url = format!("https://host:8443/a/b.gguf#sha256={hash}");
        let Wanted::Address { base, path, sha256 } = Wanted::read(&url).expect("an address") else {
            panic!("no address")
        };
        assert_eq!((base.origin().host(), path.as_str()), ("host", "a/b.gguf"));
        assert_eq!(sha256, Some("a".repeat(64)));
        for evil in [
            "",
            "repo",
            "a/b/c",
            "../b",
            "a/..",
            "a/b:",
            "a/b:../x",
            "-x/y",
            "ftp://h/a.gguf",
            "https://u:p@h/a.gguf",
            "https://h",
            "https://h/a.gguf?x",
            "https://h/a.gguf#x",
            "https://h/a.gguf#sha256=zz",
            "a/b\n",
            "a/\u{1b}[31m",
        ] {
            let error = Wanted::read(evil).expect_err(evil).to_string();
            assert!(!error.contains(char::is_control), "{error:?}");
            assert!(!error.contains("u:p@h/") || error.starts_with('`'), "{error}");
        }
    }
}
