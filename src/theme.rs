//! Palettes from `themes/*.toml`.
//!
//! Never: drawing.
