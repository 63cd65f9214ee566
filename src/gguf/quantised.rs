//! How large a model gets when it is quantised, before it is: a formula alone.

use super::header::Header;

/// Elements of a row that K-quants come in; a row that is no multiple of them gets another type.
const BLOCK: u32 = 256;

/// The least that a table of tokens takes in whole blocks, in thousandths of bits: `Q6_K`.
const TABLE: u64 = 6563;

/// Returns about how many bytes a model's tensors take in a file of another type (its number in
/// files): of a model of 1.35e8 weights, whose rows are uneven, each of the types that can be made took
/// 0.95 to 1.01 of it. `None` for types that are made of nothing else.
///
/// The tensors take what they take on average in llama.cpp's mixes (the sizes that its `quantize`
/// names for a model of 8e9 weights); the tables of tokens keep at least 6.56 bits of each weight.
/// Where rows are no multiple of 256 elements, K-quants give way to wider types with blocks of 32.
pub fn quantised_bytes(header: &Header, file_type: u32) -> Option<u64> {
    let even = header.embedding_length.is_multiple_of(BLOCK);
    let (most, uneven, least_table) = thousandths_of_bits(file_type)?;
    let (most, least_table) =
        if even { (most, least_table.min(TABLE)) } else { (uneven, least_table) };
    let table = most.max(least_table);
    let tally = &header.tensors;
    let bytes = |elements: u64, bits: u64| {
        u64::try_from(u128::from(elements) * u128::from(bits) / 8000).unwrap_or(u64::MAX)
    };
    let blocks = bytes(tally.elements - tally.table_elements, most);
    Some(blocks.saturating_add(bytes(tally.table_elements, table)))
}

/// Returns thousandths of bits for a weight: in rows of blocks of 256, in others, and at least in the
/// tables of tokens, by the numbers of `enum llama_ftype`.
fn thousandths_of_bits(file_type: u32) -> Option<(u64, u64, u64)> {
    Some(match file_type {
        1 | 32 => (16_000, 16_000, 16_000), // F16, BF16
        2 => (4_500, 4_500, 8_500),         // Q4_0
        3 => (5_000, 5_000, 8_500),         // Q4_1
        7 => (8_500, 8_500, 8_500),         // Q8_0
        8 => (5_500, 5_500, 8_500),         // Q5_0
        9 => (6_000, 6_000, 8_500),         // Q5_1
        10 => (3_200, 4_700, 8_500),        // Q2_K
        11 => (3_650, 4_700, 8_500),        // Q3_K_S
        12 => (4_000, 5_000, 8_500),        // Q3_K_M
        13 => (4_310, 5_300, 8_500),        // Q3_K_L
        14 => (4_680, 5_700, 8_500),        // Q4_K_S
        15 => (4_900, 6_000, 8_500),        // Q4_K_M
        16 => (5_570, 6_200, 8_500),        // Q5_K_S
        17 => (5_700, 6_500, 8_500),        // Q5_K_M
        18 => (6_570, 8_500, 8_500),        // Q6_K
        25 => (4_600, 4_600, 8_500),        // IQ4_NL
        30 => (4_400, 4_800, 8_500),        // IQ4_XS
        _ => return None,
    })
}
