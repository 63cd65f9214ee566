//! Endpoints as backends. None is spoken to yet.
//!
//! Never: `app`, `ui`.
