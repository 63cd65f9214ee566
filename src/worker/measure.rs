//! What a model does here: how long it loads, how fast it reads and writes, how well it foresees a
//! text, and how near an answer is to what it would have said.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use llama_cpp_2::token::LlamaToken;

use super::clock;
use super::ffi::Batch;
use super::ffi::Candidate;
use super::ffi::Context;
use super::ffi::ContextParams;
use super::ffi::Decoded;
use super::model::LoadError;
use super::model::Model;
use crate::chat::Compute;
use crate::chat::Message;
use crate::chat::Role;
use crate::prompt::Unit;

/// Tokens that a context takes at once, and those of them whose successors are foreseen.
const BATCH: u32 = 512;
const OUTPUTS: u32 = 128;

/// Tokens that are read at once for the speed of prefill.
const PREFILL_TOKENS: usize = 512;

/// Tokens that are written for the speed of decode.
const DECODE_TOKENS: usize = 24;

/// How often both are measured; the best counts, for the others were disturbed.
const PASSES: usize = 2;

/// Tokens of one window of the text. Its first half is context; what the second half was foreseen
/// with is the perplexity, as llama.cpp's own tool does it (with windows of 512).
const WINDOW: usize = 256;

/// The most windows: more of a text changes little, and takes minutes of a large model.
const WINDOWS_MAX: usize = 4;

/// The least tokens that say anything.
const TEXT_MIN: usize = 32;

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measure {
    /// How long the model took to load.
    pub load: Duration,
    /// Prompt tokens evaluated per second.
    pub prefill_tps: f64,
    /// Tokens decoded per second.
    pub decode_tps: f64,
    /// The perplexity on the text, and over how many tokens.
    pub perplexity: (f64, usize),
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum MeasureError {
    /// The model cannot be loaded.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// The text is too short. Remedy: a longer one.
    #[error("the text has {0} tokens; {TEXT_MIN} are the least")]
    Short(usize),
    /// llama.cpp fails.
    #[error("llama.cpp cannot evaluate the text")]
    Decode,
}

/// Measures the model at `path` with `threads`, on `text`.
///
/// # Errors
/// See [`MeasureError`].
pub(super) fn measure(path: &Path, text: &str, threads: u32) -> Result<Measure, MeasureError> {
    let begin = clock::now();
    let model = Model::load(path, Compute::default(), |_| true)?;
    let mut bench = Bench::new(&model, threads)?;
    let load = clock::now() - begin;
    let tokens = model.tokens(text);
    if tokens.len() < TEXT_MIN {
        return Err(MeasureError::Short(tokens.len()));
    }
    let mut measured = Measure { load, ..Measure::default() };
    for _ in 0..PASSES {
        let (prefill, decode) = bench.speeds(&tokens)?;
        measured.prefill_tps = measured.prefill_tps.max(prefill);
        measured.decode_tps = measured.decode_tps.max(decode);
    }
    measured.perplexity = bench.perplexity(&tokens)?;
    Ok(measured)
}

/// A token of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// Its text.
    pub text: String,
    /// How much higher the logit of the likeliest token is in its place; 0 for the likeliest.
    pub behind: f32,
}

