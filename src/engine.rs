//! The local backend, front side: finds, starts and speaks to the engine process.
//!
//! Never: llama.cpp.
