//! A turn out of saved messages, and back.

use std::time::Duration;

use super::Phase;
use super::Placed;
use super::Turn;
use crate::chat::Answer;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Message;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Role;
use crate::chat::StopReason;
use crate::chat::TurnId;
use crate::text::Clean;

/// At the most this much of an answer is at risk: a second, or a page.
const APPEND_WITHIN: Duration = Duration::from_secs(1);
const APPEND_BYTES: usize = 4096;

impl Turn {
    /// Makes a turn of a question and its answer as they are saved, either of which may be missing.
    pub(in crate::app) fn told(
        id: TurnId,
        question: Option<(&Node, Placed)>,
        answer: Option<(&Node, Placed)>,
    ) -> Self {
        let mut turn = Self::new(id);
        if let Some((node, placed)) = question {
            turn.asked = Some(placed);
            turn.asker = node.message.role;
            turn.question = node.message.plain();
            turn.shown_question = Clean::new(&turn.question);
        }
        if let Some((node, placed)) = answer {
            turn.replied = Some(placed);
            turn.take(node);
        }
        turn
    }

    /// Returns whether the other one, of the same messages, looks the same.
    pub(in crate::app) fn shows_the_same(&self, other: &Self) -> bool {
        self.asked == other.asked
            && self.replied == other.replied
            && self.phase == other.phase
            && self.answer == other.answer
    }

    fn take(&mut self, node: &Node) {
        self.answer = node.message.plain();
        let clean = self.cleaner.push(&self.answer);
        self.show(&clean);
        let unknown = Answer::default();
        let answer = node.answer.as_deref().unwrap_or(&unknown);
        self.spans.clone_from(&answer.spans);
        self.decision = answer.origin().map(|span| {
            let reason = answer.reason.clone().unwrap_or_default();
            Decision::new(span.route.clone(), span.model.clone(), reason)
        });
        self.usage = answer.usage;
        self.timings = answer.timings;
        self.phase = match node.state {
            NodeState::Streaming => Phase::Elsewhere,
            _ => Phase::Finished(stop(node.state, answer)),
        };
        if node.state != NodeState::Streaming {
            self.show_rest();
        }
    }

    /// Returns when what is not saved of the running answer is to be; `None` if all of it is.
    pub(in crate::app) fn save_at(&self) -> Option<Duration> {
        let (bytes, at) = self.saved;
        (self.is_open() && bytes < self.answer.len()).then_some(at + APPEND_WITHIN)
    }

    /// Returns whether so much is not saved that it is not to wait.
    pub(in crate::app) fn is_much_unsaved(&self) -> bool {
        self.answer.len().saturating_sub(self.saved.0) >= APPEND_BYTES
    }

    /// Takes what is not saved of the answer: how much was before it, and the text.
    pub(in crate::app) fn unsaved(&mut self, now: Duration) -> Option<(usize, String)> {
        let (bytes, _) = self.saved;
        let text = self.answer.get(bytes..).filter(|text| !text.is_empty())?.to_owned();
        self.saved = (self.answer.len(), now);
        Some((bytes, text))
    }

    /// Returns what is to be saved of the answer's end, in the place of `begun`.
    pub(in crate::app) fn ended(&self, begun: &Node) -> Node {
        let mut node = begun.clone();
        node.message = Message::text(Role::Assistant, self.answer.clone());
        let mut answer = node.answer.take().unwrap_or_default();
        self.spans.iter().cloned().for_each(|span| answer.runs(span));
        if let Some(decision) = &self.decision {
            answer.reason = Some(decision.reason.clone());
        }
        if let Phase::Finished(reason) = &self.phase {
            node.state = reason.into();
            answer.stop = Some(reason.name().to_owned());
            answer.fault = reason.fault().cloned();
        }
        answer.usage = self.usage;
        answer.timings = self.timings;
        node.answer = Some(answer);
        node
    }
}

/// Returns why a saved answer ended.
fn stop(state: NodeState, answer: &Answer) -> StopReason {
    let fault = |words: &str| answer.fault.clone().unwrap_or_else(|| Fault::new(words));
    match (state, answer.stop.as_deref()) {
        (NodeState::Stopped, _) => StopReason::Cancelled,
        (NodeState::Interrupted, _) => {
            StopReason::Interrupted(fault("the program ended before the answer was complete"))
        }
        (NodeState::Failed, _) => StopReason::Failed(fault("no answer came")),
        (_, Some("stop")) => StopReason::Stop,
        (_, Some("length")) => StopReason::Length,
        (_, Some("context_full")) => StopReason::ContextFull,
        (NodeState::Complete | NodeState::Streaming, _) => StopReason::EndOfTurn,
    }
}
