//! Measures what idle sessions cost: the speed beside them, and coming back to one.
//!
//! `cargo bench --bench sessions [-- MODEL.gguf [THREADS]]`; without a model it takes the file that
//! `EDGEWISE_TEST_MODEL` names. Each round measures every side once, in turn, so that whatever else
//! the machine does meets them alike; prints medians and the ratio.

use std::path::PathBuf;
use std::sync::Arc;

use edgewise::chat::Compute;
use edgewise::chat::Constraint;
use edgewise::chat::Generation;
use edgewise::chat::Limits;
use edgewise::chat::Message;
use edgewise::chat::Priority;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Role;
use edgewise::chat::Sampling;
use edgewise::chat::SessionId;
use edgewise::chat::TokenEvent;
use edgewise::chat::Usage;
use edgewise::device;
use edgewise::worker::Core;
use edgewise::worker::CoreParams;
use edgewise::worker::Model;
use edgewise::worker::Outlet;
use edgewise::worker::TurnKey;

const ROUNDS: usize = 5;
const DEPTH_TOKENS: usize = 2000;
const POOL_TOKENS: u32 = 8192;
const SHELF_BYTES: u64 = 4_000_000_000;
const DECODE_TOKENS: u32 = 64;

/// Keeps the last turn's cost.
#[derive(Debug, Default)]
struct Cost(Option<Usage>);

impl Outlet for Cost {
    fn ready(&self, _: u32) -> bool {
        true
    }

    fn event(&mut self, _: TurnKey, event: TokenEvent) {
        if let TokenEvent::Finished(_, usage) = event {
            self.0 = Some(usage);
        }
    }
}

/// A batch and the number of its last turn.
struct Bench {
    core: Core<Cost>,
    turns: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    #[expect(clippy::disallowed_methods, reason = "a benchmark is started by hand")]
    let named = std::env::var_os("EDGEWISE_TEST_MODEL");
    let model = arguments.next().map(PathBuf::from).or(named.map(PathBuf::from));
    let Some(model) = model else {
        return say("no model: name a file, or set EDGEWISE_TEST_MODEL (scripts/test fetches one)");
    };
    let threads = arguments.next().and_then(|threads| threads.parse().ok());
    let threads = threads.unwrap_or_else(|| u32::try_from(device::cores().physical).unwrap_or(1));
    let model =
        Arc::new(Model::load(&model, Compute::default(), |_| true).expect("the model loads"));
    let params = CoreParams {
        pool_tokens: POOL_TOKENS,
        batch_tokens: 512,
        max_turns: 4,
        threads,
        compute: Compute::default(),
    };
    let core = || Core::new(Arc::clone(&model), params, Arc::default(), Cost::default());
    let bench = || Bench { core: core().expect("the pool fits"), turns: 0 };
    say(&format!("{} · {threads} threads · {ROUNDS} rounds", bench().core.info().description));
    idle_sessions(bench(), bench(), bench());
    there_and_back(bench(), bench());
}

/// Decodes with nothing else there, beside three idle sessions on the shelf, and beside the same
/// ones in the pool.
fn idle_sessions(mut alone: Bench, mut shelved: Bench, mut pooled: Bench) {
    shelved.core.set_shelf_bytes(SHELF_BYTES);
    for session in 1..=3 {
        let prompt = prompt_of(shelved.core.model(), session, DEPTH_TOKENS);
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
    let prompts = [1, 2].map(|about| prompt_of(moves.core.model(), about, DEPTH_TOKENS));
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
        let generation = Generation {
            session: SessionId(session),
            messages: vec![Message::text(Role::User, prompt)],
            class: PrivacyClass::Open,
            sampling: Sampling { temp: 0.0, ..Sampling::default() },
            constraint: Constraint::Free,
            limits: Limits { max_tokens: Some(max_tokens), stop: Vec::new(), n_ctx: 4096 },
            priority: Priority::Interactive,
            ephemeral: false,
        };
        let tokens = self.core.model().prompt(&generation.messages);
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

/// Makes a question of about `tokens` tokens; questions about different things share nothing.
fn prompt_of(model: &Model, about: u128, tokens: usize) -> String {
    let mut prompt = format!("Number {about}. Tell a very long story.");
    let count = |prompt: &str| {
        model.prompt(&[Message::text(Role::User, prompt)]).map_or(usize::MAX, |tokens| tokens.len())
    };
    while count(&prompt) < tokens {
        for _ in 0..8 {
            prompt.push_str(" A river runs from the hills to the sea, past mills and towns.");
        }
    }
    prompt
}

/// Returns the middle of the values, the first left out: it warms caches and measured rates.
fn median(mut values: Vec<f64>) -> f64 {
    values.remove(0);
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}
