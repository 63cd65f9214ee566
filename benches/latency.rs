//! Measures what somebody who looks on feels: the longest pause of a stream while another session's
//! prompt is evaluated, and how long a cancelled turn takes to end, wherever it is.
//!
//! `cargo bench --bench latency [-- MODEL.gguf]`; without a model it takes the file that
//! `EDGEWISE_TEST_MODEL` names. Through the front's own code, the socket, and an engine process.

mod support;

use std::path::Path;
use std::time::Duration;

use edgewise::backend::Backend as _;
use edgewise::backend::Cancel;
use edgewise::backend::TokenSink;
use edgewise::backend::TurnQueue;
use edgewise::backend::turn_queue;
use edgewise::chat::Compute;
use edgewise::chat::TokenEvent;
use edgewise::chat::TurnEvent;
use edgewise::chat::TurnId;
use edgewise::engine::Engine;
use edgewise::engine::EngineConfig;
use edgewise::engine::EngineEvent;
use edgewise::ipc::LoadSpec;
use edgewise::ipc::Spec;
use tokio::sync::mpsc;

use crate::support::greedy;
use crate::support::now;
use crate::support::say;

const ROUNDS: u64 = 5;
const POOL_TOKENS: u32 = 8192;

/// The most that a stream may pause, and the most that a cancelled turn may take.
const STALL_MOST: Duration = Duration::from_millis(250);
const CANCEL_MOST: Duration = Duration::from_millis(100);

/// The most that asking the engine what a prompt would cost may take, its answer included.
const PROBE_MOST: Duration = Duration::from_millis(1);

/// How long a draft rests at least until its price is asked.
const REST: Duration = Duration::from_millis(50);

struct Front {
    engine: Engine,
    news: mpsc::Receiver<EngineEvent>,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    turns: TurnQueue,
    begun: u64,
}

#[tokio::main]
async fn main() {
    let Some((model, _)) = support::arguments() else { return };
    let mut load = Vec::new();
    for _ in 0..ROUNDS {
        load.push(cancel_load(&model).await);
    }
    row("cancel while the model loads", load, CANCEL_MOST);
    let directory = private();
    let mut front = Front::new(&model, directory.path());
    let (mut prefill, mut decode, mut stalls) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        prefill.push(front.cancel_prefill().await);
        decode.push(front.cancel_decode().await);
    }
    row("cancel in a 4k prompt", prefill, CANCEL_MOST);
    row("cancel in an answer", decode, CANCEL_MOST);
    for _ in 0..ROUNDS {
        stalls.push(front.stall().await);
    }
    row("longest pause of a stream beside a 1.5k prompt", stalls, STALL_MOST);
    for (name, words) in [("a short prompt", 8), ("a 1k prompt", 70), ("a 4k prompt", 285)] {
        let mut asked = Vec::new();
        for _ in 0..ROUNDS * 4 {
            asked.push(front.probe(words).await);
        }
        row(&format!("what {name} would cost, cached"), asked, PROBE_MOST);
    }
}

/// Starts an engine, and cancels the turn that waits for its model.
async fn cancel_load(model: &Path) -> Duration {
    let directory = private();
    let mut front = Front::new(model, directory.path());
    let cancel = front.start(1, "Hello.", 8).await;
    while !matches!(front.news.recv().await, Some(EngineEvent::Load(_)) | None) {}
    front.time_to_end(&cancel).await
}

impl Front {
    fn new(model: &Path, directory: &Path) -> Self {
        let at = |ending: &str| directory.join(format!("e.{ending}"));
        let load = LoadSpec {
            model_bytes: model.metadata().expect("the model file").len(),
            model: model.to_owned(),
            model_changed_ns: 0,
            pool_tokens: POOL_TOKENS,
            max_turns: 4,
            kv_ram_gb: None,
            threads: None,
            compute: Compute::default(),
        };
        let config = EngineConfig {
            program: env!("CARGO_BIN_EXE_edgewise").into(),
            environment: Vec::new(),
            spec: Spec { load, socket: at("sock"), lock: at("lock"), log: at("log") },
            keep_alive: Duration::ZERO,
            demand: None,
            require_gpu: false,
            missing: None,
        };
        let (events, news) = mpsc::channel(4096);
        let (queue, turns) = turn_queue(256);
        Self { engine: Engine::new(config, events), news, queue, turns, begun: 0 }
    }

