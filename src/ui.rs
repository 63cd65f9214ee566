//! Draws the Model.
//!
//! Never: adapters, the runtime.
