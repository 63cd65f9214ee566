//! Times prefill and decode through the engine's own code path: the batch, the slots, the sampler.
//!
//! `cargo bench --bench engine [-- MODEL.gguf [THREADS]]`; without a model it takes the file that
//! `EDGEWISE_TEST_MODEL` names. Prints the median and the spread of several rounds in tokens per
//! second, for `llama-bench -p 512 -n 64 -d 0,1024` to stand beside.

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

const ROUNDS: usize = 7;
const DECODE_TOKENS: u32 = 64;
const POOL_TOKENS: u32 = 4096;

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
    let mut core = Core::new(Arc::clone(&model), params, Arc::default(), Cost::default())
        .expect("the pool fits");
    say(&format!("{} · {threads} threads", core.info().description));
    for (name, depth, kind) in [
        ("prefill 512", 512, Kind::Prefill),
        ("decode 64 at depth 0", 16, Kind::Decode),
        ("decode 64 at depth 1024", 1024, Kind::Decode),
    ] {
        let prompt = prompt_of(&model, depth);
        // The first round is not counted: it warms caches and the measured prefill rate.
        let free = &Constraint::Free;
        let rates = (0..=ROUNDS).map(|round| rate(&mut core, &prompt, round, (kind, free))).skip(1);
        say(&format!("{name:24} {}", spread(rates.collect())));
    }
    compare(&mut core, &model);
}

/// Decodes with and without a schema in turn, so that both see the same machine.
fn compare(core: &mut Core<Cost>, model: &Model) {
    let prompt = prompt_of(model, 16) + " Answer in JSON.";
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
    let session = SessionId(u128::from(turn));
    let generation = Generation {
        session,
        class: PrivacyClass::Open,
        messages: vec![Message::text(Role::User, prompt)],
        sampling: Sampling { temp: 0.0, ..Sampling::default() },
        constraint: constraint.clone(),
        limits: Limits { max_tokens: Some(DECODE_TOKENS), stop: Vec::new(), n_ctx: POOL_TOKENS },
        priority: Priority::Interactive,
        ephemeral: true,
    };
    let tokens = core.model().prompt(&generation.messages);
    core.submit(TurnKey { client: 1, turn }, generation, tokens);
    while core.step() {}
    core.forget(session);
    let usage = core.outlet().0.take().expect("the turn ended");
    let rate = match kind {
        Kind::Prefill => usage.prefill_tps(),
        Kind::Decode => usage.decode_tps(),
    };
    rate.unwrap_or(0.0)
}

/// Makes a question of about `tokens` tokens that asks for a long answer.
fn prompt_of(model: &Model, tokens: usize) -> String {
    let mut prompt = String::from("Tell a very long story.");
    let count = |prompt: &str| {
        model.prompt(&[Message::text(Role::User, prompt)]).map_or(usize::MAX, |tokens| tokens.len())
    };
    while count(&prompt) < tokens {
        prompt.push_str(" A river runs from the hills to the sea, past mills and towns.");
    }
    prompt
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

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}
