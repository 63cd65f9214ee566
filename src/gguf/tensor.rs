//! The list of tensors: shapes, types and where their bytes lie.

use std::collections::HashSet;
use std::io::Read;

use super::error::GgufError;
use super::error::shown;
use super::kind;
use super::source::Part;
use super::source::Source;

/// More tensors than any model has; a mixture of experts in single tensors has some 70,000.
const MAX_TENSORS: u64 = 1 << 18;

/// ggml's own limits: `GGML_MAX_DIMS`, and `GGML_MAX_NAME` less its closing zero.
const MAX_DIMS: u32 = 4;
const MAX_NAME_BYTES: u64 = 63;

/// Name length, dimensions, type, offset: the least that an entry takes.
const MIN_ENTRY_BYTES: u64 = 8 + 4 + 4 + 8;

/// One tensor; `offset` counts from the start of the tensor data.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) name: String,
    offset: u64,
    pub(super) bytes: u64,
    /// `enum ggml_type`.
    pub(super) kind: u32,
}

/// Reads the `count` entries that `source` stands before.
pub(super) fn read<R: Read>(source: &mut Source<R>, count: u64) -> Result<Vec<Tensor>, GgufError> {
    source.at = Part::Header;
    source.limit("the number of tensors", count, MAX_TENSORS)?;
    source.promise(count * MIN_ENTRY_BYTES)?;
    let mut tensors = Vec::new();
    for index in 0..count {
        source.at = Part::Tensor(index);
        tensors.push(entry(source)?);
    }
    Ok(tensors)
}

/// Checks that the tensors follow each other inside the file and that no name comes twice.
/// `header_end` is where the entries end.
pub(super) fn check(
    tensors: &[Tensor],
    header_end: u64,
    alignment: u64,
    file_bytes: u64,
) -> Result<(), GgufError> {
    let mut names = HashSet::new();
    let data = header_end.next_multiple_of(alignment);
    let mut expected = 0_u64;
    for Tensor { name, offset, bytes, .. } in tensors {
        if !names.insert(name) {
            return Err(GgufError::DuplicateTensor(shown(name)));
        }
        if *offset != expected {
            let (tensor, offset) = (shown(name), *offset);
            return Err(GgufError::Misplaced { tensor, offset, expected });
        }
        // No overflow: what came before lies inside the file, and each size fits 63 bits.
        let end = data + offset + bytes;
        if end > file_bytes {
            let part = format!("tensor {}", shown(name));
            return Err(GgufError::Truncated { part, end, file_bytes });
        }
        expected = (offset + bytes).next_multiple_of(alignment);
    }
    Ok(())
}

fn entry<R: Read>(source: &mut Source<R>) -> Result<Tensor, GgufError> {
    let name = source.string()?;
    source.limit("its name's length", name.len() as u64, MAX_NAME_BYTES)?;
    let name = String::from_utf8(name).map_err(|_| GgufError::BadName(source.at.to_string()))?;
    source.at = Part::Shape(name.clone());
    let dims = source.u32()?;
    source.limit("the number of dimensions", u64::from(dims), u64::from(MAX_DIMS))?;
    let mut sizes = [1_u64; MAX_DIMS as usize];
    for size in sizes.iter_mut().take(dims as usize) {
        *size = source.u64()?;
    }
    let kind = source.u32()?;
    let offset = source.u64()?;
    let bytes = bytes(&name, sizes, kind)?;
    Ok(Tensor { name, offset, bytes, kind })
}

/// Returns the bytes of a tensor with `sizes` elements along each dimension, rows first.
fn bytes(name: &str, sizes: [u64; MAX_DIMS as usize], kind: u32) -> Result<u64, GgufError> {
    let Some(block) = kind::block(kind) else {
        return Err(GgufError::UnknownTensorKind { tensor: shown(name), kind });
    };
    let [row, ..] = sizes;
    if row % block.elements != 0 {
        return Err(GgufError::RaggedRow { tensor: shown(name), row, block: block.elements });
    }
    // ggml counts in `int64_t` and multiplies in the order of the dimensions; a zero at the end
    // must not hide an overflow before it.
    let fits = |product: u64| i64::try_from(product).is_ok().then_some(product);
    let elements = sizes.iter().try_fold(1_u64, |product, size| {
        fits(*size).and_then(|size| product.checked_mul(size)).and_then(fits)
    });
    elements
        .and_then(|elements| (elements / block.elements).checked_mul(block.bytes))
        .and_then(fits)
        .ok_or_else(|| GgufError::Overflow(shown(name)))
}
