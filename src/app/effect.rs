//! What the model asks the runtime to do.

use crate::chat::Generation;
use crate::chat::SessionId;
use crate::chat::TurnId;

/// One thing to do, in the order given. None of them is waited for: answers come back as
/// messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Begin a turn. It ends by exactly one `Finished`, which comes back as `Msg::Turn`.
    Generate {
        /// Identifies every event of the turn.
        turn: TurnId,
        /// What to answer.
        generation: Generation,
    },
    /// Evaluate ahead what is sure of the next prompt; a newer one replaces it.
    Prepare(Generation),
    /// Stop a turn; it still ends by its own `Finished`.
    Cancel(TurnId),
    /// Ask the engine for its figures, which come as `Msg::Health`; start none.
    Look,
    /// Drop every trace of a session's cached state.
    Forget(SessionId),
    /// Give the terminal back and stop the process until it is continued; then `Msg::Redraw`.
    Suspend,
    /// Clear the terminal and draw every cell again.
    Repaint,
    /// Leave; the last effect ever.
    Exit,
}
