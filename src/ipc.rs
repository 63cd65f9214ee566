//! Frames between a front and an engine, and their codec.
//!
//! Never: the lifecycle of sockets.
