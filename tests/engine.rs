//! The engine as a process of its own: real fronts, the real binary, the real model.

mod support;

#[path = "support/process.rs"]
mod process;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use edgewise::backend::Backend as _;
use edgewise::backend::Cancel;
use edgewise::backend::TokenSink;
use edgewise::backend::TurnQueue;
use edgewise::backend::turn_queue;
use edgewise::chat::Compute;
use edgewise::chat::Constraint;
use edgewise::chat::FaultKind;
use edgewise::chat::Generation;
use edgewise::chat::Health;
use edgewise::chat::Limits;
use edgewise::chat::LoadState;
use edgewise::chat::Message;
use edgewise::chat::ModelInfo;
use edgewise::chat::Priority;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Role;
use edgewise::chat::Sampling;
use edgewise::chat::SessionId;
use edgewise::chat::StopReason;
use edgewise::chat::TokenEvent;
use edgewise::chat::TurnEvent;
use edgewise::chat::TurnId;
use edgewise::chat::Usage;
use edgewise::engine::Engine;
use edgewise::engine::EngineConfig;
use edgewise::engine::EngineEvent;
use edgewise::engine::Forgotten;
use edgewise::engine::Seen;
use edgewise::engine::SeenState;
use edgewise::engine::Unheard;
use edgewise::ipc::LoadSpec;
use edgewise::ipc::PROTOCOL;
use edgewise::ipc::Spec;
use edgewise::ipc::Status;
use edgewise::ipc::ToEngine;
use edgewise::ipc::ToFront;
use edgewise::ipc::Visit;
use tokio::sync::mpsc;

use crate::process::gone;
use crate::process::private;
use crate::process::signal;

/// Longer than anything here takes, so that a failure ends the test instead of hanging it.
const PATIENCE: Duration = Duration::from_mins(1);

fn config(directory: &Path) -> EngineConfig {
    let model = support::model();
    let at = |ending: &str| directory.join(format!("e.{ending}"));
    let load = LoadSpec {
        model_bytes: model.metadata().expect("the model file").len(),
        model,
        model_changed_ns: 0,
        pool_tokens: 4096,
        max_turns: 4,
        kv_ram_gb: None,
        threads: Some(1),
        compute: Compute::default(),
    };
    EngineConfig {
        program: env!("CARGO_BIN_EXE_edgewise").into(),
        environment: Vec::new(),
        spec: Spec { load, socket: at("sock"), lock: at("lock"), log: at("log") },
        keep_alive: Duration::ZERO,
        demand: None,
        require_gpu: false,
        missing: None,
    }
}

struct Front {
    engine: Engine,
    news: mpsc::Receiver<EngineEvent>,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    turns: TurnQueue,
}

impl Front {
    fn new(config: EngineConfig) -> Self {
        let (events, news) = mpsc::channel(256);
        let (queue, turns) = turn_queue(64);
        Self { engine: Engine::new(config, events), news, queue, turns }
    }

    async fn start(&self, turn: u64, generation: Generation) -> Cancel {
        let cancel = Cancel::new();
        let sink = TokenSink::open(TurnId(turn), self.queue.clone(), cancel.clone()).await;
        self.engine.start(generation, sink.expect("the queue is open"));
        cancel
    }

    async fn next(&mut self) -> (TurnId, TokenEvent) {
        let event = tokio::time::timeout(PATIENCE, self.turns.recv()).await;
        match event.expect("an event comes").expect("the queue is open") {
            (turn, TurnEvent::Token(event)) => (turn, event),
            (_, TurnEvent::Routed(_) | TurnEvent::Waiting { .. } | TurnEvent::Anew) => {
                unreachable!("the engine chooses no route")
            }
        }
    }

    /// Waits for the first token of any turn.
    async fn first_token(&mut self) {
        while !matches!(self.next().await.1, TokenEvent::Delta(_)) {}
    }

    async fn finish(&mut self) -> (String, StopReason, Usage) {
        let mut text = String::new();
        loop {
            match self.next().await.1 {
                TokenEvent::Delta(delta) => text.push_str(&delta),
                TokenEvent::Finished(reason, usage) => return (text, reason, usage),
                TokenEvent::Queued(_) | TokenEvent::Prefill { .. } => {}
            }
        }
    }

