//! One question and the answer to it, whatever became of the answer.

mod saved;
mod thought;

use std::time::Duration;

use crate::app::rate::Progress;
use crate::app::rate::Rate;
use crate::chat::Decision;
use crate::chat::MessageId;
use crate::chat::Role;
use crate::chat::Route;
use crate::chat::Span;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::text::Clean;
use crate::text::Cleaner;

/// The longest reason for a wait, in graphemes.
const WHY_GRAPHEMES: usize = 200;

/// Where a turn stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Sent; the backend has not spoken yet.
    Sent,
    /// Waits for this many turns.
    Queued(u32),
    /// Waits on purpose: how long still, and for what.
    Waiting(Duration, Clean),
    /// The prompt is being evaluated; [`Turn::prefill`] tells how far.
    Prefill,
    /// Tokens arrive.
    Streaming,
    /// Ended, exactly once.
    Finished(StopReason),
    /// There is no answer, and none is on its way.
    Unanswered,
    /// Another window has it answered.
    Elsewhere,
}

/// A message on the path, and its place among those that follow the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The message.
    pub id: MessageId,
    /// Its place, from 1.
    pub place: usize,
    /// How many there are.
    pub of: usize,
}

/// How far the prompt is evaluated, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefill {
    /// Done and total; the time left leaves the cached ones out.
    pub progress: Progress,
    /// Those that were cached and cost nothing.
    pub cached: u32,
}

/// One question and its answer; of what was imported or summed up, perhaps only one of them.
#[derive(Clone, Debug)]
pub struct Turn {
    id: TurnId,
    asked: Option<Placed>,
    asker: Role,
    replied: Option<Placed>,
    question: String,
    asked_at: Duration,
    answer: String,
    /// Bytes of the answer that are saved, and when they were.
    saved: (usize, Duration),
    cleaner: Cleaner,
    shown_question: Clean,
    shown_answer: Clean,
    splitter: thought::Splitter,
    shown_thought: Clean,
    /// When reasoning began and when it was last heard.
    thinking: Option<(Duration, Duration)>,
    decision: Option<Decision>,
    /// Where the stretches of the answer came from.
    spans: Vec<Span>,
    phase: Phase,
    stopping: bool,
    /// It broke off, and another route may begin it anew.
    anew: bool,
    prefill: Option<Prefill>,
    rate: Rate,
    usage: Usage,
    timings: Timings,
}

impl Turn {
    /// Makes a turn of nothing yet.
    fn new(id: TurnId) -> Self {
        Self {
            id,
            asked: None,
            asker: Role::User,
            replied: None,
            question: String::new(),
            asked_at: Duration::ZERO,
            answer: String::new(),
            saved: (0, Duration::ZERO),
            cleaner: Cleaner::new(),
            shown_question: Clean::default(),
            shown_answer: Clean::default(),
            splitter: thought::Splitter::default(),
            shown_thought: Clean::default(),
            thinking: None,
            decision: None,
            spans: Vec::new(),
            phase: Phase::Unanswered,
            stopping: false,
            anew: false,
            prefill: None,
            rate: Rate::default(),
            usage: Usage::default(),
            timings: Timings::default(),
        }
    }

    /// Begins to run at the moment its question is sent.
    pub(super) fn run(&mut self, at: Duration) {
        self.asked_at = at;
        self.saved = (0, at);
        self.decision = None;
        self.phase = Phase::Sent;
    }

    /// Returns its identity.
    pub fn id(&self) -> TurnId {
        self.id
    }

    /// Returns the question's message; `None` for an answer that follows none.
    pub fn asked(&self) -> Option<Placed> {
        self.asked
    }

    /// Returns who asks: the user, or the system for a summary.
    pub fn asker(&self) -> Role {
        self.asker
    }

    /// Returns the answer's message; `None` if there is none.
    pub fn replied(&self) -> Option<Placed> {
        self.replied
    }

