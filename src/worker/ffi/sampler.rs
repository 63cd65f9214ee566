//! llama.cpp's sampler chain, with only the stages that do something.

use std::ptr::NonNull;

use llama_cpp_2::token::LlamaToken;
use llama_cpp_sys_2 as sys;

use super::Candidate;
use super::Context;
use super::Grammar;
use crate::chat::Sampling;
use crate::worker::narrow::Reach;
use crate::worker::narrow::allowed;

/// How many of the last tokens a repeat penalty looks at; the default of llama.cpp's common.
pub(in crate::worker) const PENALTY_TOKENS: u16 = 64;

/// `LLAMA_DEFAULT_SEED` of llama.h: takes a random seed.
const SEED_RANDOM: u32 = 0xFFFF_FFFF;

/// How far below the highest a logit has no share in the draw worth the name, at a temperature of
/// up to 1: e^-16 is a ten-millionth.
const LOGITS: f32 = 16.0;

/// A chain for one turn.
#[derive(Debug)]
pub(in crate::worker) struct Sampler {
    raw: NonNull<sys::llama_sampler>,
    /// What the text is held against.
    grammar: Option<Grammar>,
    candidates: Vec<Candidate>,
    vocabulary: usize,
    reach: Reach,
}

impl Sampler {
    /// Builds the chain in common's order: penalties, top-k, top-p, min-p, temperature, draw.
    /// `vocabulary` is the number of tokens; a `grammar` is that of the whole answer.
    ///
    /// # Panics
    /// When memory is exhausted.
    pub(in crate::worker) fn new(
        sampling: &Sampling,
        vocabulary: i32,
        grammar: Option<Grammar>,
    ) -> Self {
        Self {
            raw: chain(sampling, vocabulary),
            grammar,
            candidates: Vec::new(),
            vocabulary: usize::try_from(vocabulary).unwrap_or(0),
            reach: reach(sampling),
        }
    }

    /// Draws a token from a row of the last `decode` that was added as an output, and accepts it;
    /// `None` when the grammar allows none of the vocabulary.
    pub(in crate::worker) fn sample(
        &mut self,
        context: &mut Context,
        row: i32,
    ) -> Option<LlamaToken> {
        let Some(grammar) = &mut self.grammar else {
            // SAFETY: both are alive; llama.cpp asserts that the row has logits, and the caller
            // asked for them when it added the row.
            let token = unsafe { sys::llama_sampler_sample(self.raw.as_ptr(), context.raw(), row) };
            return Some(LlamaToken(token));
        };
        // What the model wants is mostly allowed, and one token is quickly asked about.
        context.candidates(row, self.vocabulary, &mut self.candidates);
        let mut drawn = [draw(self.raw, &mut self.candidates)?];
        let token = drawn[0].id;
        grammar.refuse(&mut drawn);
        let token = if drawn[0].logit > f32::NEG_INFINITY {
            token
        } else {
            context.candidates(row, self.vocabulary, &mut self.candidates);
            let mut allowed =
                allowed(&mut self.candidates, self.reach, |head| grammar.refuse(head));
            draw(self.raw, &mut allowed)?.id
        };
        let token = LlamaToken(token);
        if !grammar.accept(token) {
            return None;
        }
        self.accept(token);
        Some(token)
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

/// Lets the chain choose among candidates; `None` when there are none. Reorders them.
fn draw(chain: NonNull<sys::llama_sampler>, candidates: &mut [Candidate]) -> Option<Candidate> {
    if candidates.is_empty() {
        return None;
    }
    let mut array = sys::llama_token_data_array {
        data: candidates.as_mut_ptr(),
        size: candidates.len(),
        selected: -1,
        sorted: false,
    };
    // SAFETY: the chain is alive, and the array holds as many entries as it says; stages reorder
    // them in place and may shorten the array.
    unsafe { sys::llama_sampler_apply(chain.as_ptr(), &raw mut array) };
    let selected = usize::try_from(array.selected).ok()?;
    candidates.get(selected).copied()
}

/// Builds the chain of stages.
fn chain(sampling: &Sampling, vocabulary: i32) -> NonNull<sys::llama_sampler> {
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
            return chain;
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
        chain
    }
}

/// Returns how much of the vocabulary the chain can draw from.
///
/// Its first stage that looks at ranks is top-k; min-p drops what is less likely than a share of the
/// likeliest, before the temperature. Penalties reorder: with them everything counts.
fn reach(sampling: &Sampling) -> Reach {
    let Sampling { temp, top_k, min_p, repeat_penalty, .. } = *sampling;
    if differs(repeat_penalty, 1.0) {
        return Reach { count: usize::MAX, logits: f32::INFINITY };
    }
    let count = match usize::try_from(top_k) {
        _ if temp <= 0.0 => 1,
        Ok(count @ 1..) => count,
        Ok(0) | Err(_) => usize::MAX,
    };
    let logits = if min_p > 0.0 { -min_p.ln() } else { LOGITS * temp.max(1.0) };
    Reach { count, logits }
}

fn differs(a: f32, b: f32) -> bool {
    (a - b).abs() > f32::EPSILON
}
