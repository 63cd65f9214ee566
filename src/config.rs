//! Raw TOML to resolved settings: profiles, paths, environment.
//!
//! Never: environment reads outside `config::env`.
