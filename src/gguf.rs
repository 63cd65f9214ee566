//! A safe reader of model files: checks a GGUF before llama.cpp sees it.
//!
//! Owns what may be believed of a header: every size is checked against the file's own length, by
//! checked arithmetic, before anything is allocated for it. A file that passes can still hold
//! nonsense; it cannot make the reader (or the loader's own arithmetic) reach outside the file.
//! Also what a model of that header will take and give on a machine, by formulas alone.
//!
//! Never: llama.cpp; opening files; keeping arrays (a vocabulary is walked over, not stored).

mod error;
mod fit;
#[cfg(test)]
mod fixture;
mod footprint;
mod ftype;
mod header;
mod keys;
mod kind;
mod quantised;
mod source;
mod tally;
mod tensor;
#[cfg(test)]
mod tests;

pub use error::GgufError;
pub use fit::{Fit, Gpu, Machine, fit, usable};
pub use footprint::{Footprint, Need};
pub use ftype::number as file_type;
pub use header::Header;
pub use keys::Value;
pub use quantised::quantised_bytes;
pub use tally::{Tally, TypeTotal};

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
    tensor::check(&tensors, source.position(), alignment, file_bytes)?;
    Header::check(version, values, Tally::of(&tensors))
}
