//! Printers for one turn: text for people, NDJSON for programs.
//!
//! Never: the terminal itself; both write to what they are given.
