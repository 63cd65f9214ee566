//! One batch of tokens for `llama_decode`.

use llama_cpp_2::token::LlamaToken;
use llama_cpp_sys_2 as sys;

/// Tokens of several sequences with their positions; at most `capacity` of them.
#[derive(Debug)]
pub(in crate::worker) struct Batch {
    raw: sys::llama_batch,
    capacity: usize,
}

impl Batch {
    /// Allocates a batch of `capacity` tokens, each in one sequence.
    ///
    /// # Panics
    /// When memory is exhausted: llama.cpp allocates with `malloc` and would write through null.
    pub(in crate::worker) fn new(capacity: u32) -> Self {
        let tokens = i32::try_from(capacity).expect("a batch is at most a few thousand tokens");
        // SAFETY: takes plain numbers; the arrays are freed in `drop`.
        let raw = unsafe { sys::llama_batch_init(tokens, 0, 1) };
        assert!(!raw.token.is_null() && !raw.seq_id.is_null(), "no memory for a batch");
        Self { raw, capacity: capacity as usize }
    }

    /// Empties the batch.
    pub(in crate::worker) fn clear(&mut self) {
        self.raw.n_tokens = 0;
    }

    /// Returns the number of tokens in the batch.
    pub(in crate::worker) fn len(&self) -> usize {
        usize::try_from(self.raw.n_tokens).unwrap_or(0)
    }

    /// Adds a token at `position` of `sequence` and returns its row, to sample from when `output`.
    ///
    /// # Panics
    /// When the batch is full: llama.cpp would abort the process on more than `n_batch` tokens.
    pub(in crate::worker) fn add(
        &mut self,
        token: LlamaToken,
        position: i32,
        sequence: i32,
        output: bool,
    ) -> i32 {
        let row = self.len();
        assert!(row < self.capacity, "the batch is full at {row} tokens");
        // SAFETY: `row` is below the capacity that `llama_batch_init` allocated for every one of
        // these arrays, and each `seq_id` entry has room for the one sequence asked for.
        unsafe {
            *self.raw.token.add(row) = token.0;
            *self.raw.pos.add(row) = position;
            *self.raw.n_seq_id.add(row) = 1;
            **self.raw.seq_id.add(row) = sequence;
            *self.raw.logits.add(row) = i8::from(output);
        }
        self.raw.n_tokens += 1;
        self.raw.n_tokens - 1
    }

    /// Lends the batch to `llama_decode`; the arrays stay this batch's.
    pub(super) fn raw(&self) -> sys::llama_batch {
        self.raw
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `llama_batch_init` and is freed once.
        unsafe { sys::llama_batch_free(self.raw) }
    }
}
