//! A llama.cpp context: the KV cells and the graph that fills them.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;
use thiserror::Error;

use super::Batch;
use super::Candidate;
use super::log;
use super::model::model_ptr;
use crate::chat::CacheType;
use crate::chat::Compute;
use crate::chat::FlashAttention;

/// Sizes of a context, all explicit: llama.cpp's own defaults are 512 cells and 4 threads.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct ContextParams {
    /// KV cells that all sequences share.
    pub pool_tokens: u32,
    /// The most tokens of one `decode`, and of one graph.
    pub batch_tokens: u32,
    /// The most sequences.
    pub sequences: u32,
    /// The most rows of logits of one `decode`.
    pub outputs: u32,
    /// Threads for single tokens and for batches.
    pub threads: u32,
    /// How the cache is kept, and attention computed.
    pub compute: Compute,
}

/// Why there is no context.
#[derive(Debug, Error)]
pub(in crate::worker) enum ContextError {
    /// llama.cpp returned nothing; its log says why, mostly memory.
    #[error(
        "llama.cpp made no context for {0} tokens: the memory does not suffice, or the model does \
         not take this type of cache"
    )]
    None(u32),
}

/// What became of one `decode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum Decoded {
    /// All tokens are in the cache.
    Done,
    /// No room for the batch; nothing changed.
    NoRoom,
    /// The abort flag was seen; some tokens may be in the cache: read the positions again.
    Aborted,
    /// llama.cpp failed with this code; some tokens may be in the cache.
    Failed(i32),
}

/// Owns a context and keeps its model and its abort flag alive. One thread uses it at a time.
#[derive(Debug)]
pub(in crate::worker) struct Context {
    raw: NonNull<sys::llama_context>,
    // Fields drop in order after `drop` below has freed the context that borrows them.
    _model: Arc<LlamaModel>,
    _abort: Arc<AtomicBool>,
}

unsafe extern "C" fn aborted(flag: *mut c_void) -> bool {
    // SAFETY: `flag` is the `AtomicBool` that the context keeps alive.
    let stop = unsafe { (*flag.cast::<AtomicBool>().cast_const()).load(Ordering::Relaxed) };
    if stop {
        log::hush(true);
    }
    stop
}

impl Context {
    /// Makes a context for `model`; `abort` stops a running `decode` between two graph nodes.
    ///
    /// # Errors
    /// llama.cpp could not allocate it.
    pub(in crate::worker) fn new(
        model: Arc<LlamaModel>,
        params: ContextParams,
        abort: Arc<AtomicBool>,
    ) -> Result<Self, ContextError> {
        let threads = i32::try_from(params.threads).unwrap_or(1).max(1);
        // SAFETY: returns a plain struct.
        let mut raw = unsafe { sys::llama_context_default_params() };
        raw.n_ctx = params.pool_tokens;
        raw.n_batch = params.batch_tokens;
        raw.n_ubatch = params.batch_tokens;
        raw.n_seq_max = params.sequences;
        // The default reserves a row for every token of a batch.
        raw.n_outputs_max = params.outputs;
        raw.n_threads = threads;
        raw.n_threads_batch = threads;
        raw.flash_attn_type = match params.compute.flash_attention {
            FlashAttention::Auto => sys::LLAMA_FLASH_ATTN_TYPE_AUTO,
            FlashAttention::On => sys::LLAMA_FLASH_ATTN_TYPE_ENABLED,
            FlashAttention::Off => sys::LLAMA_FLASH_ATTN_TYPE_DISABLED,
        };
        raw.type_k = ggml_type(params.compute.cache_k);
        raw.type_v = ggml_type(params.compute.cache_v);
        raw.kv_unified = true;
        raw.swa_full = true;
        raw.no_perf = true;
        raw.abort_callback = Some(aborted);
        raw.abort_callback_data = Arc::as_ptr(&abort).cast_mut().cast();
        // SAFETY: `model` and the flag are kept alive for as long as the context lives.
        let context = unsafe { sys::llama_init_from_model(model_ptr(&model), raw) };
        let raw = NonNull::new(context).ok_or(ContextError::None(params.pool_tokens))?;
        Ok(Self { raw, _model: model, _abort: abort })
    }

