//! What is foreseen of the next prompt: the conversation as the next turn will give it, and the
//! finished words of the draft; all of the draft when it looks finished.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::status::EngineState;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::MessageId;
use crate::chat::Priority;
use crate::chat::SessionId;

/// How long nothing is typed until a draft is taken for finished: longer than the gap between two
/// words, shorter than the look that one takes at a question before sending it.
const REST: Duration = Duration::from_millis(300);

/// What the engine was last told to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app) struct Ahead {
    session: SessionId,
    leaf: Option<MessageId>,
    draft: String,
    foresight: Foresight,
}

/// The draft as it was last seen.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Typing {
    text: String,
    /// When the draft is taken for finished, if it does not change; `None` when it was.
    rests_at: Option<Duration>,
}

impl Model {
    /// Orders what is foreseen of the next prompt to be evaluated, when it has changed. A running
    /// answer's session has no next prompt yet.
    pub(super) fn look_ahead(&mut self, effects: &mut Vec<Effect>) {
        let ready = matches!(self.engine.state(), EngineState::Ready(_));
        if !self.settings.prefill_ahead
            || !ready
            || self.is_leaving()
            || self.current().running().is_some()
        {
            self.typing.rests_at = None;
            return;
        }
        let rests = self.rests();
        let session = self.current();
        let draft = session.composer.whole();
        let (draft, foresight) = foreseen(&draft, rests);
        let known = self.ahead.as_ref().is_some_and(|ahead| {
            (ahead.session, ahead.leaf) == (session.id, session.tree.leaf())
                && (ahead.draft.as_str(), ahead.foresight) == (draft, foresight)
        });
        if known {
            return;
        }
        let draft = draft.to_owned();
        let generation =
            Generation { priority: Priority::Ahead, ..self.generation(self.current, Some(&draft)) };
        let (session, leaf) = (session.id, session.tree.leaf());
        self.ahead = Some(Ahead { session, leaf, draft, foresight });
        effects.push(Effect::Prepare(generation, foresight));
    }

    /// Returns when the draft is taken for finished, if it is not yet.
    pub(in crate::app) fn rests_at(&self) -> Option<Duration> {
        self.typing.rests_at
    }

    /// Takes a draft for finished that was just pasted.
    pub(super) fn pasted(&mut self) {
        self.typing = Typing { text: self.current().composer.text().to_owned(), rests_at: None };
    }

    /// Looks at the draft and returns whether nothing was typed for a while.
    fn rests(&mut self) -> bool {
        let text = self.sessions[self.current].composer.text();
        if *text != *self.typing.text {
            text.clone_into(&mut self.typing.text);
            let unfinished = foreseen(text, true) != foreseen(text, false);
            self.typing.rests_at = unfinished.then_some(self.now + REST);
        } else if self.typing.rests_at.is_some_and(|at| at <= self.now) {
            self.typing.rests_at = None;
        }
        self.typing.rests_at.is_none()
    }
}

/// Ends a sentence: with the last one of them mostly comes Enter, within a tenth of a second.
const ENDS: [char; 7] = ['.', '?', '!', '…', '。', '？', '！'];

