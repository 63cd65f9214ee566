//! Frames between a front and an engine, and their codec.
//!
//! A frame is a `u32` length in little endian and that many bytes of `postcard`. Each side treats
//! the other's bytes as hostile: lengths are capped before anything is allocated.
//!
//! Never: the lifecycle of sockets.

mod codec;
mod event;
mod frame;
mod request;
mod spec;

pub use codec::{Decoder, FRAME_BYTES_MAX, FrameError, encode};
pub use frame::{PROTOCOL, Status, ToEngine, ToFront, Visit};
pub use spec::{LoadSpec, Spec};
