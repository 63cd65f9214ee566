//! Measures what idle sessions cost: the speed beside them, and coming back to one.
//!
//! `cargo bench --bench sessions [-- MODEL.gguf [THREADS]]`; without a model it takes the file that
//! `EDGEWISE_TEST_MODEL` names. Each round measures every side once, in turn, so that whatever else
//! the machine does meets them alike; prints medians and the ratio.

mod support;

#[path = "support/batch.rs"]
mod batch;

use edgewise::chat::SessionId;
use edgewise::chat::Usage;
use edgewise::worker::Core;
use edgewise::worker::Model;
use edgewise::worker::TurnKey;

use crate::batch::Cost;
use crate::support::greedy;
use crate::support::now;
use crate::support::say;

const ROUNDS: usize = 5;
const DEPTH_TOKENS: usize = 2000;
const POOL_TOKENS: u32 = 8192;
const SHELF_BYTES: u64 = 4_000_000_000;
const DECODE_TOKENS: u32 = 64;

/// A batch and the number of its last turn.
struct Bench {
    core: Core<Cost>,
    turns: u64,
}

fn main() {
    let Some((model, rest)) = support::arguments() else { return };
    let threads = batch::threads(rest.first());
    let model = batch::load(&model);
    let bench = || Bench { core: batch::core(&model, POOL_TOKENS, threads), turns: 0 };
    say(&format!("{} · {threads} threads · {ROUNDS} rounds", bench().core.info().description));
    idle_sessions(bench(), bench(), bench());
    there_and_back(bench(), bench());
}

/// Decodes with nothing else there, beside three idle sessions on the shelf, and beside the same
/// ones in the pool.
fn idle_sessions(mut alone: Bench, mut shelved: Bench, mut pooled: Bench) {
    shelved.core.set_shelf_bytes(SHELF_BYTES);
    for session in 1..=3 {
        let prompt = prompt_of(shelved.core.model(), session);
        shelved.turn(session, &prompt, 4);
        pooled.turn(session, &prompt, 4);
    }
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (bench, rates) in [&mut alone, &mut shelved, &mut pooled].into_iter().zip(&mut rates) {
            let session = u128::try_from(100 + round).unwrap_or(0);
            let usage = bench.turn(session, "Tell a very long story.", DECODE_TOKENS);
            bench.core.forget(SessionId(session));
            rates.push(usage.decode_tps().unwrap_or(0.0));
        }
    }
    let [alone, shelved, pooled] = rates.map(median);
    say(&format!("decode alone                            {alone:8.1} tok/s"));
    say(&format!(
        "  beside 3 idle 2k sessions             {shelved:8.1} tok/s  {:.3}",
        shelved / alone
    ));
    say(&format!(
        "  with these in the pool                {pooled:8.1} tok/s  {:.3}",
        pooled / alone
    ));
}

/// Goes on with a session that stayed in front, and with one after another one of the same length.
fn there_and_back(mut stays: Bench, mut moves: Bench) {
    stays.core.set_shelf_bytes(SHELF_BYTES);
    moves.core.set_shelf_bytes(SHELF_BYTES);
    let prompts = [1, 2].map(|about| prompt_of(moves.core.model(), about));
    stays.turn(1, &prompts[0], 4);
    for (session, prompt) in (1..).zip(&prompts) {
        moves.turn(session, prompt, 4);
    }
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let question = |prompt: &str| format!("{prompt} And what came of it in the year {round}?");
        times[0].push(stays.first_token(1, &question(&prompts[0])));
        times[1].push(moves.first_token(1, &question(&prompts[0])));
        moves.first_token(2, &question(&prompts[1]));
    }
    let [stays, moves] = times.map(median);
    say(&format!("first token, 2k session in front        {stays:8.1} ms"));
    say(&format!(
        "  after another 2k session (A, B, A)    {moves:8.1} ms     {:+.1} ms",
        moves - stays
    ));
}

impl Bench {
    /// Runs a turn to its end.
    fn turn(&mut self, session: u128, prompt: &str, max_tokens: u32) -> Usage {
        self.turns += 1;
        let generation = greedy(session, prompt, max_tokens, 4096);
        let tokens = self.core.prompts().make(1, &generation);
        self.core.submit(TurnKey { client: 1, turn: self.turns }, generation, tokens);
        while self.core.step() {}
        self.core.outlet().0.take().expect("the turn ended")
    }

    /// Returns the milliseconds to a turn's first token, moving sessions included.
    fn first_token(&mut self, session: u128, prompt: &str) -> f64 {
        let begun = now();
        self.turn(session, prompt, 1);
        begun.elapsed().as_secs_f64() * 1e3
    }
}

/// Makes a long question; questions about different things share nothing.
fn prompt_of(model: &Model, about: u128) -> String {
    batch::prompt_of(model, &format!("Number {about}. "), DEPTH_TOKENS)
}

/// Returns the middle of the values, the first left out: it warms caches and measured rates.
fn median(mut values: Vec<f64>) -> f64 {
    values.remove(0);
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
