//! The chat as a pure state machine: messages in, effects out.
//!
//! Owns the [`Model`] (sessions of this run, their trees, drafts and scroll positions, the
//! engine's state as last told), the keymap and the composer. Time comes in with the messages, as
//! a duration since the program started; text that a model wrote is kept twice: raw for the
//! history sent back to the model, [`Clean`](crate::text::Clean) for everything shown.
//!
//! Never: I/O, a clock, ratatui, crossterm, tokio.

mod command;
mod composer;
mod effect;
mod fuzzy;
mod keymap;
mod mint;
mod model;
mod msg;
mod notice;
mod palette;
mod picker;
mod rate;
mod scroll;
mod search;
mod session;
mod settings;
mod status;
mod turn;
mod update;

pub use composer::Composer;
pub use effect::Effect;
pub use keymap::{Action, HelpLine, Keymap};
pub use model::{Model, Overlay, SIDEBAR_FROM};
pub use msg::Msg;
pub use notice::{Level, Notice};
pub use palette::{Choice, Palette};
pub use picker::{Asks, Picker, Preview};
pub use rate::{Progress, Rate};
pub use scroll::{Goal, Laid, Scroll};
pub use search::Search;
pub use session::Session;
pub use settings::{Growth, Settings};
pub use status::{EngineState, EngineStatus};
pub use turn::{Phase, Placed, Prefill, Turn};
pub use update::Cost;
pub use update::Larger;
pub use update::Recent;
