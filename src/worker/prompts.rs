//! Conversations to prompts. The tokens of each session's newest prompt are remembered by the pieces
//! of text that they stand for: of the next one, only what is new is tokenised.
//!
//! Owns that memory, which is small and forgets a session with everything else of it. Never: the
//! cache, which holds what was evaluated.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use llama_cpp_2::token::LlamaToken;

use super::keep::Keep;
use super::model::Model;
use super::model::Prompt;
use crate::chat::Generation;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::SessionId;

/// Text up to this size is tokenised at once: it takes a few milliseconds, less than a step.
const AT_ONCE_BYTES: usize = 32 * 1024;

/// The same where all but so much seems to be remembered: it is rendered in about a millisecond, and
/// where it has changed after all it takes no longer than a stream may pause.
const REMEMBERED_AT_ONCE_BYTES: usize = 128 * 1024;

/// The most that is remembered of all sessions: some dozens of long conversations.
const BYTES_MAX: usize = 4 << 20;

/// What a piece takes beside its text and tokens, about.
const PIECE_BYTES: usize = 128;

/// The pieces of a prompt.
type Pieces = HashMap<String, Arc<[LlamaToken]>>;

/// Makes prompts; any thread may.
#[derive(Debug)]
pub struct Prompts {
    model: Arc<Model>,
    known: Mutex<Known>,
}

impl Prompts {
    /// Makes one that remembers nothing.
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, known: Mutex::default() }
    }

    /// Makes a client's prompt: exactly the tokens of [`Model::prompt`].
    ///
    /// # Errors
    /// As of [`Model::prompt`].
    pub fn make(&self, client: u32, generation: &Generation) -> Prompt {
        self.make_of(client, generation, &generation.messages)
    }

    /// The same of other messages of the same session.
    ///
    /// # Errors
    /// As of [`Model::prompt`].
    pub(super) fn make_of(
        &self,
        client: u32,
        generation: &Generation,
        messages: &[Message],
    ) -> Prompt {
        let keep = Keep::of(generation, client);
        if matches!(keep, Keep::OneShot(_)) {
            return self.model.prompt(messages);
        }
        let session = generation.session;
        let (before, forgets) = self.lock().recall(session);
        let mut pieces = Pieces::new();
        let prompt = self.model.prompt_by(messages, |text| {
            let known = before.get(text).or_else(|| pieces.get(text)).cloned();
            let tokens = known.unwrap_or_else(|| self.model.special_tokens(text).into());
            pieces.insert(text.to_owned(), Arc::clone(&tokens));
            tokens
        })?;
        let remembered = Remembered::new(session, keep, pieces);
        let mut known = self.lock();
        // Whoever was forgotten meanwhile may be this session.
        if known.forgets == forgets {
            known.remember(remembered);
        }
        drop(known);
        Ok(prompt)
    }

    /// Returns whether a prompt is made in less time than a step takes.
    pub(super) fn is_quick(&self, generation: &Generation) -> bool {
        let bytes = text_bytes(&generation.messages);
        let new = bytes.saturating_sub(self.lock().text_bytes(generation.session));
        new <= AT_ONCE_BYTES && bytes <= REMEMBERED_AT_ONCE_BYTES
    }

    /// Forgets a session.
    pub fn forget(&self, session: SessionId) {
        self.lock().forget(|remembered| remembered.session == session);
    }

    /// Forgets what is kept only as long as a client is there.
    pub(super) fn drop_client(&self, client: u32) {
        self.lock().forget(|remembered| remembered.keep.ends_with(client));
    }

    /// Whatever panicked left the list whole.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's newest prompt.
#[derive(Debug)]
struct Remembered {
    session: SessionId,
    keep: Keep,
    pieces: Arc<Pieces>,
    bytes: usize,
}

impl Remembered {
    fn new(session: SessionId, keep: Keep, pieces: Pieces) -> Self {
        let size = |(text, tokens): (&String, &Arc<[LlamaToken]>)| {
            text.len() + size_of_val(&**tokens) + PIECE_BYTES
        };
        let bytes = pieces.iter().map(size).sum();
        Self { session, keep, pieces: Arc::new(pieces), bytes }
    }
}

