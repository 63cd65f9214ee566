//! Names to model files.
//!
//! Never: llama.cpp.
