//! What may leave the device.
//!
//! Never: the network.
