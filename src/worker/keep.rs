//! How long what is left of a turn is kept.

use crate::chat::Generation;
use crate::chat::Priority;

/// How long what a session has cached is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keep {
    /// As long as there is room.
    #[default]
    Session,
    /// While this client is there: its session asked that no trace be kept.
    Client(u32),
    /// While this client is there and nothing else wants the cells: no turn will follow.
    OneShot(u32),
}

impl Keep {
    /// Returns how long to keep what a client's turn leaves. A script's turn without a session is
    /// its only one.
    pub(super) fn of(generation: &Generation, client: u32) -> Self {
        match (generation.ephemeral, generation.priority) {
            (false, _) => Self::Session,
            (true, Priority::Background) => Self::OneShot(client),
            (true, Priority::Interactive | Priority::Ahead) => Self::Client(client),
        }
    }

    /// Returns whether it ends when `client` leaves.
    pub(super) fn ends_with(self, client: u32) -> bool {
        matches!(self, Self::Client(of) | Self::OneShot(of) if of == client)
    }
}
