//! What the model is told.

use std::time::Duration;

use crate::app::scroll::Laid;
use crate::chat::Fault;
use crate::chat::Health;
use crate::chat::Hit;
use crate::chat::Key;
use crate::chat::Listed;
use crate::chat::LoadState;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::Outlook;
use crate::chat::Place;
use crate::chat::PrivacyClass;
use crate::chat::Saving;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::Shelved;
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
    /// A line was entered, where the terminal is not taken.
    Line {
        /// The line, without its end.
        line: String,
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
    /// A turn cannot begin, because of what is saved: another window answers in the session.
    Refused {
        /// Which turn; it has no other end.
        turn: TurnId,
        /// Why.
        fault: Fault,
    },
    /// A line for the user.
    Told(String),
    /// The store is damaged; what can be read goes on being read.
    Damaged(Fault),
    /// The draft as the user's editor left it.
    Edited(String),
    /// The question with the files in front of it that it names.
    Attached(Result<String, Fault>),
    /// The files that there are for the beginning of a name.
    Files {
        /// The beginning.
        asked: String,
        /// Their names, directories with `/` at the end.
        names: Vec<String>,
    },
    /// What is known of the profile's endpoints.
    Places(Vec<Place>),
    /// The models on this machine.
    Shelved(Vec<Shelved>),
    /// The model that was chosen for a session cannot be used.
    NoModel {
        /// Which session.
        session: SessionId,
        /// Why.
        fault: Fault,
    },
    /// What a draft would cost.
    Foreseen {
        /// Which question this answers.
        number: u64,
        /// The cost.
        outlook: Outlook,
    },
    /// Whether the mouse is the chat's.
    Mouse(bool),
    /// The mouse's wheel moved by this many rows.
    Wheel(isize),
    /// A message was clicked on.
    Click {
        /// Which.
        message: MessageId,
        /// Which of its code blocks, if it was one.
        block: Option<usize>,
    },
    /// A session was clicked on.
    ClickSession(SessionId),
    /// How saving goes.
    Saving(Saving),
    /// A saved session, by its newest messages.
    Opened {
        /// What is known of it.
        info: Box<SessionInfo>,
        /// The end of its selected path, oldest first, each with all that follow the same message.
        page: Vec<(Node, Vec<MessageId>)>,
    },
    /// All messages of a session that was opened, parents before their children.
    Whole {
        /// Which.
        session: SessionId,
        /// The messages.
        nodes: Vec<Node>,
        /// The selected leaf.
        leaf: Option<MessageId>,
        /// What of it may leave the device.
        class: PrivacyClass,
    },
    /// All messages of a session whose selected leaf is another one in the store.
    Grown {
        /// Which.
        session: SessionId,
        /// The messages.
        nodes: Vec<Node>,
        /// The selected leaf.
        leaf: MessageId,
        /// What of it may leave the device.
        class: PrivacyClass,
    },
    /// Something was written to the store; told while [`Effect::Watch`](crate::app::Effect::Watch) asks for it.
    Changed,
    /// The saved sessions, archived ones included, the one that changed last first.
    Listed(Vec<Listed>),
    /// The sessions that were saved last, the newest first.
    Recent(Vec<Listed>),
    /// The end of a saved conversation, oldest message first.
    Previewed {
        /// Which.
        session: SessionId,
        /// Its newest messages.
        messages: Vec<Message>,
    },
    /// What a search brought.
    Found {
        /// The words.
        query: String,
        /// The messages, newest first, or why there are none.
        hits: Result<Vec<Hit>, Fault>,
    },
    /// A saved session that was asked for cannot be had.
    Missing(Fault),
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
