//! The tensors of a file, summed up by type and by place.

use std::collections::BTreeMap;

use super::kind;
use super::tensor::Tensor;

/// `LLAMA_MAX_LAYERS` in llama.cpp.
const MAX_BLOCKS: usize = 512;

/// All tensors of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeTotal {
    /// The type's name in ggml, like `Q4_K`.
    pub name: &'static str,
    /// How many tensors.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// The tensors of a file, summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By type, the one with the most bytes first.
    pub types: Vec<TypeTotal>,
    /// Bytes of each block, in order.
    pub(super) blocks: Vec<u64>,
    /// Bytes of the table that turns tokens into embeddings.
    pub(super) embedding: u64,
    /// Whether the output has a table of its own instead of that one.
    pub(super) own_output: bool,
    /// Bytes of everything else outside of the blocks.
    pub(super) other: u64,
    /// Bytes of experts, of which a token uses some.
    pub(super) experts: u64,
    /// Numbers in all tensors together, and of them those in the tables of tokens.
    pub(super) elements: u64,
    pub(super) table_elements: u64,
}

impl Tally {
    pub(super) fn of(tensors: &[Tensor]) -> Self {
        let mut tally = Self::default();
        let mut types = BTreeMap::<u32, (usize, u64)>::new();
        for Tensor { name, bytes, kind, .. } in tensors {
            let (count, total) = types.entry(*kind).or_default();
            *count += 1;
            *total += bytes;
            // Each was read by its type's block.
            let elements =
                kind::block(*kind).map_or(0, |block| bytes / block.bytes * block.elements);
            tally.elements += elements;
            if matches!(name.as_str(), "token_embd.weight" | "output.weight") {
                tally.table_elements += elements;
            }
            if name.contains("_exps.") {
                tally.experts += bytes;
            }
            match (block(name), name.as_str()) {
                (Some(index), _) => {
                    tally.blocks.resize(tally.blocks.len().max(index + 1), 0);
                    tally.blocks[index] += bytes;
                }
                (None, "token_embd.weight") => tally.embedding += bytes,
                (None, name) => {
                    tally.own_output |= name == "output.weight";
                    tally.other += bytes;
                }
            }
        }
        tally.types = types
            .into_iter()
            .map(|(kind, (count, bytes))| TypeTotal { name: kind::name(kind), count, bytes })
            .collect();
        tally.types.sort_by_key(|total| std::cmp::Reverse(total.bytes));
        tally
    }

    pub(super) fn count(&self) -> usize {
        self.types.iter().map(|total| total.count).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.types.iter().map(|total| total.bytes).sum()
    }
}

/// Returns the index in a name like `blk.3.attn_q.weight`.
fn block(name: &str) -> Option<usize> {
    let (index, _) = name.strip_prefix("blk.")?.split_once('.')?;
    index.parse().ok().filter(|index| *index < MAX_BLOCKS)
}
