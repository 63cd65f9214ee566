//! The sole place with `unsafe`: the context and samplers over `llama-cpp-sys-2`, and closing the
//! descriptors that the process was born with.
//!
//! The safe crate carries the model and the vocabulary; its context hides the abort callback, the
//! thread count and the output limit, so this one stands beside it.
//!
//! Never: scheduling, text.
#![allow(unsafe_code, reason = "this is where llama.cpp's C interface is wrapped")]

mod batch;
mod context;
mod grammar;
mod load;
mod log;
mod model;
mod process;
mod quantize;
mod sampler;
mod state;

pub(super) use batch::Batch;
pub(super) use context::{Context, ContextParams, Decoded};
pub(super) use grammar::{Candidate, Grammar, GrammarError, grammar_of_schema};
pub(super) use load::load;
pub(super) use log::{forget_layers, gpu_layers, log_to_stderr, system_info};
pub(super) use model::{describe, window};
pub(super) use process::close_inherited;
pub(super) use quantize::{Quantising, quantise};
pub(super) use sampler::{PENALTY_TOKENS, Sampler};
pub(super) use state::SEQUENCES_MAX;
