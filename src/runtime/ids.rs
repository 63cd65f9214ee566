//! New identities.

use crate::chat::SessionId;

/// Makes a session identity that sorts by time: a `UUIDv7`.
pub(super) fn new_session() -> SessionId {
    SessionId(uuid::Uuid::now_v7().as_u128())
}