    /// Evaluates a batch. The batch holds at most `batch_tokens`.
    pub(in crate::worker) fn decode(&mut self, batch: &Batch) -> Decoded {
        // SAFETY: both are alive, and the batch's arrays hold `n_tokens` entries each.
        let code = unsafe { sys::llama_decode(self.raw.as_ptr(), batch.raw()) };
        log::hush(false);
        match code {
            0 => Decoded::Done,
            1 => Decoded::NoRoom,
            2 => Decoded::Aborted,
            code => Decoded::Failed(code),
        }
    }

    /// Sets how many threads evaluate, from the next `decode` on; it costs nothing.
    pub(in crate::worker) fn set_threads(&mut self, threads: u32) {
        let threads = i32::try_from(threads).unwrap_or(1).max(1);
        // SAFETY: writes two numbers of a live context.
        unsafe { sys::llama_set_n_threads(self.raw.as_ptr(), threads, threads) }
    }

    /// Removes a sequence's cells from `position` on; `false` when this memory cannot be cut.
    pub(in crate::worker) fn cut(&mut self, sequence: i32, position: i32) -> bool {
        // SAFETY: the memory belongs to this live context; -1 means to the end.
        unsafe { sys::llama_memory_seq_rm(self.memory(), sequence, position, -1) }
    }

    /// Returns how many tokens of a sequence are in the cache.
    pub(in crate::worker) fn cached(&self, sequence: i32) -> usize {
        // SAFETY: the memory belongs to this live context; -1 is returned for an empty sequence.
        let last = unsafe { sys::llama_memory_seq_pos_max(self.memory(), sequence) };
        usize::try_from(last + 1).unwrap_or(0)
    }

    /// Returns the cells that one sequence may fill.
    pub(in crate::worker) fn pool_tokens(&self) -> u32 {
        // SAFETY: reads a number of a live context.
        unsafe { sys::llama_n_ctx(self.raw.as_ptr()) }
    }

    /// Copies the logits of a row of the last `decode` that was added as an output.
    pub(in crate::worker) fn candidates(
        &mut self,
        row: i32,
        vocabulary: usize,
        into: &mut Vec<Candidate>,
    ) {
        // SAFETY: llama.cpp returns null for a row without logits, and else as many as the
        // vocabulary has tokens, which stay until the next `decode`.
        let logits = unsafe {
            let logits = sys::llama_get_logits_ith(self.raw.as_ptr(), row);
            assert!(!logits.is_null(), "the row {row} has no logits");
            std::slice::from_raw_parts(logits, vocabulary)
        };
        into.clear();
        let candidate = |(id, logit): (i32, &f32)| Candidate { id, logit: *logit, p: 0.0 };
        into.extend((0..).zip(logits).map(candidate));
    }

    pub(super) fn raw(&mut self) -> *mut sys::llama_context {
        self.raw.as_ptr()
    }

    pub(super) fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: returns the pointer that the live context owns.
        unsafe { sys::llama_get_memory(self.raw.as_ptr()) }
    }
}

fn ggml_type(cache: CacheType) -> sys::ggml_type {
    match cache {
        CacheType::F32 => sys::GGML_TYPE_F32,
        CacheType::F16 => sys::GGML_TYPE_F16,
        CacheType::Bf16 => sys::GGML_TYPE_BF16,
        CacheType::Q8_0 => sys::GGML_TYPE_Q8_0,
        CacheType::Q5_1 => sys::GGML_TYPE_Q5_1,
        CacheType::Q5_0 => sys::GGML_TYPE_Q5_0,
        CacheType::Q4_1 => sys::GGML_TYPE_Q4_1,
        CacheType::Q4_0 => sys::GGML_TYPE_Q4_0,
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made by `llama_init_from_model`, freed once, before the model.
        unsafe { sys::llama_free(self.raw.as_ptr()) }
    }
}
