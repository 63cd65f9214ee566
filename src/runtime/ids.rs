//! New identities.

use crate::chat::MessageId;
use crate::chat::SessionId;

/// Makes a session identity that sorts by time: a `UUIDv7`.
pub fn new_session() -> SessionId {
    SessionId(uuid::Uuid::now_v7().as_u128())
}

/// Makes a message identity that sorts by time: a `UUIDv7`.
pub(super) fn new_message() -> MessageId {
    MessageId(uuid::Uuid::now_v7().as_u128())
}
