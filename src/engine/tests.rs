//! What happens to the front's side of an engine that never comes to life.

use super::*;
use crate::backend::Cancel;
use crate::backend::turn_queue;
use crate::chat::Compute;
use crate::chat::Constraint;
use crate::chat::Limits;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Sampling;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::ipc::LoadSpec;
use crate::ipc::Spec;

/// The settings of an engine that is nowhere, with its files in `directory`.
pub(super) fn config(directory: &str) -> EngineConfig {
    let load = LoadSpec {
        model: "/nowhere/m.gguf".into(),
        model_bytes: 0,
        model_changed_ns: 0,
        pool_tokens: 1,
        max_turns: 1,
        kv_ram_gb: None,
        threads: None,
        compute: Compute::default(),
    };
    let at = |ending: &str| format!("{directory}/e.{ending}").into();
    EngineConfig {
        program: "/nowhere/edgewise".into(),
        environment: Vec::new(),
        spec: Spec { load, socket: at("sock"), lock: at("lock"), log: at("log") },
        keep_alive: std::time::Duration::ZERO,
        demand: None,
        require_gpu: false,
        missing: None,
    }
}

/// A turn that asks nothing.
pub(super) fn generation() -> Generation {
    Generation {
        session: SessionId(1),
        messages: Vec::new(),
        class: PrivacyClass::Open,
        sampling: Sampling::default(),
        constraint: Constraint::Free,
        limits: Limits { max_tokens: None, stop: Vec::new(), n_ctx: 1 },
        priority: Priority::Interactive,
        ephemeral: true,
    }
}

#[tokio::test]
async fn a_supervisor_that_panicked_is_replaced() {
    let (events, _news) = mpsc::channel(8);
    // A directory that cannot be made: the turn fails as soon as somebody takes its order.
    let engine = Engine::new(config("/dev/null"), events);
    // The receiver goes, as it does when its task panics.
    *engine.0.orders.lock().expect("no panic") = mpsc::channel(1).0;
    let (queue, mut turns) = turn_queue(8);
    let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await;
    engine.start(generation(), sink.expect("the queue is open"));
    let (_, event) = turns.recv().await.expect("an end");
    let TurnEvent::Token(TokenEvent::Finished(reason, _)) = event else { panic!("{event:?}") };
    let message = &reason.fault().expect("a fault").message;
    assert!(message.ends_with("/dev/null is not a directory"), "{message}");
}
