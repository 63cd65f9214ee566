//! The chat as a pure state machine: Model, Msg, Effect, update, keymap, composer.
//!
//! Never: I/O, a clock, ratatui, crossterm, tokio.
