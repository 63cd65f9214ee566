//! Samples of this machine: run-queue wait, pressure, memory, battery.
//!
//! Never: decisions.
