//! What the writer is handed, and what becomes of it.

use crate::chat::Change;
use crate::chat::Fault;
use crate::route::Lesson;

/// One thing to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Work {
    /// Something of the conversations.
    Change(Change),
    /// How an endpoint did.
    Learn(Box<Lesson>),
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// It outlasts a power cut.
    Durable,
    /// It could not be written; it is kept in memory and tried again until it can, for as long as
    /// the program runs. The chat goes on.
    InMemory(Fault),
    /// Nothing of it is written: somebody else answers in the session right now.
    Busy(Fault),
    /// It is not written and will not be: what is stored does not allow it, or the store cannot
    /// be written to at all.
    Refused(Fault),
}
