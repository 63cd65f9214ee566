//! One turn of a saved session, outside of the chat.

use std::time::Duration;

use super::Front;
use super::clock::Clock;
use super::clock::now;
use super::ids;
use super::record::Recorder;
use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::Message;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::TurnSettings;
use crate::prompt;
use crate::store::Saved;
use crate::store::Store;

/// Between two tries to take a session that somebody else answers in.
const AGAIN: Duration = Duration::from_millis(100);

/// A saved session that a question is to be asked in.
#[derive(Clone, Debug)]
pub struct Saving {
    /// The store.
    pub store: Store,
    /// The session, new or as it is stored.
    pub info: SessionInfo,
    /// How long to wait while somebody else answers in it.
    pub patience: Duration,
}

/// What is to be asked, and where it is kept.
#[derive(Debug)]
pub struct Question {
    pub(super) session: SessionId,
    /// What of the conversation before it is sent, in order.
    pub(super) earlier: Vec<Node>,
    pub(super) text: String,
    /// The strictest class of what is sent.
    pub(super) class: PrivacyClass,
    pub(super) recorder: Option<Recorder>,
}

impl Question {
    /// Makes a question of which no trace is kept.
    pub fn unsaved(text: String) -> Self {
        let (session, earlier) = (ids::new_session(), Vec::new());
        // Nothing of it is older than the profile's own word.
        Self { session, earlier, text, class: PrivacyClass::Open, recorder: None }
    }
}

impl Saving {
    /// Saves the question; it is durable when this returns, or kept in memory where the disk is
    /// full.
    ///
    /// # Errors
    /// Somebody else answered in the session all the time, or it cannot be read.
    ///
    /// # Cancel safety
    /// Not safe: the question may have been saved.
    pub async fn ask(self, front: &Front, text: String) -> Result<Question, Fault> {
        let clock = Clock::start();
        loop {
            // Whoever answered may have moved the end of the path.
            let reader = self.store.reader()?;
            let mut info = reader.session(self.info.id)?.unwrap_or_else(|| self.info.clone());
            let path = reader.newest(info.id, u32::MAX)?;
            // Read behind the messages: what made a session local-only may be among them.
            let class = reader.session(info.id)?.map_or(info.privacy, |now| now.privacy);
            info.privacy = info.privacy.strictest(class).strictest(front.profile.privacy);
            let path: Vec<Node> = path.nodes.into_iter().map(|one| one.node).collect();
            let (asked, answer) = nodes(&info, &text);
            let message = answer.id;
            let session = Box::new(info.clone());
            let begin = Change::Begin { session, nodes: vec![asked, answer] };
            match self.store.submit(begin).saved().await {
                Saved::Durable | Saved::InMemory(_) => {
                    let path: Vec<&Node> = path.iter().collect();
                    // What the chat leaves out is left out here as well.
                    let sent_from = prompt::sent_from(&path);
                    let earlier = prompt::sent(&path, sent_from).iter().copied().cloned().collect();
                    let settings = TurnSettings { sent_from, ..settings(front) };
                    let recorder = Recorder::new(self.store, (info.id, message), settings);
                    return Ok(Question {
                        session: info.id,
                        earlier,
                        text,
                        class: info.privacy,
                        recorder: Some(recorder),
                    });
                }
                Saved::Busy(_) if clock.at() + AGAIN < self.patience => {
                    tokio::time::sleep(AGAIN).await;
                }
                Saved::Busy(fault) => {
                    return Err(
                        fault.hint("--timeout SECONDS waits for it, `sessions fork` copies it")
                    );
                }
                Saved::Refused(fault) => return Err(fault),
            }
        }
    }
}

/// Makes the question and the answer that is about to stream.
fn nodes(info: &SessionInfo, text: &str) -> (Node, Node) {
    let asked = Node {
        id: ids::new_message(),
        parent: info.leaf,
        created: now(),
        message: Message::text(Role::User, text),
        state: NodeState::Complete,
        answer: None,
    };
    let answer = Node {
        id: ids::new_message(),
        parent: Some(asked.id),
        created: asked.created,
        message: Message { role: Role::Assistant, parts: Vec::new() },
        state: NodeState::Streaming,
        answer: None,
    };
    (asked, answer)
}

fn settings(front: &Front) -> TurnSettings {
    TurnSettings {
        profile: front.profile.name.clone(),
        system: front.profile.system.clone(),
        sampling: front.profile.sampling.clone(),
        limits: front.limits(),
        sent_from: None,
        model: None,
    }
}
