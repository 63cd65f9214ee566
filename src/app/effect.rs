//! What the model asks the runtime to do.

use crate::chat::Change;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::MessageId;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::Timestamp;
use crate::chat::TurnId;
use crate::route::Pin;
use crate::text::Address;
use crate::text::Clean;

/// One thing to do, in the order given. None of them is waited for: answers come back as
/// messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Save something, in the order given.
    Save(Change),
    /// Read a saved session; it comes as `Msg::Opened`, and then `Msg::Whole`.
    Open(SessionId),
    /// Read a session once more that another window answers in; it comes as `Msg::Whole`.
    Reread(SessionId),
    /// Look whether another window has gone on behind this leaf; then it comes as `Msg::Grown`.
    Peek(SessionId, MessageId),
    /// Tell, or no longer, when something is written to the store, as `Msg::Changed`.
    Watch(bool),
    /// Read the list of saved sessions; it comes as `Msg::Listed`.
    List,
    /// Read which sessions were saved last; they come as `Msg::Recent`.
    Recent,
    /// Read the end of a saved conversation; it comes as `Msg::Previewed`. A newer wish replaces it.
    Preview(SessionId),
    /// Search all saved messages for these words; what is found comes as `Msg::Found`. A newer wish
    /// replaces it.
    Find(String),
    /// Begin a turn, as soon as what was to be saved before it is durable. It ends by exactly one `Finished`, which comes back as `Msg::Turn`.
    Generate {
        /// Identifies every event of the turn.
        turn: TurnId,
        /// What to answer.
        generation: Generation,
        /// The user's word on where it runs.
        pin: Option<Pin>,
        /// Where an answer to the same question broke off: this one is begun elsewhere.
        broke_off: Option<Route>,
    },
    /// The user lets a session's turns go to the named endpoint, from the next one on.
    Allow(SessionId, String),
    /// Copy the messages of a session up to this one that may leave this device, and open the copy as
    /// [`Effect::Open`] does.
    Redact {
        /// From which.
        from: SessionId,
        /// The last message that is looked at.
        at: MessageId,
        /// The new session.
        into: SessionId,
        /// When.
        created: Timestamp,
    },
    /// Tell what a draft would cost, as `Msg::Foreseen`; a newer wish replaces it.
    Foresee {
        /// Identifies the question.
        number: u64,
        /// The conversation with the draft behind it.
        generation: Generation,
        /// The same with nothing in the draft's place, where that is to be counted too.
        blank: Option<Generation>,
        /// The user's word on where the turn will run.
        pin: Option<Pin>,
        /// Whether there is an engine to count; none is started for it.
        counts: bool,
    },
    /// Evaluate ahead what is foreseen of the next prompt; a newer one replaces it.
    Prepare(Generation, Foresight),
    /// Stop a turn; it still ends by its own `Finished`.
    Cancel(TurnId),
    /// Have sessions hold this many tokens from the next turn on: by another engine, if the pool of
    /// this one is too small for it.
    Enlarge(u32),
    /// Have a session's turns on this device answered by this model from now on, and load it; what it
    /// has come to is told as `Msg::Load`, what is wrong with it as `Msg::NoModel`.
    Model(SessionId, String),
    /// Tell what is known of the endpoints, as `Msg::Places`, for a prompt of so many tokens.
    Places(u32),
    /// Look which models are on this machine; they come as `Msg::Shelved`.
    Shelf,
    /// Ask the engine for its figures, which come as `Msg::Health`; start none.
    Look,
    /// Drop every trace of a session's cached state.
    Forget(SessionId),
    /// Give the terminal back and stop the process until it is continued; then `Msg::Redraw`.
    Suspend,
    /// Clear the terminal and draw every cell again.
    Repaint,
    /// Put a text on the clipboard; what became of it comes as `Msg::Told`.
    Copy {
        /// The text.
        text: Clean,
        /// What it is, for the words about it.
        what: String,
    },
    /// Save a text to a new file; what became of it comes as `Msg::Told`.
    Write {
        /// Where, as the user typed it.
        path: String,
        /// The text.
        text: Clean,
    },
    /// Have an address opened by the program that the user has for it.
    Follow(Address),
    /// Read the files that a question names; it comes back as `Msg::Attached`.
    Attach {
        /// The question.
        question: String,
        /// The names, as they were written.
        words: Vec<String>,
    },
    /// Tell which files there are for the beginning of a name, as `Msg::Files`.
    Files(String),
    /// Have the draft written in the user's editor; it comes back as `Msg::Edited`.
    Edit(String),
    /// Draw with another theme from now on.
    Theme(String),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Leave; the last effect ever.
    Exit,
}
