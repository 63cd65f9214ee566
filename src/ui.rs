//! Draws the Model.
//!
//! Owns the screen's layout and the [`View`]: wrapped rows by session and width, kept so that they
//! need not be made again; a new one draws the same screen. A frame costs what is visible plus what was
//! added since the last one, however long an answer is. What a program, a file or a person wrote
//! gets onto the screen only as [`Clean`](crate::text::Clean): `paint` takes nothing else.
//!
//! Never: adapters, the runtime, a clock, state that is not a cache.

mod bar;
mod complete;
mod composer;
mod cost;
mod field;
mod figures;
mod full;
mod layout;
mod overlay;
mod paint;
mod palette;
mod panel;
mod passed;
mod picker;
mod plain;
mod queue;
mod rich;
mod rows;
mod screen;
mod search;
mod sidebar;
mod signals;
mod status;
mod style;
mod tabs;
#[cfg(test)]
mod tests;
mod transcript;
mod view;
mod welcome;
mod why;
mod wrapped;

pub use passed::{Passing, passed};
pub use plain::Announcer;
pub use screen::{Drawn, draw};
pub use view::{Stats, Target, View};
