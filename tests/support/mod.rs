//! What the end-to-end tests share: the real model.

use std::path::PathBuf;

/// Returns the real model file, which `scripts/test` fetches and names.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be told of the file")]
pub(crate) fn model() -> PathBuf {
    let path = std::env::var_os("EDGEWISE_TEST_MODEL")
        .expect("EDGEWISE_TEST_MODEL names the model file; scripts/test fetches it and sets this");
    PathBuf::from(path)
}
