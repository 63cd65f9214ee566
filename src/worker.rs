//! The engine process: accepts fronts, runs all turns in one batch over llama.cpp.
//!
//! `ffi` is the sole place with `unsafe`. Never: the store, the network.
