//! How much memory a model takes: weights, KV cells, and what one step computes in.
//!
//! An estimate from the header, meant to be a little too high: what is refused would not have run.

use super::header::Header;
use crate::chat::CacheType;

/// Bytes of an element of the KV cache: llama.cpp's default, f16.
const KV_ELEMENT_BYTES: u64 = 2;

/// Bytes of an activation, f32.
const ACTIVATION_BYTES: u64 = 4;

/// The most tokens that the engine evaluates at once.
const BATCH_TOKENS: u64 = 512;

/// Rows of the embedding's width that ggml's allocator keeps alive at once while it evaluates a
/// block: the residual, its norm, queries, keys, values, the attention's output and its projection.
const WIDE_ROWS: u64 = 6;

/// Rows of the inner width: gate, up and their product.
const INNER_ROWS: u64 = 3;

/// Rows of logits: one for each of the engine's turns, `[engine] max_turns` by default.
const LOGIT_ROWS: u64 = 16;

/// The program, its libraries and its vocabulary's tables.
const PROGRAM_BYTES: u64 = 40 << 20;

/// What a model takes, apart from how many tokens it is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of all weights.
    pub weight_bytes: u64,
    /// Bytes that one generated token reads: all weights but a table that is only looked up, and
    /// of the experts those in use.
    pub active_bytes: u64,
    /// Bytes of keys and values for one token of context.
    pub kv_token_bytes: u64,
    /// Tokens of context that the model was trained on.
    pub train_tokens: u32,
    /// Bytes of weights in each block, in order.
    pub(super) blocks: Vec<u64>,
    fixed_compute_bytes: u64,
    token_compute_bytes: u64,
}

/// What a model takes with a certain context, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// The weights.
    pub weights: u64,
    /// Keys and values of the context.
    pub kv: u64,
    /// The program, and what one step computes in.
    pub compute: u64,
}

impl Need {
    /// Returns all of it.
    pub fn total(&self) -> u64 {
        self.weights.saturating_add(self.kv).saturating_add(self.compute)
    }
}

impl Footprint {
    /// Computes the footprint of a model from its header.
    ///
    /// A token's keys and values take `blocks * kv_heads * (key_width + value_width)` elements
    /// (llama.cpp: `llama_hparams::n_embd_k_gqa`, `llama_kv_cache`). Where blocks differ in their
    /// heads, which the header has as a list, the widest possible is assumed: the embedding's width.
    pub fn of(header: &Header) -> Self {
        let width = u64::from(header.embedding_length);
        let heads = header.head_count().map_or(1, u64::from).max(1);
        let head = |what| header.head_width(what).map_or(width / heads, u64::from);
        let row = match header.head_count_kv() {
            Some(kv_heads) => u64::from(kv_heads).saturating_mul(head("key") + head("value")),
            None => width.saturating_mul(2),
        };
        let tensors = &header.tensors;
        let looked_up = if tensors.own_output { tensors.embedding } else { 0 };
        let (experts, used) = header.experts();
        let idle = tensors.experts / u64::from(experts) * u64::from(experts - used);
        let rows = WIDE_ROWS * width + INNER_ROWS * header.inner_width();
        let logits = LOGIT_ROWS * u64::from(header.vocab_tokens) * ACTIVATION_BYTES;
        let batch = rows.saturating_mul(BATCH_TOKENS * ACTIVATION_BYTES);
        Self {
            weight_bytes: header.tensor_bytes,
            active_bytes: header.tensor_bytes.saturating_sub(looked_up).saturating_sub(idle),
            kv_token_bytes: u64::from(header.block_count)
                .saturating_mul(row)
                .saturating_mul(KV_ELEMENT_BYTES),
            train_tokens: header.context_length,
            blocks: tensors.blocks.clone(),
            fixed_compute_bytes: PROGRAM_BYTES.saturating_add(logits).saturating_add(batch),
            // The mask of the attention: a row of f32 and its f16 copy for each token of a batch.
            token_compute_bytes: BATCH_TOKENS * (ACTIVATION_BYTES + 2),
        }
    }

    /// Takes `bytes` for the weights instead of what the header has, for a model in several files
    /// of which this was the first.
    #[must_use]
    pub fn with_weights(self, bytes: u64) -> Self {
        let blocks = self.blocks.len().max(1);
        let each = bytes / blocks as u64;
        Self { weight_bytes: bytes, active_bytes: bytes, blocks: vec![each; blocks], ..self }
    }

    /// Takes keys and values of these types instead of llama.cpp's default, f16: half of the elements
    /// are keys.
    #[must_use]
    pub fn with_cache(self, keys: CacheType, values: CacheType) -> Self {
        let elements = self.kv_token_bytes / KV_ELEMENT_BYTES;
        let of_64 = keys.bytes_of_32() + values.bytes_of_32();
        Self { kv_token_bytes: elements.saturating_mul(of_64).div_ceil(64), ..self }
    }

    /// Returns what the model takes with room for `tokens`.
    pub fn need(&self, tokens: u32) -> Need {
        let tokens = u64::from(tokens);
        let compute = self.token_compute_bytes.saturating_mul(tokens);
        Need {
            weights: self.weight_bytes,
            kv: self.kv_token_bytes.saturating_mul(tokens),
            compute: self.fixed_compute_bytes.saturating_add(compute),
        }
    }

    /// Returns the most tokens for which the model takes at most `bytes`; `None` where not even
    /// one fits.
    pub fn most_tokens(&self, bytes: u64) -> Option<u32> {
        let each = self.kv_token_bytes.saturating_add(self.token_compute_bytes).max(1);
        let left = bytes.checked_sub(self.need(0).total())?;
        u32::try_from(left / each).ok().or(Some(u32::MAX)).filter(|tokens| *tokens > 0)
    }

    /// Returns the tokens per second at `bandwidth` bytes per second that no CPU or GPU exceeds:
    /// each token reads the active weights and the keys and values of all tokens before it.
    pub fn decode_limit(&self, bandwidth: f64, context: u32) -> f64 {
        let kv = self.kv_token_bytes.saturating_mul(u64::from(context));
        bandwidth / self.active_bytes.saturating_add(kv).max(1) as f64
    }
}