    /// Returns the messages in their order.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = MessageId> + Clone + use<> {
        [self.asked, self.replied].into_iter().flatten().map(|placed| placed.id)
    }

    /// Returns the question as it is sent to the model.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// Returns the question as it is shown.
    pub fn shown_question(&self) -> &Clean {
        &self.shown_question
    }

    /// Returns the answer so far, as the model wrote it.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Returns the reasoning before the answer, as it is shown; it only ever grows at its end.
    pub fn shown_thought(&self) -> &Clean {
        &self.shown_thought
    }

    /// Returns how long reasoning took, or has taken so far; `None` where that was not seen.
    pub fn thought_for(&self) -> Option<Duration> {
        self.thinking.map(|(from, to)| to.saturating_sub(from))
    }

    /// Returns whether the model is still reasoning.
    pub fn is_thinking(&self) -> bool {
        self.is_open() && self.splitter.is_thinking()
    }

    /// Returns the answer so far as it is shown, without reasoning. It only ever grows at its end,
    /// but where it turns out that all of it was reasoning.
    pub fn shown_answer(&self) -> &Clean {
        &self.shown_answer
    }

    /// Returns where it runs and why, once that is known.
    pub fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// Returns the routes that the text came from, in order; where no text came from is left out,
    /// but for the newest.
    pub fn origins(&self) -> Vec<&Route> {
        let mut origins: Vec<&Route> = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            let next = self.spans.get(index + 1);
            if next.is_none_or(|next| next.from_byte > span.from_byte)
                && origins.last() != Some(&&span.route)
            {
                origins.push(&span.route);
            }
        }
        origins
    }

    /// Returns the newest stretch of the answer; `None` before it was routed.
    pub(super) fn newest_span(&self) -> Option<&Span> {
        self.spans.last()
    }

    /// Returns whether it runs at an endpoint.
    pub fn is_remote(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| decision.route != Route::Local)
    }

    /// Returns where it stands.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Returns whether it has not ended yet.
    pub fn is_open(&self) -> bool {
        match self.phase {
            Phase::Sent
            | Phase::Queued(_)
            | Phase::Waiting(..)
            | Phase::Prefill
            | Phase::Streaming => true,
            Phase::Finished(_) | Phase::Unanswered | Phase::Elsewhere => false,
        }
    }

    /// Returns why it ended.
    pub fn end(&self) -> Option<&StopReason> {
        match &self.phase {
            Phase::Finished(reason) => Some(reason),
            _ => None,
        }
    }

    /// Returns where it broke off, if another route may begin it anew.
    pub(super) fn broke_off(&self) -> Option<&Route> {
        let interrupted = matches!(self.end(), Some(StopReason::Interrupted(_)));
        let route = self.decision.as_ref().map(|decision| &decision.route);
        route.filter(|_| self.anew && interrupted && !self.stopping)
    }

    /// Returns whether it was asked to stop and has not ended yet.
    pub fn is_stopping(&self) -> bool {
        self.stopping && self.is_open()
    }

    /// Returns whether anything of the answer is on the screen.
    pub fn has_answer(&self) -> bool {
        !self.shown_answer.as_str().trim().is_empty()
    }

    /// Returns whether later questions are asked with this turn before them.
    pub fn is_remembered(&self) -> bool {
        self.asker != Role::User || self.has_answer() && !self.is_open()
    }

    /// Returns how far the prompt is, once the backend has said so.
    pub fn prefill(&self) -> Option<&Prefill> {
        self.prefill.as_ref()
    }

    /// Returns the tokens of the answer as they came.
    pub fn rate(&self) -> &Rate {
        &self.rate
    }

    /// Returns what the backend counted; zero while the turn is open.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Returns what the user waited.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Returns how long the turn has run at `now`.
    pub fn elapsed(&self, now: Duration) -> Duration {
        if self.is_open() { now.saturating_sub(self.asked_at) } else { self.timings.total }
    }

    /// Returns evaluated prompt tokens per second: the backend's figure if there is one, otherwise
    /// the one seen from here.
    pub fn prefill_tps(&self) -> Option<f64> {
        let seen = || self.prefill.and_then(|prefill| prefill.progress.per_second());
        self.usage.prefill_tps().or_else(seen)
    }

    /// Returns tokens per second over the whole answer: the backend's figure if there is one,
    /// otherwise the one seen from here.
    pub fn decode_tps(&self) -> Option<f64> {
        self.usage.decode_tps().or_else(|| self.rate.mean())
    }

    /// Returns the tokens of context in use after the newest token.
    pub fn context_tokens(&self) -> u32 {
        let prompt = self.prefill.map_or(0, |prefill| prefill.progress.done);
        let seen = prompt.saturating_add(self.rate.count());
        seen.max(self.usage.prompt_tokens.saturating_add(self.usage.completion_tokens))
    }

    /// Marks it as stopping; `false` when there is nothing to stop any more.
    pub(super) fn stop(&mut self) -> bool {
        let first = self.is_open() && !self.stopping;
        self.stopping |= first;
        first
    }

    /// Takes a step in; the turn must be open.
    pub(super) fn step(&mut self, event: TurnEvent, at: Duration) {
        match event {
            TurnEvent::Routed(decision) => {
                // What was waited for elsewhere is waited for no more.
                self.phase = Phase::Sent;
                let (route, model) = (decision.route.clone(), decision.model.clone());
                let from_byte = self.answer.len() as u64;
                self.spans.push(Span { from_byte, route, model });
                self.decision = Some(decision);
            }
            TurnEvent::Waiting { left, why } => {
                self.phase = Phase::Waiting(left, Clean::one_line(&why, WHY_GRAPHEMES));
            }
            TurnEvent::Anew => self.anew = true,
            TurnEvent::Token(TokenEvent::Queued(ahead)) => self.phase = Phase::Queued(ahead),
            TurnEvent::Token(TokenEvent::Prefill { done, total, cached }) => {
                self.evaluated(done, total, cached, at);
            }
            TurnEvent::Token(TokenEvent::Delta(text)) => self.grow(&text, at),
            TurnEvent::Token(TokenEvent::Finished(reason, usage)) => {
                self.finish(reason, usage, at);
            }
        }
    }

    /// Ends it.
    pub(super) fn finish(&mut self, reason: StopReason, usage: Usage, at: Duration) {
        self.show_rest();
        self.see(at);
        self.usage = usage;
        self.timings.total = at.saturating_sub(self.asked_at);
        self.phase = Phase::Finished(reason);
    }

    fn evaluated(&mut self, done: u32, total: u32, cached: u32, at: Duration) {
        self.phase = Phase::Prefill;
        let progress = match self.prefill {
            Some(prefill) if prefill.progress.total == total => prefill.progress.advanced(done, at),
            // How long the first event's share took is not known here: the speed counts from it on.
            _ => Progress::new(done, total, at),
        };
        self.prefill = Some(Prefill { progress, cached });
    }

    fn grow(&mut self, text: &str, at: Duration) {
        if self.phase != Phase::Streaming {
            self.phase = Phase::Streaming;
            if let Some(prefill) = &mut self.prefill {
                let total = prefill.progress.total;
                prefill.progress = prefill.progress.advanced(total, at);
            }
        }
        self.rate.push(at);
        self.answer.push_str(text);
        let clean = self.cleaner.push(text);
        let thinking = self.splitter.is_thinking();
        self.show(&clean);
        if thinking || self.splitter.is_thinking() {
            let began = self.thinking.map_or(at, |(began, _)| began);
            self.thinking = Some((began, at));
        }
        self.see(at);
    }

    /// Adds clean text to what is shown.
    fn show(&mut self, clean: &Clean) {
        let parts = self.splitter.push(clean);
        self.add(&parts);
    }

    /// Adds what was held back: nothing more comes.
    fn show_rest(&mut self) {
        let rest = self.cleaner.finish();
        self.show(&rest);
        let parts = self.splitter.finish();
        self.add(&parts);
    }

    fn add(&mut self, parts: &thought::Parts) {
        if parts.recanted {
            let answer = std::mem::take(&mut self.shown_answer);
            self.shown_thought.push(&answer);
        }
        self.shown_thought.push(&parts.thought);
        self.shown_answer.push(&parts.answer);
    }

    /// Takes the time of the first visible character.
    fn see(&mut self, at: Duration) {
        let seen = self.has_answer() || !self.shown_thought.is_empty();
        if self.timings.ttft.is_none() && seen {
            self.timings.ttft = Some(at.saturating_sub(self.asked_at));
        }
    }
}
