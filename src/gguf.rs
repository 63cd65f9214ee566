//! A safe reader of model files: checks a GGUF before llama.cpp sees it.
//!
//! Owns what may be believed of a header: every size is checked against the file's own length, by
//! checked arithmetic, before anything is allocated for it. A file that passes can still hold
//! nonsense; it cannot make the reader (or the loader's own arithmetic) reach outside the file.
//!
//! Never: llama.cpp; opening files; keeping arrays (a vocabulary is walked over, not stored).

mod error;
#[cfg(test)]
mod fixture;
mod header;
mod keys;
mod kind;
mod source;
mod tensor;
#[cfg(test)]
mod tests;

pub use error::GgufError;
pub use header::Header;
pub use keys::Value;

use std::io::Read;

use source::Part;
use source::Source;

/// Reads and checks the header of a model file of `file_bytes` bytes; `reader` starts at its first
/// byte. Reads on through the header only, in one pass.
///
/// # Errors
/// The file is no model, is cut short, or tells sizes that cannot be; one line says which. What
/// helps is to fetch the file again.
pub fn read(reader: impl Read, file_bytes: u64) -> Result<Header, GgufError> {
    if file_bytes == 0 {
        return Err(GgufError::Empty);
    }
    // ggml counts in `i64`; so does every file system.
    let file_bytes = file_bytes.min(i64::MAX.unsigned_abs());
    let mut source = Source::new(reader, file_bytes);
    source.magic()?;
    let version = source.u32()?;
    match version {
        2 | 3 => {}
        other if other.trailing_zeros() >= 16 => return Err(GgufError::BigEndian),
        other => return Err(GgufError::Version(other)),
    }
    let tensor_count = source.u64()?;
    let key_count = source.u64()?;
    let values = keys::read(&mut source, key_count)?;
    let alignment = keys::alignment(&values)?;
    let tensors = tensor::read(&mut source, tensor_count)?;
    source.at = Part::Header;
    let tensor_bytes = tensor::check(&tensors, source.position(), alignment, file_bytes)?;
    Header::check(version, values, tensors.len(), tensor_bytes)
}
