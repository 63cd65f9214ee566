//! An answer on its way into the store, while it streams.

use std::time::Duration;

use crate::chat::Answer;
use crate::chat::Change;
use crate::chat::MessageId;
use crate::chat::NodeState;
use crate::chat::PartKind;
use crate::chat::SessionId;
use crate::chat::Span;
use crate::chat::Timestamp;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnSettings;
use crate::store::Receipt;
use crate::store::Store;

/// At most this much of an answer is lost with the power, in time and in bytes.
const EVERY: Duration = Duration::from_secs(1);
const EVERY_BYTES: usize = 4096;

/// Passes the steps of one answer on to the store. It never waits for the disk.
#[derive(Debug)]
pub struct Recorder {
    store: Store,
    session: SessionId,
    message: MessageId,
    answer: Answer,
    pending: String,
    passed_bytes: u64,
    /// When what is pending has to go, since the program started.
    due: Option<Duration>,
}

/// The times of a step: since the start, and on the wall.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Since the program started.
    pub since_start: Duration,
    /// On the wall.
    pub wall: Timestamp,
}

impl Recorder {
    /// Makes a recorder of an answer that was begun with [`Change::Begin`].
    pub fn new(
        store: Store,
        (session, message): (SessionId, MessageId),
        settings: TurnSettings,
    ) -> Self {
        let answer = Answer { settings, ..Answer::default() };
        let pending = String::new();
        Self { store, session, message, answer, pending, passed_bytes: 0, due: None }
    }

    /// Returns the session.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Takes a step in; returns a receipt for the end.
    pub fn step(&mut self, event: &TurnEvent, timings: Timings, at: At) -> Option<Receipt> {
        match event {
            TurnEvent::Routed(decision) => {
                let from_byte = self.passed_bytes + self.pending.len() as u64;
                let (route, model) = (decision.route.clone(), decision.model.clone());
                let span = Span { from_byte, route, model };
                self.answer.runs(span.clone());
                self.answer.reason = Some(decision.reason.clone());
                let (session, message) = (self.session, self.message);
                self.store.submit(Change::Routed { session, message, span });
            }
            TurnEvent::Token(TokenEvent::Delta(text)) => {
                self.pending.push_str(text);
                if !self.pending.is_empty() {
                    self.due.get_or_insert(at.since_start + EVERY);
                }
                if self.pending.len() >= EVERY_BYTES {
                    self.pass(at.wall);
                }
            }
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                self.pass(at.wall);
                self.answer.stop = Some(reason.name().to_owned());
                self.answer.fault = reason.fault().cloned();
                self.answer.usage = *usage;
                self.answer.timings = timings;
                return Some(self.store.submit(Change::Finish {
                    session: self.session,
                    message: self.message,
                    state: NodeState::from(reason),
                    answer: Box::new(self.answer.clone()),
                    at: at.wall,
                }));
            }
            TurnEvent::Waiting { .. }
            | TurnEvent::Anew
            | TurnEvent::Token(TokenEvent::Queued(_) | TokenEvent::Prefill { .. }) => {}
        }
        None
    }

    /// Returns when what is pending has to be passed on by [`Recorder::tick`].
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Passes on what is pending, if it is due.
    pub fn tick(&mut self, at: At) {
        if self.due.is_some_and(|due| at.since_start >= due) {
            self.pass(at.wall);
        }
    }

    fn pass(&mut self, wall: Timestamp) {
        self.due = None;
        if self.pending.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.pending);
        let from_byte = self.passed_bytes;
        self.passed_bytes += text.len() as u64;
        self.store.submit(Change::Append {
            session: self.session,
            message: self.message,
            from_byte,
            kind: PartKind::Text,
            text,
            at: wall,
        });
    }
}