    async fn start(&mut self, session: u128, text: &str, max_tokens: u32) -> Cancel {
        self.begun += 1;
        let cancel = Cancel::new();
        let sink = TokenSink::open(TurnId(self.begun), self.queue.clone(), cancel.clone()).await;
        let generation = greedy(session, text, max_tokens, POOL_TOKENS);
        self.engine.start(generation, sink.expect("the queue is open"));
        cancel
    }

    async fn next(&mut self) -> (u64, TokenEvent) {
        loop {
            match self.turns.recv().await.expect("the queue is open") {
                (turn, TurnEvent::Token(event)) => return (turn.0, event),
                (_, TurnEvent::Routed(_) | TurnEvent::Waiting { .. } | TurnEvent::Anew) => {}
            }
        }
    }

    /// Waits for an event of a turn.
    async fn until(&mut self, turn: u64, wanted: impl Fn(&TokenEvent) -> bool) {
        loop {
            let (of, event) = self.next().await;
            if of == turn && wanted(&event) {
                return;
            }
        }
    }

    async fn time_to_end(&mut self, cancel: &Cancel) -> Duration {
        let begun = now();
        cancel.cancel();
        self.until(self.begun, |event| matches!(event, TokenEvent::Finished(..))).await;
        begun.elapsed()
    }

    /// Returns the longest pause of a stream, from the start of another prompt to its first token.
    async fn stall(&mut self) -> Duration {
        let stream = self.start(1, "Tell a very long story about a river.", 2000).await;
        let told = self.begun;
        self.until(told, |event| matches!(event, TokenEvent::Delta(_))).await;
        let other =
            self.start(2, &self.unique("All work and no play makes a dull day.", 150), 4).await;
        let (mut last, mut longest) = (now(), Duration::ZERO);
        loop {
            match self.next().await {
                (of, TokenEvent::Delta(_)) if of == told => {
                    longest = longest.max(last.elapsed());
                    last = now();
                }
                (of, TokenEvent::Delta(_) | TokenEvent::Finished(..)) if of == self.begun => break,
                _ => {}
            }
        }
        other.cancel();
        stream.cancel();
        for _ in 0..2 {
            while !matches!(self.next().await.1, TokenEvent::Finished(..)) {}
        }
        longest
    }

    async fn cancel_prefill(&mut self) -> Duration {
        let prompt = self.unique("Nobody has ever seen the fox in the hills by the sea.", 280);
        let cancel = self.start(3, &prompt, 400).await;
        let begun =
            |event: &TokenEvent| matches!(event, TokenEvent::Prefill { done, .. } if *done > 0);
        self.until(self.begun, begun).await;
        self.time_to_end(&cancel).await
    }

    async fn cancel_decode(&mut self) -> Duration {
        let cancel = self.start(4, "Write a long story.", 2000).await;
        self.until(self.begun, |event| matches!(event, TokenEvent::Delta(_))).await;
        self.time_to_end(&cancel).await
    }

    /// Returns how long the engine takes to say what a prompt would cost that it has answered, once
    /// its threads have come to rest: it is asked while somebody writes.
    async fn probe(&mut self, times: usize) -> Duration {
        let text = "Nobody has ever seen the fox in the hills by the sea.".repeat(times);
        let cancel = self.start(5, &text, 1).await;
        self.until(self.begun, |event| matches!(event, TokenEvent::Finished(..))).await;
        drop(cancel);
        tokio::time::sleep(REST).await;
        let generation = greedy(5, &text, 1, POOL_TOKENS);
        let begun = now();
        let probe = self.engine.probe(&generation).await.expect("the engine runs");
        let took = begun.elapsed();
        assert!(probe.exact && probe.cached_tokens + 8 > probe.prompt_tokens, "{probe:?}");
        took
    }

    /// Makes a prompt that no other turn has begun with.
    fn unique(&self, text: &str, times: usize) -> String {
        format!("Number {}. ", self.begun) + &text.repeat(times)
    }
}

fn private() -> tempfile::TempDir {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().expect("a directory")
}

fn row(name: &str, mut times: Vec<Duration>, most: Duration) {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (middle, last) = (times[times.len() / 2], times[times.len() - 1]);
    let verdict = if last <= most { "ok" } else { "too long" };
    say(&format!(
        "{name:48} {:7.1} ms median  {:7.1} ms at most  (wanted: {:.0}) {verdict}",
        ms(middle),
        ms(last),
        ms(most)
    ));
}