/// Puts the beginning of an answer to a question through the model at `path`, as somebody else's
/// words, and returns how near each of its tokens is to the likeliest one there.
///
/// # Errors
/// See [`MeasureError`]; both together are longer than one batch.
pub(super) fn retrace(
    path: &Path,
    (question, answer): (&str, &str),
    threads: u32,
) -> Result<Vec<Said>, MeasureError> {
    let model = Model::load(path, Compute::default(), |_| true)?;
    let mut bench = Bench::new(&model, threads)?;
    let units = model.prompt(&[Message::text(Role::User, question)]).unwrap_or_default();
    let prompt: Vec<LlamaToken> = units
        .into_iter()
        .filter_map(|unit| match unit {
            Unit::Token(id) => Some(LlamaToken(id)),
            Unit::Media(..) => None,
        })
        .collect();
    let answer: Vec<LlamaToken> = model.tokens(answer).into_iter().take(OUTPUTS as usize).collect();
    if prompt.is_empty() || prompt.len() + answer.len() > BATCH as usize {
        return Err(MeasureError::Decode);
    }
    let behind = bench.behind(&prompt, &answer)?;
    let text = |token: LlamaToken| {
        let mut bytes = Vec::new();
        model.piece(token, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let said = answer.into_iter().zip(behind);
    Ok(said.map(|(token, behind)| Said { text: text(token), behind }).collect())
}

/// A context that one text is put through.
struct Bench {
    context: Context,
    batch: Batch,
    vocabulary: usize,
    bos: Option<LlamaToken>,
}

impl Bench {
    fn new(model: &Model, threads: u32) -> Result<Self, MeasureError> {
        let params = ContextParams {
            pool_tokens: 1024,
            batch_tokens: BATCH,
            sequences: 1,
            outputs: OUTPUTS,
            threads,
            compute: Compute::default(),
        };
        let context = Context::new(model.weights(), params, Arc::new(AtomicBool::new(false)))
            .map_err(|error| LoadError::Context(error.to_string()))?;
        let vocabulary = usize::try_from(model.vocabulary()).unwrap_or(0);
        Ok(Self { context, batch: Batch::new(BATCH), vocabulary, bos: model.bos() })
    }

    /// Returns the speeds of prefill and decode, in tokens per second.
    fn speeds(&mut self, text: &[LlamaToken]) -> Result<(f64, f64), MeasureError> {
        self.begin();
        let mut endless = text.iter().copied().cycle();
        for (position, token) in (0..).zip(endless.by_ref().take(PREFILL_TOKENS)) {
            self.batch.add(token, position, 0, false);
        }
        let begin = clock::now();
        self.decode()?;
        let prefill = clock::now() - begin;
        let begin = clock::now();
        for (position, token) in (at(PREFILL_TOKENS)..).zip(endless.take(DECODE_TOKENS)) {
            self.batch.clear();
            self.batch.add(token, position, 0, true);
            self.decode()?;
        }
        let decode = clock::now() - begin;
        let rate = |tokens: usize, time: Duration| tokens as f64 / time.as_secs_f64().max(1e-9);
        Ok((rate(PREFILL_TOKENS, prefill), rate(DECODE_TOKENS, decode)))
    }

    /// Returns the perplexity of the windows' second halves, and how many tokens they have.
    fn perplexity(&mut self, text: &[LlamaToken]) -> Result<(f64, usize), MeasureError> {
        let (mut sum, mut count) = (0.0, 0);
        let mut candidates: Vec<Candidate> = Vec::new();
        let size = WINDOW.min(text.len());
        for window in text.chunks_exact(size).take(WINDOWS_MAX) {
            self.begin();
            let mut rows = Vec::new();
            for (index, token) in window.iter().enumerate() {
                // The first of a text is what the model knows texts to begin with.
                let token = self.bos.filter(|_| index == 0).unwrap_or(*token);
                let next = window.get(index + 1).filter(|_| index >= size / 2);
                let row = self.batch.add(token, at(index), 0, next.is_some());
                rows.extend(next.map(|next| (row, *next)));
            }
            self.decode()?;
            for (row, next) in rows {
                self.context.candidates(row, self.vocabulary, &mut candidates);
                sum += surprise(&candidates, next.0);
                count += 1;
            }
        }
        Ok(((sum / f64::from(u32::try_from(count).unwrap_or(1).max(1))).exp(), count))
    }

    /// Returns how far each token of `answer` is behind the likeliest one in its place.
    fn behind(
        &mut self,
        prompt: &[LlamaToken],
        answer: &[LlamaToken],
    ) -> Result<Vec<f32>, MeasureError> {
        self.begin();
        let mut rows = Vec::new();
        for (index, token) in prompt.iter().chain(answer).enumerate() {
            let next = (index + 1).checked_sub(prompt.len()).and_then(|at| answer.get(at));
            let row = self.batch.add(*token, at(index), 0, next.is_some());
            rows.extend(next.map(|next| (row, next.0)));
        }
        self.decode()?;
        let mut candidates: Vec<Candidate> = Vec::new();
        let behind = rows.into_iter().map(|(row, next)| {
            self.context.candidates(row, self.vocabulary, &mut candidates);
            let most = candidates.iter().fold(f32::NEG_INFINITY, |most, one| most.max(one.logit));
            let own = candidates.iter().find(|one| one.id == next);
            own.map_or(f32::INFINITY, |own| most - own.logit)
        });
        Ok(behind.collect())
    }

    fn begin(&mut self) {
        self.batch.clear();
        // A memory that cannot be cut in between can always be emptied.
        self.context.cut(0, 0);
    }

    fn decode(&mut self) -> Result<(), MeasureError> {
        match self.context.decode(&self.batch) {
            Decoded::Done => Ok(()),
            Decoded::NoRoom | Decoded::Aborted | Decoded::Failed(_) => Err(MeasureError::Decode),
        }
    }
}

fn at(position: usize) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

/// Returns the negative logarithm of the probability that the logits give to `token`.
fn surprise(candidates: &[Candidate], token: i32) -> f64 {
    let most = candidates.iter().fold(f32::NEG_INFINITY, |most, one| most.max(one.logit));
    let sum: f64 = candidates.iter().map(|one| f64::from(one.logit - most).exp()).sum();
    let own = candidates.iter().find(|one| one.id == token).map_or(most, |one| one.logit);
    sum.ln() - f64::from(own - most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surprise_is_that_of_the_softmax() {
        let of = |logits: &[f32], token| {
            let all: Vec<_> = (0..)
                .zip(logits)
                .map(|(id, logit)| Candidate { id, logit: *logit, p: 0.0 })
                .collect();
            surprise(&all, token)
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-5, "{a} {b}");
        near(of(&[3.0; 8], 5), 8_f64.ln());
        near(of(&[0.0, 3_f32.ln()], 0), 4_f64.ln());
        near(of(&[0.0, 3_f32.ln()], 1), (4.0_f64 / 3.0).ln());
        near(of(&[900.0, 0.0], 0), 0.0);
    }
}