/// Returns what of a draft is to be evaluated, and how much of the prompt that it makes. A draft
/// that `rests` or ends a sentence is taken as it is; otherwise without the word that is still
/// being typed, and without the space before it, which tokenises with the word. A command is no
/// question.
fn foreseen(draft: &str, rests: bool) -> (&str, Foresight) {
    let whole = draft.trim();
    if draft.starts_with('/') || whole.is_empty() {
        return ("", Foresight::Sure);
    }
    if rests || draft.ends_with(ENDS) {
        return (whole, Foresight::Whole);
    }
    let end = draft.rfind(char::is_whitespace).unwrap_or(0);
    (draft[..end].trim(), Foresight::Sure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::Settings;
    use crate::chat::Key;
    use crate::chat::KeyCode;
    use crate::chat::LoadState;
    use crate::chat::Message;
    use crate::chat::ModelInfo;
    use crate::chat::Mods;

    #[test]
    fn a_word_is_finished_by_what_comes_after_it() {
        let typed = |draft| foreseen(draft, false);
        assert_eq!(typed("What is the capi"), ("What is the", Foresight::Sure));
        assert_eq!(typed("What is the "), ("What is the", Foresight::Sure));
        assert_eq!(typed("What"), ("", Foresight::Sure));
        assert_eq!(typed("What is it? "), ("What is it?", Foresight::Sure));
        assert_eq!(typed("What is it?"), ("What is it?", Foresight::Whole));
        assert_eq!(typed("/new or not?"), ("", Foresight::Sure));
        assert_eq!(typed("two\nlines"), ("two", Foresight::Sure));
    }

    /// A chat whose engine is ready, and its clock.
    struct Chat {
        model: Model,
        now: Duration,
    }

    impl Chat {
        fn new() -> Self {
            let settings = Settings { prefill_ahead: true, ..Settings::default() };
            let mut model = Model::new(settings, SessionId(0), 80, 24);
            let info = ModelInfo {
                name: "a model".into(),
                description: "llama ?B Q4_1".into(),
                pool_tokens: 4096,
                train_tokens: 4096,
                weight_bytes: 1,
                ..ModelInfo::default()
            };
            model.update(Msg::Load { state: LoadState::Ready(info), at: Duration::ZERO });
            Self { model, now: Duration::ZERO }
        }

        /// Gives what is ordered, as words and whether they are the whole draft.
        fn send(&mut self, msg: Msg) -> Vec<(String, Foresight)> {
            let effects = self.model.update(msg).into_iter();
            let ordered = effects.filter_map(|effect| match effect {
                Effect::Prepare(generation, foresight) => {
                    let last = generation.messages.last().map(Message::plain);
                    Some((last.unwrap_or_default(), foresight))
                }
                _ => None,
            });
            ordered.collect()
        }

        fn types(&mut self, text: &str) -> Vec<(String, Foresight)> {
            let press = |c| Key { code: KeyCode::Char(c), mods: Mods::default() };
            let keys: Vec<Key> = text.chars().map(press).collect();
            keys.into_iter().flat_map(|key| self.send(Msg::Key { key, at: self.now })).collect()
        }
    }

    #[test]
    fn words_are_ordered_as_they_are_finished_and_the_rest_when_typing_pauses() {
        let mut chat = Chat::new();
        let sure = |text: &str| (text.to_owned(), Foresight::Sure);
        assert_eq!(chat.types("Where is"), [sure("Where")]);
        let due = chat.model.rests_at().expect("it looks again after a while");
        assert_eq!(due, REST);
        chat.now = due / 2;
        assert_eq!(chat.types(" "), [sure("Where is")]);
        assert_eq!(chat.types("Ro"), []);
        assert_eq!(chat.send(Msg::Tick(due)), [], "the last key was later");
        let due = chat.model.rests_at().expect("it looks again");
        let whole = ("Where is Ro".to_owned(), Foresight::Whole);
        assert_eq!(chat.send(Msg::Tick(due)), [whole]);
        assert_eq!(chat.model.rests_at(), None, "and then nothing wakes it up");
        chat.now = due;
        // The next letter takes nothing back until the word is finished.
        assert_eq!(chat.types("me"), [sure("Where is")]);
        assert_eq!(chat.types("?"), [("Where is Rome?".to_owned(), Foresight::Whole)]);
        assert_eq!(chat.model.rests_at(), None);
    }

    #[test]
    fn what_is_pasted_is_ordered_at_once() {
        let mut chat = Chat::new();
        let whole = ("a long text".to_owned(), Foresight::Whole);
        assert_eq!(chat.send(Msg::Paste("a long text".into())), [whole]);
        assert_eq!(chat.model.rests_at(), None);
    }

    #[test]
    fn a_draft_that_rests_is_taken_as_it_is() {
        assert_eq!(foreseen("What is the capi", true), ("What is the capi", Foresight::Whole));
        assert_eq!(foreseen(" ", true), ("", Foresight::Sure));
        assert_eq!(foreseen("/new or not", true), ("", Foresight::Sure));
    }
}
