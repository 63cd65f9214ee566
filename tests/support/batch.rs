//! A batch over the real model, stepped by hand, with all that it says kept.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use edgewise::chat::Compute;
use edgewise::chat::Constraint;
use edgewise::chat::Generation;
use edgewise::chat::Limits;
use edgewise::chat::Message;
use edgewise::chat::Priority;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Probe;
use edgewise::chat::Role;
use edgewise::chat::Sampling;
use edgewise::chat::SessionId;
use edgewise::chat::StopReason;
use edgewise::chat::TokenEvent;
use edgewise::chat::Usage;
use edgewise::prompt::Unit;
use edgewise::worker::Core;
use edgewise::worker::CoreParams;
use edgewise::worker::Model;
use edgewise::worker::Outlet;
use edgewise::worker::TurnKey;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

/// Keeps all events, in order; clients in `deaf` take nothing.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) events: Vec<(TurnKey, TokenEvent)>,
    pub(crate) deaf: Vec<u32>,
}

impl Outlet for Kept {
    fn ready(&self, client: u32) -> bool {
        !self.deaf.contains(&client)
    }

    fn event(&mut self, key: TurnKey, event: TokenEvent) {
        self.events.push((key, event));
    }
}

pub(crate) const CLIENT: u32 = 1;

pub(crate) fn key(turn: u64) -> TurnKey {
    TurnKey { client: CLIENT, turn }
}

pub(crate) fn greedy(session: u128, messages: Vec<Message>, max_tokens: u32) -> Generation {
    Generation {
        session: SessionId(session),
        messages,
        class: PrivacyClass::Open,
        sampling: Sampling { temp: 0.0, ..Sampling::default() },
        constraint: Constraint::Free,
        limits: Limits { max_tokens: Some(max_tokens), stop: Vec::new(), n_ctx: 2048 },
        priority: Priority::Interactive,
        ephemeral: false,
    }
}

pub(crate) fn user(text: &str) -> Message {
    Message::text(Role::User, text)
}

/// Makes a batch for the model in a file; `abort` stops a step in the middle.
pub(crate) fn core(model: &Path, pool_tokens: u32, abort: &Arc<AtomicBool>) -> Core<Kept> {
    computing(model, pool_tokens, Compute::default(), abort)
}

/// The same, laid out and evaluated as `compute` says.
pub(crate) fn computing(
    model: &Path,
    pool_tokens: u32,
    compute: Compute,
    abort: &Arc<AtomicBool>,
) -> Core<Kept> {
    let model = Model::load(model, compute, |_| true).expect("the model loads");
    let params = CoreParams { pool_tokens, batch_tokens: 512, max_turns: 4, threads: 1, compute };
    Core::new(Arc::new(model), params, Arc::clone(abort), Kept::default()).expect("the pool fits")
}

pub(crate) fn submit(core: &mut Core<Kept>, key: TurnKey, generation: Generation) {
    let prompt = core.prompts().make(key.client, &generation);
    core.submit(key, generation, prompt);
}

pub(crate) fn probe(core: &Core<Kept>, generation: &Generation) -> Probe {
    let prompt = core.prompts().make(CLIENT, generation);
    core.probe(generation, prompt).expect("it fits")
}

pub(crate) fn run(core: &mut Core<Kept>) {
    while core.step() {}
}

/// Gives a turn's text and its end, and checks that it ended exactly once.
pub(crate) fn answer(core: &mut Core<Kept>, turn: u64) -> (String, StopReason, Usage) {
    let mut text = String::new();
    let mut ends = Vec::new();
    for (of, event) in &core.outlet().events {
        match event {
            _ if *of != key(turn) => {}
            TokenEvent::Delta(delta) => text.push_str(delta),
            TokenEvent::Finished(reason, usage) => ends.push((reason.clone(), *usage)),
            TokenEvent::Queued(_) | TokenEvent::Prefill { .. } => {}
        }
    }
    assert_eq!(ends.len(), 1, "turn {turn} ends once");
    let (reason, usage) = ends.remove(0);
    (text, reason, usage)
}

/// An answer, and how much of it is beyond doubt.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) text: String,
    /// Bytes before the first token that was nearly another one: batches of other shapes round
    /// otherwise, and may draw that one.
    pub(crate) sure: usize,
}

/// How far the likeliest token has to be ahead of the next one.
const LEAD: f32 = 0.1;

/// The same by the plainest loop over the same library: one sequence, one token at a time.
pub(crate) fn plain(model: &Path, messages: &[Message], max_tokens: usize) -> Plain {
    let model = Model::load(model, Compute::default(), |_| true).expect("the model loads");
    let weights = model.weights();
    let prompt = model.prompt(messages).expect("the prompt renders");
    let token = |unit: &Unit| match unit {
        Unit::Token(id) => LlamaToken(*id),
        Unit::Media(..) => unreachable!("a template takes no media"),
    };
    let params = LlamaContextParams::default()
        .with_n_ctx(std::num::NonZeroU32::new(2048))
        .with_n_batch(512)
        .with_n_ubatch(512)
        .with_n_threads(1)
        .with_n_threads_batch(1);
    // The batch of the core holds one sequence after another: so does this one.
    let backend = model.backend();
    let mut context = weights.new_context(backend, params).expect("a context");
    let mut batch = LlamaBatch::new(512, 1);
    let last = prompt.len() - 1;
    for (position, unit) in prompt.iter().enumerate() {
        let at = i32::try_from(position).expect("small");
        batch.add(token(unit), at, &[0], position == last).expect("room");
        if batch.n_tokens() == 512 && position < last {
            context.decode(&mut batch).expect("the prompt is evaluated");
            batch.clear();
        }
    }
    context.decode(&mut batch).expect("the prompt is evaluated");
    let mut sampler = LlamaSampler::greedy();
    let (mut bytes, mut sure) = (Vec::new(), None);
    for position in prompt.len()..prompt.len() + max_tokens {
        let row = batch.n_tokens() - 1;
        if lead(context.get_logits_ith(row)) < LEAD {
            sure.get_or_insert(bytes.len());
        }
        let token = sampler.sample(&context, row);
        if weights.vocab().is_eog(token) {
            break;
        }
        weights.vocab().token_to_piece_into(token, &mut bytes, false, None);
        batch.clear();
        batch.add(token, i32::try_from(position).expect("small"), &[0], true).expect("room");
        context.decode(&mut batch).expect("the token is evaluated");
    }
    let sure = sure.unwrap_or(bytes.len());
    Plain { text: String::from_utf8(bytes).expect("whole characters"), sure }
}

/// Returns by how much the likeliest token leads.
fn lead(logits: &[f32]) -> f32 {
    let first = logits.iter().copied().fold(f32::MIN, f32::max);
    let others = logits.iter().copied().filter(|logit| *logit < first);
    first - others.fold(f32::MIN, f32::max)
}
