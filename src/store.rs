//! Saved conversations. Sessions live in memory for now, as long as the window is open.
//!
//! Never: `app`, `ui`.
