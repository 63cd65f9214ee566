//! A safe reader of model files: checks a GGUF before llama.cpp sees it.
//!
//! Never: llama.cpp.