/// What is remembered, the session asked for last at the end.
#[derive(Debug, Default)]
struct Known {
    sessions: Vec<Remembered>,
    /// Counts up whenever something is forgotten on demand.
    forgets: u64,
}

impl Known {
    /// Returns what is known of a session, and how often something was forgotten before.
    fn recall(&self, session: SessionId) -> (Arc<Pieces>, u64) {
        let known = self.sessions.iter().find(|known| known.session == session);
        (known.map(|known| Arc::clone(&known.pieces)).unwrap_or_default(), self.forgets)
    }

    /// Takes a session's newest prompt in place of the one before; the sessions used longest ago
    /// go when there is too much.
    fn remember(&mut self, newest: Remembered) {
        self.sessions.retain(|known| known.session != newest.session);
        if newest.bytes > BYTES_MAX {
            return;
        }
        self.sessions.push(newest);
        while self.sessions.iter().map(|known| known.bytes).sum::<usize>() > BYTES_MAX {
            self.sessions.remove(0);
        }
    }

    /// Returns how much text is known of a session.
    fn text_bytes(&self, session: SessionId) -> usize {
        let known = self.sessions.iter().find(|known| known.session == session);
        known.map_or(0, |known| known.pieces.keys().map(String::len).sum())
    }

    fn forget(&mut self, which: impl Fn(&Remembered) -> bool) {
        self.forgets += 1;
        self.sessions.retain(|known| !which(known));
    }
}

/// Returns whether a conversation of which nothing is remembered is tokenised in less time than a
/// step takes.
pub(super) fn is_short(messages: &[Message]) -> bool {
    text_bytes(messages) <= AT_ONCE_BYTES
}

/// Returns the size of a conversation's text.
fn text_bytes(messages: &[Message]) -> usize {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall { arguments, .. } => arguments.len(),
        Part::ToolResult { content, .. } => content.len(),
        Part::Media(_) => 0,
    };
    messages.iter().flat_map(|message| &message.parts).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(session: u128, keep: Keep, text_bytes: usize) -> Remembered {
        let pieces = Pieces::from([("x".repeat(text_bytes), vec![LlamaToken(1); 2].into())]);
        Remembered::new(SessionId(session), keep, pieces)
    }

    fn sessions(known: &Known) -> Vec<u128> {
        known.sessions.iter().map(|known| known.session.0).collect()
    }

    #[test]
    fn the_newest_prompt_of_a_session_stands_for_it_and_the_oldest_sessions_go() {
        let mut known = Known::default();
        for session in 1..=3 {
            known.remember(remembered(session, Keep::Session, BYTES_MAX / 4));
        }
        known.remember(remembered(1, Keep::Session, 10));
        assert_eq!(sessions(&known), [2, 3, 1]);
        assert_eq!(known.recall(SessionId(1)).0["xxxxxxxxxx"].len(), 2);
        known.remember(remembered(4, Keep::Session, BYTES_MAX / 4));
        assert_eq!(sessions(&known), [2, 3, 1, 4]);
        known.remember(remembered(5, Keep::Session, BYTES_MAX / 4));
        assert_eq!(sessions(&known), [3, 1, 4, 5], "2 was used longest ago");
        known.remember(remembered(6, Keep::Session, BYTES_MAX));
        assert_eq!(sessions(&known), [3, 1, 4, 5], "more than there is room for at all");
    }

    #[test]
    fn what_is_forgotten_is_gone_and_counted() {
        let mut known = Known::default();
        known.remember(remembered(1, Keep::Session, 10));
        known.remember(remembered(2, Keep::Client(7), 10));
        let before = known.recall(SessionId(2)).1;
        known.forget(|known| known.keep.ends_with(7));
        assert_eq!(sessions(&known), [1]);
        assert_eq!([1, 2].map(|session| known.text_bytes(SessionId(session))), [10, 0]);
        let (pieces, now) = known.recall(SessionId(2));
        assert!(pieces.is_empty() && now != before);
    }
}
