//! Prompts being made. Rendering and tokenising megabytes takes seconds: a thread does it, so that
//! the batch goes on and the turn can be cancelled meanwhile.

use std::collections::HashSet;
use std::sync::Arc;

use super::intake::Intake;
use super::intake::Order;
use super::model::Model;
use super::model::Prompt;
use super::turn::TurnKey;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Message;
use crate::chat::Part;

/// Text up to this size is tokenised at once: it takes a few milliseconds, less than a step.
const AT_ONCE_BYTES: usize = 32 * 1024;

/// The turns whose prompts are on their way through a thread.
#[derive(Debug)]
pub(super) struct Tokenizing {
    intake: Arc<Intake>,
    making: HashSet<TurnKey>,
}

impl Tokenizing {
    /// Makes an empty one; what is done goes to `intake` as [`Order::Run`].
    pub(super) fn new(intake: Arc<Intake>) -> Self {
        Self { intake, making: HashSet::new() }
    }

    /// Returns the prompt of a short conversation; a long one comes later.
    pub(super) fn prepare(
        &mut self,
        model: &Arc<Model>,
        key: TurnKey,
        generation: &Generation,
    ) -> Option<Prompt> {
        if is_short(&generation.messages) {
            return Some(model.prompt(&generation.messages));
        }
        let (model, intake) = (Arc::clone(model), Arc::clone(&self.intake));
        let generation = generation.clone();
        let thread = std::thread::Builder::new().spawn(move || {
            let prompt = model.prompt(&generation.messages);
            intake.push(Order::Run(key, generation, prompt));
        });
        if thread.is_err() {
            return Some(Err(Fault::new("the engine has no thread left for this prompt")));
        }
        self.making.insert(key);
        None
    }

    /// Takes a turn whose prompt is made; `false` when it is not wanted any more.
    pub(super) fn take(&mut self, key: TurnKey) -> bool {
        self.making.remove(&key)
    }

    /// Stops waiting for a turn's prompt; `false` when it is not being made.
    pub(super) fn cancel(&mut self, key: TurnKey) -> bool {
        self.making.remove(&key)
    }

    /// Stops waiting for the prompts of a client that is gone.
    pub(super) fn drop_client(&mut self, client: u32) {
        self.making.retain(|key| key.client != client);
    }
}

/// Returns whether a conversation is tokenised in less time than a step takes.
pub(super) fn is_short(messages: &[Message]) -> bool {
    messages.iter().map(bytes).sum::<usize>() <= AT_ONCE_BYTES
}

/// Returns the size of a message's text.
fn bytes(message: &Message) -> usize {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall { arguments, .. } => arguments.len(),
        Part::ToolResult { content, .. } => content.len(),
        Part::Media(_) => 0,
    };
    message.parts.iter().map(part).sum()
}
