//! What the model is told.

use std::time::Duration;

use crate::app::scroll::Laid;
use crate::chat::Fault;
use crate::chat::Health;
use crate::chat::Key;
use crate::chat::LoadState;
use crate::chat::TurnEvent;
use crate::chat::TurnId;

/// One thing that happened. `at` is the time since the program started and never goes back.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key {
        /// Which one.
        key: Key,
        /// When.
        at: Duration,
    },
    /// Text was pasted; line breaks of any kind, control characters included.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// A turn made a step.
    Turn {
        /// Which turn; an unknown or finished one is ignored.
        turn: TurnId,
        /// The step.
        event: TurnEvent,
        /// When it was received.
        at: Duration,
    },
    /// How far the engine is with its model.
    Load {
        /// The state.
        state: LoadState,
        /// When it was received.
        at: Duration,
    },
    /// The engine's newest figures.
    Health(Health),
    /// The engine is gone; its turns are finished by their own events.
    Lost(Fault),
    /// Time has passed; wanted no earlier than [`Model::next_deadline`](crate::app::Model::next_deadline).
    Tick(Duration),
    /// The view drew a session and tells what came out.
    Laid(Laid),
    /// A signal asks the program to leave.
    Quit(Duration),
    /// There is no more time to leave in good order.
    Deadline,
    /// The screen is to be drawn anew, as after a suspension.
    Redraw,
}
