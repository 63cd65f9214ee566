//! What is sure of the next prompt: the conversation as the next turn will give it, and the finished
//! words of the draft.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::status::EngineState;
use crate::chat::Generation;
use crate::chat::MessageId;
use crate::chat::Priority;
use crate::chat::SessionId;

/// What the engine was last told to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app) struct Ahead {
    session: SessionId,
    leaf: Option<MessageId>,
    draft: String,
}

impl Model {
    /// Orders what is sure of the next prompt to be evaluated, when it has changed. A running
    /// answer's session has no next prompt yet.
    pub(super) fn look_ahead(&mut self, effects: &mut Vec<Effect>) {
        let ready = matches!(self.engine.state(), EngineState::Ready(_));
        let session = self.current();
        if !self.settings.prefill_ahead
            || !ready
            || self.is_leaving()
            || session.running().is_some()
        {
            return;
        }
        let draft = finished_words(session.composer.text());
        let known = self.ahead.as_ref().is_some_and(|ahead| {
            ahead.session == session.id && ahead.leaf == session.tree.leaf() && ahead.draft == draft
        });
        if known {
            return;
        }
        let draft = draft.to_owned();
        let generation =
            Generation { priority: Priority::Ahead, ..self.generation(self.current, Some(&draft)) };
        self.ahead = Some(Ahead { session: session.id, leaf: session.tree.leaf(), draft });
        effects.push(Effect::Prepare(generation));
    }
}

/// Ends a sentence, so that the word before it is not typed any further: with the last one of them
/// mostly comes Enter, within a tenth of a second.
const ENDS: [char; 7] = ['.', '?', '!', '…', '。', '？', '！'];

/// Returns the draft without the word that is still being typed, and without the space before it,
/// which tokenises with the word. A command is no question.
fn finished_words(draft: &str) -> &str {
    if draft.starts_with('/') {
        return "";
    }
    if draft.ends_with(ENDS) {
        return draft.trim();
    }
    let end = draft.rfind(char::is_whitespace).unwrap_or(0);
    draft[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_finished_by_what_comes_after_it() {
        assert_eq!(finished_words("What is the capi"), "What is the");
        assert_eq!(finished_words("What is the "), "What is the");
        assert_eq!(finished_words("What"), "");
        assert_eq!(finished_words("What is it? "), "What is it?");
        assert_eq!(finished_words("What is it?"), "What is it?");
        assert_eq!(finished_words("/new or not?"), "");
        assert_eq!(finished_words("two\nlines"), "two");
        assert_eq!(finished_words("/new or not"), "");
    }
}
