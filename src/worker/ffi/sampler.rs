//! llama.cpp's sampler chain, with only the stages that do something.

use std::ptr::NonNull;

use llama_cpp_2::token::LlamaToken;
use llama_cpp_sys_2 as sys;

use super::Context;
use crate::chat::Sampling;

/// How many of the last tokens a repeat penalty looks at; the default of llama.cpp's common.
pub(in crate::worker) const PENALTY_TOKENS: u16 = 64;

/// `LLAMA_DEFAULT_SEED` of llama.h: takes a random seed.
const SEED_RANDOM: u32 = 0xFFFF_FFFF;

/// A chain for one turn.
#[derive(Debug)]
pub(in crate::worker) struct Sampler {
    raw: NonNull<sys::llama_sampler>,
}

impl Sampler {
    /// Builds the chain in common's order: penalties, top-k, top-p, min-p, temperature, draw.
    /// `vocabulary` is the number of tokens.
    ///
    /// # Panics
    /// When memory is exhausted.
    pub(in crate::worker) fn new(sampling: &Sampling, vocabulary: i32) -> Self {
        // SAFETY: plain constructors; the chain owns every stage that is added to it.
        unsafe {
            let mut params = sys::llama_sampler_chain_default_params();
            params.no_perf = true;
            let raw = sys::llama_sampler_chain_init(params);
            let chain = NonNull::new(raw).expect("no memory for a sampler");
            let add = |stage| sys::llama_sampler_chain_add(raw, stage);
            if differs(sampling.repeat_penalty, 1.0) {
                add(sys::llama_sampler_init_penalties(
                    vocabulary,
                    i32::from(PENALTY_TOKENS),
                    sampling.repeat_penalty,
                    0.0,
                    0.0,
                ));
            }
            if sampling.temp <= 0.0 {
                add(sys::llama_sampler_init_greedy());
                return Self { raw: chain };
            }
            if sampling.top_k > 0 {
                add(sys::llama_sampler_init_top_k(sampling.top_k));
            }
            if sampling.top_p < 1.0 {
                add(sys::llama_sampler_init_top_p(sampling.top_p, 1));
            }
            if sampling.min_p > 0.0 {
                add(sys::llama_sampler_init_min_p(sampling.min_p, 1));
            }
            add(sys::llama_sampler_init_temp(sampling.temp));
            add(sys::llama_sampler_init_dist(sampling.seed.unwrap_or(SEED_RANDOM)));
            Self { raw: chain }
        }
    }

    /// Draws a token from a row of the last `decode` that was added as an output, and accepts it.
    pub(in crate::worker) fn sample(&mut self, context: &mut Context, row: i32) -> LlamaToken {
        // SAFETY: both are alive; llama.cpp asserts that the row has logits, and the caller asked
        // for them when it added the row.
        LlamaToken(unsafe { sys::llama_sampler_sample(self.raw.as_ptr(), context.raw(), row) })
    }

    /// Lets the penalties see a token that was not sampled.
    pub(in crate::worker) fn accept(&mut self, token: LlamaToken) {
        // SAFETY: the chain is alive.
        unsafe { sys::llama_sampler_accept(self.raw.as_ptr(), token.0) }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // SAFETY: frees the chain and its stages once.
        unsafe { sys::llama_sampler_free(self.raw.as_ptr()) }
    }
}

fn differs(a: f32, b: f32) -> bool {
    (a - b).abs() > f32::EPSILON
}
