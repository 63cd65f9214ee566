//! Times prefill and decode through the engine's own code path: the batch, the slots, the sampler.
//!
//! `cargo bench --bench engine [-- MODEL.gguf [THREADS]]`; without a model it takes the file that
//! `EDGEWISE_TEST_MODEL` names. Prints the median and the spread of several rounds in tokens per
//! second, for `llama-bench -p 512 -n 64 -d 0,1024` to stand beside.

#[expect(dead_code, reason = "other benchmarks measure time")]
mod support;

#[path = "support/batch.rs"]
mod batch;

use edgewise::chat::Constraint;
use edgewise::chat::Generation;
use edgewise::chat::SessionId;
use edgewise::worker::Core;
use edgewise::worker::Model;
use edgewise::worker::TurnKey;

use crate::batch::Cost;
use crate::batch::prompt_of;
use crate::support::greedy;
use crate::support::say;

const ROUNDS: usize = 7;
const DECODE_TOKENS: u32 = 64;
const POOL_TOKENS: u32 = 4096;

fn main() {
    let Some((model, rest)) = support::arguments() else { return };
    let threads = batch::threads(rest.first());
    let model = batch::load(&model);
    let mut core = batch::core(&model, POOL_TOKENS, threads);
    say(&format!("{} · {threads} threads", core.info().description));
    for (name, depth, kind) in [
        ("prefill 512", 512, Kind::Prefill),
        ("decode 64 at depth 0", 16, Kind::Decode),
        ("decode 64 at depth 1024", 1024, Kind::Decode),
    ] {
        let prompt = prompt_of(&model, "", depth);
        // The first round is not counted: it warms caches and the measured prefill rate.
        let free = &Constraint::Free;
        let rates = (0..=ROUNDS).map(|round| rate(&mut core, &prompt, round, (kind, free))).skip(1);
        say(&format!("{name:24} {}", spread(rates.collect())));
    }
    compare(&mut core, &model);
}

/// Decodes with and without a schema in turn, so that both see the same machine.
fn compare(core: &mut Core<Cost>, model: &Model) {
    let prompt = prompt_of(model, "", 16) + " Answer in JSON.";
    let schema = Constraint::JsonSchema(SCHEMA.to_owned());
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (rates, constraint) in rates.iter_mut().zip([&Constraint::Free, &schema]) {
            rates.push(rate(core, &prompt, round, (Kind::Decode, constraint)));
        }
    }
    let mut ratios: Vec<f64> =
        rates[0].iter().zip(&rates[1]).skip(1).map(|(free, held)| held / free).collect();
    ratios.sort_by(f64::total_cmp);
    say(&format!("decode 64 with a schema  {}", spread(rates[1].split_off(1))));
    say(&format!(
        "with a schema / without  {:8.3}        ({:.3} to {:.3})",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    ));
}

/// A list of objects that never has to end: as many tokens as without it.
const SCHEMA: &str = r#"{"type": "array", "minItems": 20, "items": {"type": "object",
    "properties": {"name": {"type": "string", "maxLength": 40}, "kind": {"enum": ["a", "b"]},
    "year": {"type": "integer"}}, "required": ["name", "kind", "year"]}}"#;

#[derive(Clone, Copy)]
enum Kind {
    Prefill,
    Decode,
}

/// Runs one turn of a new session and returns tokens per second.
fn rate(
    core: &mut Core<Cost>,
    prompt: &str,
    round: usize,
    (kind, constraint): (Kind, &Constraint),
) -> f64 {
    let turn = u64::try_from(round).unwrap_or(0);
    let generation = Generation {
        constraint: constraint.clone(),
        ephemeral: true,
        ..greedy(u128::from(turn), prompt, DECODE_TOKENS, POOL_TOKENS)
    };
    let tokens = core.model().prompt(&generation.messages);
    core.submit(TurnKey { client: 1, turn }, generation, tokens);
    while core.step() {}
    core.forget(SessionId(u128::from(turn)));
    let usage = core.outlet().0.take().expect("the turn ended");
    let rate = match kind {
        Kind::Prefill => usage.prefill_tps(),
        Kind::Decode => usage.decode_tps(),
    };
    rate.unwrap_or(0.0)
}

fn spread(mut rates: Vec<f64>) -> String {
    rates.sort_by(f64::total_cmp);
    let (least, most) = (rates[0], rates[rates.len() - 1]);
    format!(
        "{:8.1} tok/s  ({least:.1} to {most:.1}, {} rounds)",
        rates[rates.len() / 2],
        rates.len()
    )
}
