//! A grammar that text is held against, token by token.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_sys_2 as sys;
use thiserror::Error;

use super::model::model_ptr;

/// A token that may come next, with its logit; one that may not has minus infinity.
pub(in crate::worker) type Candidate = sys::llama_token_data;

/// Why there is no grammar.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(in crate::worker) enum GrammarError {
    /// The schema has something that the grammar cannot express.
    #[error("the schema asks for something that cannot be enforced while generating")]
    Schema,
    /// The text is no grammar, or one that goes in circles.
    #[error("this is no grammar that llama.cpp can follow")]
    Grammar,
}

/// Translates a JSON schema into a grammar.
///
/// # Errors
/// Something in it has no counterpart, or it is no JSON.
pub(in crate::worker) fn grammar_of_schema(schema: &str) -> Result<String, GrammarError> {
    // The translation descends as deep as the text; this reader stops at 128 levels.
    serde_json::from_str::<serde_json::Value>(schema).map_err(|_| GrammarError::Schema)?;
    llama_cpp_2::json_schema_to_grammar(schema).map_err(|_| GrammarError::Schema)
}

/// How far a text has come in a grammar. One thread uses it at a time.
#[derive(Debug)]
pub(in crate::worker) struct Grammar {
    raw: NonNull<sys::llama_sampler>,
    vocabulary: *const sys::llama_vocab,
    // The vocabulary is the model's.
    _model: Arc<LlamaModel>,
}

// SAFETY: nothing in it is bound to a thread, and `&mut` keeps uses apart; the vocabulary is only
// read.
unsafe impl Send for Grammar {}

impl Grammar {
    /// Reads a grammar in GBNF and stands at the beginning of its rule `root`.
    ///
    /// # Errors
    /// llama.cpp refuses it; its log says why.
    pub(in crate::worker) fn new(model: Arc<LlamaModel>, gbnf: &str) -> Result<Self, GrammarError> {
        if gbnf.trim().is_empty() {
            // llama.cpp would take it for no grammar at all, and allow anything.
            return Err(GrammarError::Grammar);
        }
        let text = CString::new(gbnf).map_err(|_| GrammarError::Grammar)?;
        // SAFETY: the model is alive, and so are both texts during the call; the wrapper catches
        // what llama.cpp throws at a grammar that is none and returns null.
        let (vocabulary, raw) = unsafe {
            let vocabulary = sys::llama_model_get_vocab(model_ptr(&model));
            let root = c"root".as_ptr();
            (vocabulary, sys::llama_rs_sampler_init_grammar(vocabulary, text.as_ptr(), root))
        };
        let raw = NonNull::new(raw).ok_or(GrammarError::Grammar)?;
        Ok(Self { raw, vocabulary, _model: model })
    }

    /// Gives every candidate that cannot come next a logit of minus infinity. A token that ends
    /// the generation can come where the text is whole; no other control token ever can.
    pub(in crate::worker) fn refuse(&mut self, candidates: &mut [Candidate]) {
        let mut array = sys::llama_token_data_array {
            data: candidates.as_mut_ptr(),
            size: candidates.len(),
            selected: -1,
            sorted: false,
        };
        // SAFETY: the array holds as many entries as it says, and the grammar changes their logits
        // in place. Each id is one of this vocabulary's.
        unsafe {
            sys::llama_sampler_apply(self.raw.as_ptr(), &raw mut array);
        }
        for candidate in candidates {
            // SAFETY: as above; the vocabulary lives as long as the model.
            let (control, ends) = unsafe {
                let (vocabulary, id) = (self.vocabulary, candidate.id);
                (
                    sys::llama_vocab_is_control(vocabulary, id),
                    sys::llama_vocab_is_eog(vocabulary, id),
                )
            };
            if control && !ends {
                candidate.logit = f32::NEG_INFINITY;
            }
        }
    }

    /// Goes on by a token that was not refused; `false` when it was and nothing is certain now.
    pub(in crate::worker) fn accept(&mut self, token: LlamaToken) -> bool {
        // SAFETY: the grammar is alive; the wrapper catches what llama.cpp throws.
        unsafe {
            sys::llama_rs_sampler_accept(self.raw.as_ptr(), token.0) == sys::LLAMA_RS_STATUS_OK
        }
    }
}

impl Drop for Grammar {
    fn drop(&mut self) {
        // SAFETY: frees it once.
        unsafe { sys::llama_sampler_free(self.raw.as_ptr()) }
    }
}
