//! One turn inside the engine: its tokens, its sampler, its text on the way out.

use std::time::Duration;
use std::time::Instant;

use llama_cpp_2::token::LlamaToken;

use super::ffi::PENALTY_TOKENS;
use super::ffi::Sampler;
use super::keep::Keep;
use super::model::Model;
use super::prompts::is_short;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::Priority;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::Usage;
use crate::prompt::Unit;
use crate::prompt::common_prefix;
use crate::text::StopScan;
use crate::text::Utf8;

/// The longest that a script waits for those who look on; after it both share.
const HELD_MOST: Duration = Duration::from_mins(2);

/// Names a turn: the client's number here, and the turn's number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TurnKey {
    /// The client.
    pub client: u32,
    /// The client's own number of the turn.
    pub turn: u64,
}

/// A turn from its arrival to its end; it may be put back in the queue in between.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) key: TurnKey,
    pub(super) session: SessionId,
    pub(super) priority: Priority,
    /// Counts up with every turn that arrives.
    pub(super) arrived: u64,
    /// How long what it leaves is kept.
    pub(super) keep: Keep,
    /// How many tokens of a script's prompt come before anything that was asked.
    pub(super) preamble: usize,
    /// No trace is to be kept once it has ended.
    pub(super) forgotten: bool,
    /// The prompt and what was generated: all that the cache is to hold for the next token.
    pub(super) target: Vec<Unit>,
    pub(super) prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    limits: Limits,
    sampler: Sampler,
    utf8: Utf8,
    stops: StopScan,
    /// Whether its place in the queue was told, and which.
    pub(super) told_ahead: Option<u32>,
    /// Since when it has waited for those who look on.
    held_since: Option<Instant>,
    started: Option<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// What one more token amounts to.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// Whole characters that can be shown; `None` for a token that ends the generation.
    pub(super) text: Option<String>,
    /// Why the turn ends here, if it does.
    pub(super) end: Option<StopReason>,
}

impl Turn {
    /// Makes a turn of a rendered prompt.
    ///
    /// # Errors
    /// What the answer is to look like cannot be enforced.
    pub(super) fn new(
        key: TurnKey,
        generation: Generation,
        prompt: Vec<Unit>,
        model: &Model,
    ) -> Result<Self, Fault> {
        let grammar = model.grammar(&generation.constraint)?;
        let begun = generation.begun();
        let keep = Keep::of(&generation, key.client);
        let alone = matches!(keep, Keep::OneShot(_));
        let preamble = if alone { preamble(model, &generation.messages, &prompt) } else { 0 };
        let mut sampler = Sampler::new(&generation.sampling, model.vocabulary(), grammar);
        for token in prompt.iter().skip(prompt.len().saturating_sub(PENALTY_TOKENS.into())) {
            if let Unit::Token(id) = token {
                sampler.accept(LlamaToken(*id));
            }
        }
        Ok(Self {
            key,
            session: generation.session,
            priority: generation.priority,
            arrived: 0,
            keep,
            preamble,
            forgotten: false,
            prompt_tokens: prompt.len(),
            cached_tokens: 0,
            target: prompt,
            sampler,
            utf8: Utf8::default(),
            stops: StopScan::behind(generation.limits.stop.clone(), &begun),
            limits: generation.limits,
            told_ahead: None,
            held_since: None,
            started: None,
            first: None,
            last: None,
        })
    }

    /// Returns the cells that the turn needs to go on: what it has, and the next token.
    pub(super) fn needs(&self) -> usize {
        self.target.len() + 1
    }

    /// Returns how many tokens were generated.
    pub(super) fn generated(&self) -> usize {
        self.target.len() - self.prompt_tokens
    }

    /// Returns whether a script's turn waits while others want the machine and somebody looks on;
    /// for [`HELD_MOST`] in all, so that it comes to its end.
    pub(super) fn is_held_back(&mut self, now: Instant) -> bool {
        let since = *self.held_since.get_or_insert(now);
        self.priority < Priority::Interactive && now.saturating_duration_since(since) < HELD_MOST
    }

    /// Notes that the turn's first slice begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.started.get_or_insert(now);
    }

    /// Returns the sampler, which draws the next token from a row of the last batch.
    pub(super) fn sampler(&mut self) -> &mut Sampler {
        &mut self.sampler
    }

    /// Takes the token that was drawn.
    pub(super) fn take(&mut self, token: LlamaToken, model: &Model, now: Instant) -> Step {
        self.first.get_or_insert(now);
        self.last = Some(now);
        if model.ends(token) {
            return Step { text: None, end: Some(StopReason::EndOfTurn) };
        }
        self.target.push(Unit::Token(token.0));
        let mut bytes = Vec::with_capacity(16);
        model.piece(token, &mut bytes);
        let scanned = self.stops.push(&self.utf8.push(&bytes));
        let end = if scanned.stopped { Some(StopReason::Stop) } else { self.limit() };
        Step { text: Some(scanned.text), end }
    }

    /// Gives back what was held: incomplete characters, the beginning of a stop string.
    pub(super) fn flush(&mut self, end: &StopReason) -> String {
        let tail = match end {
            StopReason::Stop => return String::new(),
            // Bytes that are left over when the model has ended are its mistake, and shown as one.
            StopReason::EndOfTurn => self.utf8.finish(),
            // It was cut in the middle: half a character is nobody's mistake.
            _ => String::new(),
        };
        let scanned = self.stops.push(&tail);
        if scanned.stopped { scanned.text } else { scanned.text + &self.stops.finish() }
    }

    /// Returns what the turn has cost so far.
    pub(super) fn usage(&self) -> Usage {
        let between = |a: Option<Instant>, b: Option<Instant>| match (a, b) {
            (Some(a), Some(b)) => b.saturating_duration_since(a),
            (None, _) | (_, None) => Duration::ZERO,
        };
        Usage {
            prompt_tokens: count(self.prompt_tokens),
            cached_tokens: count(self.cached_tokens),
            completion_tokens: count(self.generated()),
            prefill: between(self.started, self.first),
            decode: between(self.first, self.last),
            ..Usage::default()
        }
    }

    fn limit(&self) -> Option<StopReason> {
        if self.limits.max_tokens.is_some_and(|max| self.generated() >= max as usize) {
            return Some(StopReason::Length);
        }
        (self.target.len() >= self.limits.n_ctx as usize).then_some(StopReason::ContextFull)
    }
}

/// Returns how many tokens of a prompt come before anything that was asked: the template's words and
/// the system prompt; 0 of a long conversation, which is not worth rendering twice.
fn preamble(model: &Model, messages: &[Message], prompt: &[Unit]) -> usize {
    let Some(first) = messages.iter().position(|message| message.role != Role::System) else {
        return 0;
    };
    if !is_short(messages) {
        return 0;
    }
    let mut opening = messages[..=first].to_vec();
    opening[first] = Message::text(Role::User, "");
    model.prompt(&opening).map_or(0, |opening| common_prefix(&opening, prompt))
}

/// Counts tokens; no context holds four thousand million.
pub(super) fn count(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}