    async fn health(&mut self) -> Health {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.news.recv()).await;
            if let Some(EngineEvent::Health(health)) = event.expect("news come") {
                return health;
            }
        }
    }

    async fn info(&mut self) -> ModelInfo {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.news.recv()).await;
            if let Some(EngineEvent::Load(LoadState::Ready(info))) = event.expect("news come") {
                return info;
            }
        }
    }

    async fn lost(&mut self) -> String {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.news.recv()).await;
            if let Some(EngineEvent::Lost(fault)) = event.expect("news come") {
                return fault.message;
            }
        }
    }
}

fn ask(session: u128, text: &str, max_tokens: u32) -> Generation {
    Generation {
        session: SessionId(session),
        messages: vec![Message::text(Role::User, text)],
        class: PrivacyClass::Open,
        sampling: Sampling { temp: 0.0, ..Sampling::default() },
        constraint: Constraint::Free,
        limits: Limits { max_tokens: Some(max_tokens), stop: Vec::new(), n_ctx: 4096 },
        priority: Priority::Interactive,
        ephemeral: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_engine_serves_two_fronts_and_leaves_with_the_last() {
    let directory = private();
    let config = config(directory.path());
    let (mut one, mut two) = (Front::new(config.clone()), Front::new(config.clone()));
    // Both begin at once: the lock lets one of them start the engine.
    one.start(1, ask(1, "Count from one to twenty.", 40)).await;
    two.start(1, ask(2, "Name the days of the week.", 40)).await;
    let (first, second) = tokio::join!(one.health(), two.health());
    assert_eq!(first.pid, second.pid);
    let (a, b) = tokio::join!(one.finish(), two.finish());
    assert!(a.2.completion_tokens > 5 && b.2.completion_tokens > 5);
    drop(one);
    // The one that is left still has its engine.
    two.start(2, ask(2, "And the months?", 8)).await;
    assert!(matches!(two.finish().await.1, StopReason::Length));
    assert!(config.spec.socket.exists());
    drop(two);
    gone(first.pid).await;
    assert!(!config.spec.socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_interrupts_the_answer_and_the_next_one_is_answered() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    front.start(1, ask(1, "Write a long story.", 400)).await;
    front.first_token().await;
    let pid = front.health().await.pid;
    signal(pid, "-KILL");
    let (_, reason, usage) = front.finish().await;
    let StopReason::Interrupted(fault) = reason else { panic!("interrupted, not {reason:?}") };
    assert_eq!(fault.message, "the engine was ended by SIGKILL");
    assert!(usage.completion_tokens >= 1 && usage.prompt_tokens > 0, "{usage:?}");
    assert!(front.lost().await.contains("SIGKILL"));
    front.start(2, ask(1, "Say hello.", 8)).await;
    let (text, reason, _) = front.finish().await;
    assert!(!text.is_empty() && reason.fault().is_none(), "{reason:?}");
    assert_ne!(front.health().await.pid, pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_a_batch_interrupts_all_and_one_engine_takes_over() {
    let directory = private();
    let config = config(directory.path());
    let (mut one, mut two) = (Front::new(config.clone()), Front::new(config));
    one.start(1, ask(1, "Write a long story.", 400)).await;
    two.start(1, ask(2, "Write a long tale.", 400)).await;
    tokio::join!(one.first_token(), two.first_token());
    let pid = one.health().await.pid;
    signal(pid, "-KILL");
    let (first, second) = tokio::join!(one.finish(), two.finish());
    for (_, reason, usage) in [&first, &second] {
        assert!(matches!(reason, StopReason::Interrupted(_)), "{reason:?}");
        assert!(usage.completion_tokens >= 1, "{usage:?}");
    }
    one.start(2, ask(1, "Say hello.", 8)).await;
    two.start(2, ask(2, "Say hello.", 8)).await;
    let (first, second) = tokio::join!(one.finish(), two.finish());
    assert_eq!(first.0, second.0);
    assert!(first.1.fault().is_none() && second.1.fault().is_none());
    let seen = edgewise::engine::look(&[directory.path().to_owned()], PATIENCE).expect("a list");
    assert!(seen.len() == 1 && seen[0].pid != pid, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_of_another_version_is_replaced_and_a_log_that_cannot_be_had_is_done_without() {
    let directory = private();
    let mut config = config(directory.path());
    config.spec.log = directory.path().join("none/e.log");
    let listener = UnixListener::bind(&config.spec.socket).expect("a socket");
    let other = std::thread::spawn(move || {
        let (mut front, _) = listener.accept().expect("a front");
        let hello = ToFront::Hello { protocol: PROTOCOL, version: "0.0.0".to_owned(), pid: 1 };
        let hello = edgewise::ipc::encode(&hello).expect("a frame");
        std::io::Write::write_all(&mut front, &hello).expect("it reads");
    });
    let mut front = Front::new(config);
    front.start(1, ask(1, "Say hello.", 4)).await;
    assert!(front.finish().await.1.fault().is_none());
    other.join().expect("the other one was asked first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_suspended_holds_up_nobody() {
    let directory = private();
    let config = config(directory.path());
    let mut front = Front::new(config.clone());
    front.start(1, ask(1, "Say hello.", 4)).await;
    front.finish().await;
    // It asks, and never reads.
    let mut deaf = std::os::unix::net::UnixStream::connect(&config.spec.socket).expect("a socket");
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let visit = Visit::Work { keep_alive: Duration::ZERO };
    let mut said = edgewise::ipc::encode(&ToEngine::Hello { protocol: PROTOCOL, version, visit })
        .expect("small");
    for turn in 0..2 {
        let generation = ask(100 + u128::from(turn), "Write a very long story.", 60);
        said.extend(edgewise::ipc::encode(&ToEngine::Start { turn, generation }).expect("small"));
    }
    std::io::Write::write_all(&mut deaf, &said).expect("it is read");
    for turn in 2..=3 {
        front.start(turn, ask(1, "Count to ten.", 12)).await;
        let (_, reason, usage) = front.finish().await;
        assert!(reason.fault().is_none() && usage.completion_tokens > 5, "{reason:?}");
    }
    drop(deaf);
    front.start(5, ask(1, "Say hello.", 4)).await;
    assert!(front.finish().await.1.fault().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_is_replaced() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    let cancel = front.start(1, ask(1, "Write a long story.", 2000)).await;
    front.first_token().await;
    let pid = front.health().await.pid;
    signal(pid, "-STOP");
    cancel.cancel();
    assert_eq!(front.finish().await.1, StopReason::Cancelled);
    assert_eq!(front.lost().await, "the engine does not answer any more");
    front.start(2, ask(1, "Say hello.", 8)).await;
    let (text, reason, _) = front.finish().await;
    signal(pid, "-KILL");
    assert!(!text.is_empty() && reason.fault().is_none(), "{reason:?}");
    assert_ne!(front.health().await.pid, pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_directory_that_was_removed_is_made_again() {
    let directory = private();
    let runtime = directory.path().join("run");
    let mut front = Front::new(config(&runtime));
    front.start(1, ask(1, "Say hello.", 4)).await;
    assert!(front.finish().await.1.fault().is_none());
    std::fs::remove_dir_all(&runtime).expect("it was made");
    signal(front.health().await.pid, "-KILL");
    front.lost().await;
    front.start(2, ask(1, "Say hello.", 4)).await;
    let reason = front.finish().await.1;
    assert!(reason.fault().is_none(), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_names_itself() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    front.start(1, ask(1, "Write a long story.", 400)).await;
    front.first_token().await;
    signal(front.health().await.pid, "-ABRT");
    let (_, reason, _) = front.finish().await;
    let message = &reason.fault().expect("a fault").message;
    assert!(message.starts_with("the engine was ended by SIGABRT"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_ends_a_turn_at_any_point() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    // Before there is an engine.
    front.start(1, ask(1, "Hello.", 400)).await.cancel();
    assert_eq!(front.finish().await.1, StopReason::Cancelled);
    // In the middle of a long prompt.
    let long = "All work and no play makes a dull day. ".repeat(250);
    let cancel = front.start(2, ask(2, &long, 400)).await;
    while !matches!(front.next().await.1, TokenEvent::Prefill { done, .. } if done > 0) {}
    cancel.cancel();
    let (text, reason, _) = front.finish().await;
    assert_eq!((text.as_str(), reason), ("", StopReason::Cancelled));
    // In the middle of an answer.
    let cancel = front.start(3, ask(3, "Write a long story.", 2000)).await;
    front.first_token().await;
    cancel.cancel();
    assert_eq!(front.finish().await.1, StopReason::Cancelled);
    // What was asked for is no error.
    let errors = std::fs::read_to_string(directory.path().join("e.log")).expect("a log");
    assert_eq!(errors, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_socket_is_replaced() {
    let directory = private();
    let config = config(directory.path());
    // A dead engine's socket, as after a SIGKILL.
    drop(UnixListener::bind(&config.spec.socket).expect("a socket"));
    let mut front = Front::new(config);
    front.start(1, ask(1, "Say hello.", 4)).await;
    assert!(front.finish().await.1.fault().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_is_told_and_a_missing_model_fails_the_turn() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    front.engine.warm();
    let mut states = Vec::new();
    while !matches!(states.last(), Some(EngineEvent::Load(LoadState::Ready(_)))) {
        let event = tokio::time::timeout(PATIENCE, front.news.recv()).await;
        states.push(event.expect("news come").expect("the supervisor lives"));
    }
    assert!(matches!(states.first(), Some(EngineEvent::Load(LoadState::Loading(_)))), "{states:?}");
    let mut broken = config(directory.path());
    broken.spec.load.model = directory.path().join("missing.gguf");
    broken.spec.socket = directory.path().join("f.sock");
    let mut front = Front::new(broken);
    front.start(1, ask(1, "Hello.", 4)).await;
    let (_, reason, _) = front.finish().await;
    let fault = reason.fault().expect("a fault").clone();
    assert!(fault.message.contains("missing.gguf") && fault.hint.is_some(), "{fault:?}");
}

#[cfg(not(any(feature = "vulkan", feature = "cuda", feature = "metal", target_os = "macos")))]
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_without_a_gpu_says_so_and_is_refused_where_one_is_required() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    front.start(1, ask(1, "Hello.", 2)).await;
    let info = front.info().await;
    assert_eq!((info.device.as_str(), info.gpu_layers, info.fell_back), ("CPU", 0, false));
    front.finish().await;
    let mut strict = Front::new(EngineConfig { require_gpu: true, ..config(directory.path()) });
    strict.start(1, ask(1, "Hello.", 2)).await;
    let (text, reason, _) = strict.finish().await;
    let fault = reason.fault().expect("a fault");
    assert_eq!((text.as_str(), fault.kind), ("", FaultKind::NoRoute));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_exact() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    let generation = ask(1, "What is the capital of France?", 4);
    front.start(1, generation.clone()).await;
    let usage = front.finish().await.2;
    let probe = front.engine.probe(&generation).await.expect("the engine answers");
    assert!(probe.exact);
    assert_eq!(probe.prompt_tokens, usage.prompt_tokens);
    assert_eq!(probe.cached_tokens, usage.prompt_tokens);
    front.engine.forget(SessionId(1));
    let probe = front.engine.probe(&generation).await.expect("the engine answers");
    assert_eq!(probe.cached_tokens, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_megabytes_holds_up_nobody() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    front.start(1, ask(1, "Say hello.", 4)).await;
    front.finish().await;
    let long = ask(2, &"word ".repeat(400_000), 4);
    let short = ask(1, "Say hello.", 4);
    let mut long = front.engine.probe(&long);
    let short = front.engine.probe(&short);
    // It was asked first, and is answered last: the batch goes on while it is counted.
    tokio::select! {
        biased;
        answer = &mut long => panic!("the long one holds up the short one: {answer:?}"),
        answer = short => assert!(answer.expect("the engine answers").exact),
    }
    let fault = long.await.expect_err("it does not fit");
    assert!(fault.message.contains("tokens"), "{fault}");
}

/// A front whose engine stays for `keep_alive` after it.
fn warm(directory: &Path, keep_alive: Duration) -> Front {
    Front::new(EngineConfig { keep_alive, ..config(directory) })
}

/// Looks at the one engine until it has noticed that its last client is gone.
fn left_alone(directory: &Path, pid: u32) -> Status {
    for _ in 0..10_000 {
        let seen = edgewise::engine::look(&[directory.to_owned()], PATIENCE).expect("a list");
        assert_eq!(seen.iter().map(|seen| seen.pid).collect::<Vec<_>>(), [pid]);
        match &seen[0].state {
            SeenState::Ready(status) if status.leaves_in.is_some() => return (**status).clone(),
            // It has not heard yet that its client is gone.
            SeenState::Ready(_) => {}
            other => panic!("ready, not {other:?}"),
        }
    }
    panic!("engine {pid} does not notice that it is alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_stays_for_its_last_client_and_keeps_the_prefix() {
    let directory = private();
    let mut front = warm(directory.path(), PATIENCE);
    front.start(1, ask(1, "What is the capital of France?", 4)).await;
    front.finish().await;
    let pid = front.health().await.pid;
    drop(front);
    // The next one finds it, loaded, with the first one's cells.
    let mut front = warm(directory.path(), PATIENCE);
    front.start(1, ask(1, "What is the capital of France?", 4)).await;
    let usage = front.finish().await.2;
    assert_eq!(usage.cached_tokens, usage.prompt_tokens - 1);
    assert_eq!(front.health().await.pid, pid);
    drop(front);
    let status = left_alone(directory.path(), pid);
    let left = status.leaves_in.expect("nobody is there");
    assert!(left > Duration::ZERO && left <= PATIENCE, "{left:?}");
    assert_eq!(status.model, support::model());
    // Looking at it kept it no longer, and stopping it ends it.
    let stopped = edgewise::engine::stop(&[directory.path().to_owned()], PATIENCE).expect("a list");
    assert_eq!(stopped, (vec![pid], vec![]));
    gone(pid).await;
    assert!(
        edgewise::engine::look(&[directory.path().to_owned()], PATIENCE)
            .expect("a list")
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_hears_of_the_model_first_and_what_it_says_is_done_when_it_is_confirmed() {
    let directory = private();
    let mut front = warm(directory.path(), PATIENCE);
    front.start(1, ask(1, "What is the capital of France?", 4)).await;
    front.finish().await;
    let pid = front.health().await.pid;
    // The batch sends its own word to whoever joins: it must not overtake this one.
    for _ in 0..200 {
        let seen = edgewise::engine::look(&[directory.path().to_owned()], PATIENCE);
        let seen = seen.expect("a list");
        assert!(matches!(&seen[..], [Seen { state: SeenState::Ready(_), .. }]), "{seen:?}");
    }
    let question = ask(1, "What is the capital of France?", 4);
    let probe = front.engine.probe(&question).await.expect("the engine answers");
    assert!(probe.cached_tokens > 0, "{probe:?}");
    let dirs = [directory.path().to_owned()];
    let forgotten = edgewise::engine::forget(&dirs, &[SessionId(1)], PATIENCE).expect("a list");
    assert_eq!(forgotten, Forgotten { did: 1, unheard: vec![] });
    let probe = front.engine.probe(&question).await.expect("the engine answers");
    assert_eq!(probe.cached_tokens, 0, "engine {pid} has forgotten it");
    // A stopped process has not forgotten, and that is said; it is no engine less for it.
    signal(pid, "-STOP");
    let hasty = Duration::from_millis(50);
    let forgotten = edgewise::engine::forget(&dirs, &[SessionId(1)], hasty).expect("a list");
    let seen = edgewise::engine::look(&dirs, hasty).expect("a list");
    signal(pid, "-CONT");
    let socket = directory.path().join("e.sock");
    assert_eq!(forgotten, Forgotten { did: 0, unheard: vec![Unheard { socket, pid: Some(pid) }] });
    assert_eq!(seen, [Seen { pid, state: SeenState::Silent }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_engine_cuts_an_answer_short_and_comes_back_when_asked() {
    let directory = private();
    let mut front = warm(directory.path(), PATIENCE);
    front.start(1, ask(1, "Write a long story.", 2000)).await;
    front.first_token().await;
    let dir = directory.path().to_owned();
    let stop = tokio::task::spawn_blocking(move || edgewise::engine::stop(&[dir], PATIENCE));
    let (_, reason, _) = front.finish().await;
    let StopReason::Interrupted(fault) = reason else { panic!("interrupted, not {reason:?}") };
    assert_eq!(fault.message, "the engine was stopped");
    let (stopped, left) = stop.await.expect("it ran").expect("a list");
    assert_eq!((stopped.len(), left.len()), (1, 0));
    front.start(2, ask(1, "Say hello.", 4)).await;
    assert!(front.finish().await.1.fault().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_nobody_can_find_does_not_stay() {
    let directory = private();
    let mut front = warm(directory.path(), PATIENCE);
    front.start(1, ask(1, "Say hello.", 4)).await;
    front.finish().await;
    let pid = front.health().await.pid;
    std::fs::remove_file(directory.path().join("e.sock")).expect("the socket is there");
    // It still serves the one that it has.
    front.start(2, ask(1, "Say hello.", 4)).await;
    assert!(front.finish().await.1.fault().is_none());
    drop(front);
    gone(pid).await;
}

#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread")]
async fn native_kernels_are_in() {
    let directory = private();
    let mut front = Front::new(config(directory.path()));
    front.engine.warm();
    let system = front.info().await.system;
    let table = [
        ("AVX2 = 1", std::is_x86_feature_detected!("avx2")),
        ("FMA = 1", std::is_x86_feature_detected!("fma")),
        ("AVX512 = 1", std::is_x86_feature_detected!("avx512f")),
        ("AVX512_VNNI = 1", std::is_x86_feature_detected!("avx512vnni")),
    ];
    // What the processor has is in, and nothing that it has not: that would crash.
    for (kernel, has) in table {
        assert_eq!(system.contains(kernel), has, "{kernel} in {system}");
    }
}
