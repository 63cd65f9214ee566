//! Wires the front: event loop, driver, terminal, signals, shutdown.
//!
//! Never: business rules.
