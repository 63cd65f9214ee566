//! The one place where a network socket opens. None does yet: no endpoint is reachable before
//! `remote` exists, so every remote mode is refused by `route`.
//!
//! Never: protocols.
