//! The vocabulary that every floor shares: ids, messages, turns, token events, decisions and
//! health as data, usage, faults and our own keys.
//!
//! Never: serde, I/O, a clock. Rows live in `store`, wire types in `ipc` and `remote`.

mod change;
mod compute;
mod decision;
mod device;
mod event;
mod fault;
mod generation;
mod health;
mod id;
mod key;
mod message;
mod node;
mod outlook;
mod saved;
mod time;
mod tree;
mod usage;

pub use change::{Change, Desk, Imported, PartKind, Take};
pub use compute::{CacheType, Compute, FlashAttention, GpuLayers};
pub use decision::{
    Candidate, Decision, Mode, Prediction, PrivacyClass, Reject, Route, SwitchPrice, Why,
};
pub use device::{DeviceLevel, DeviceSample, Heat};
pub use event::{StopReason, TokenEvent, TurnEvent};
pub use fault::{Fault, FaultKind};
pub use generation::{Constraint, Foresight, Generation, Limits, Priority, Probe, Sampling};
pub use health::{Health, LoadState, ModelInfo, Rates};
pub use id::{MessageId, SessionId, TurnId};
pub use key::{Key, KeyCode, Mods};
pub use message::{MediaHash, Message, Part, Role};
pub use node::{Answer, Node, NodeState, Span, TurnSettings};
pub use outlook::{Outlook, Place, Promise, Shelved};
pub use saved::{Draft, Hit, Listed, Saving, ScrollAnchor, SessionInfo};
pub use time::Timestamp;
pub use tree::{Tree, TreeError};
pub use usage::{Timings, Traffic, Usage};
