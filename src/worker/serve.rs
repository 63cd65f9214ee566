//! The engine from its first breath to its last.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use std::time::Instant;

use thiserror::Error;

use super::board::Board;
use super::clients::Clients;
use super::clock;
use super::core::Core;
use super::core::CoreParams;
use super::core::Outlet as _;
use super::detach;
use super::health::HealthWatch;
use super::intake::Intake;
use super::intake::Order;
use super::listen;
use super::listen::Door;
use super::model::LoadError;
use super::model::Model;
use super::turn::count;
use crate::chat::Fault;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;
use crate::device;
use crate::ipc::Spec;
use crate::ipc::ToFront;

/// How long an engine waits for its first front; the one that started it comes at once.
const FIRST_CLIENT: Duration = Duration::from_secs(10);

/// The most tokens of one batch and one graph: llama.cpp's default for a CPU, and past it prefill
/// gains nothing there.
const BATCH_TOKENS: u32 = 512;

/// Why an engine did not come to life.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The front's settings, the log, the socket or a standard stream.
    #[error("the engine cannot {0}: {1}")]
    Start(&'static str, #[source] io::Error),
}

/// Runs an engine in this process until its last client has left.
///
/// Expects the front's [`Spec`] as one frame on standard input and says a line on standard output
/// when the socket listens.
///
/// # Errors
/// It could not begin; afterwards every failure is told to the fronts.
pub fn run() -> Result<(), WorkerError> {
    let failed = |what| move |error| WorkerError::Start(what, error);
    let spec = detach::begin().map_err(failed("read its settings"))?;
    detach::redirect_errors(&spec.log).map_err(failed("open its log"))?;
    let (listener, socket) = detach::listen(&spec).map_err(failed("listen"))?;
    let abort = Arc::new(AtomicBool::new(false));
    let door =
        Door { intake: Arc::new(Intake::new(Arc::clone(&abort))), board: Arc::new(Board::new()) };
    listen::accept(listener, door.clone());
    detach::announce().map_err(failed("let go of its front"))?;
    let born = clock::now();
    match load(&spec, &door, abort, born) {
        Ok(core) => {
            door.board.ready(core.info());
            serve(core, &door.intake, born);
        }
        Err(error) => {
            let fault = fault(&spec, &error);
            door.board.failed(fault.clone());
            mourn(&fault, &door.intake, born);
        }
    }
    detach::remove_socket(&spec, &socket);
    Ok(())
}

fn grace(born: Instant) -> bool {
    clock::now().saturating_duration_since(born) < FIRST_CLIENT
}

/// Loads the model and makes the pool; stops when nobody is left to load it for.
fn load(
    spec: &Spec,
    door: &Door,
    abort: Arc<AtomicBool>,
    born: Instant,
) -> Result<Core<Clients>, LoadError> {
    let Door { intake, board } = door.clone();
    let told = Cell::new(0);
    let model = Model::load(&spec.load.model, move |share| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 100"
        )]
        let percent = (share.clamp(0.0, 1.0) * 100.0) as u8;
        if told.replace(percent) != percent {
            board.loading(percent);
        }
        !intake.is_abandoned(grace(born))
    })?;
    let params = CoreParams {
        pool_tokens: spec.load.pool_tokens,
        batch_tokens: BATCH_TOKENS,
        max_turns: spec.load.max_turns,
        threads: spec.load.threads.unwrap_or_else(|| count(device::cores().physical)),
    };
    Core::new(Arc::new(model), params, abort, Clients::default())
}

fn fault(spec: &Spec, error: &LoadError) -> Fault {
    let message = format!("cannot load {}: {error}", spec.load.model.display());
    Fault::new(message).hint(format!("llama.cpp's own words are in {}", spec.log.display()))
}

/// Steps the batch and follows orders until the last client has left.
fn serve(mut core: Core<Clients>, intake: &Intake, born: Instant) {
    let mut health = HealthWatch::new();
    let mut worked = false;
    loop {
        let wake = if grace(born) { Some(born + FIRST_CLIENT) } else { None };
        let until = health.next().into_iter().chain(wake).min();
        let taken = intake.take(!worked, until);
        for turn in taken.cancelled {
            core.cancel(turn);
        }
        for order in taken.orders {
            follow(&mut core, order);
        }
        if intake.close_if_abandoned(grace(born)) {
            return;
        }
        worked = core.step();
        if let Some(health) = health.look(&core, intake.clients()) {
            core.outlet().broadcast(&ToFront::Health(health));
        }
    }
}

fn follow(core: &mut Core<Clients>, order: Order) {
    match order {
        Order::Joined(client, mailbox) => core.outlet().join(client, mailbox),
        Order::Left(client) => {
            core.outlet().leave(client);
            core.drop_client(client);
        }
        Order::Start(key, generation) => core.submit(key, generation),
        Order::Probe(client, id, generation) => {
            let frame = match core.probe(&generation) {
                Ok(probe) => ToFront::Probed { id, probe },
                Err(fault) => ToFront::ProbeFailed { id, fault },
            };
            core.outlet().send(client, frame);
        }
        Order::Forget(session) => core.forget(session),
        Order::Drained(client) => core.outlet().drained(client),
    }
}

/// Tells everybody who asks that there is no model, until all have left.
fn mourn(fault: &Fault, intake: &Intake, born: Instant) {
    let mut clients = Clients::default();
    while !intake.close_if_abandoned(grace(born)) {
        let until = grace(born).then_some(born + FIRST_CLIENT);
        for order in intake.take(true, until).orders {
            match order {
                Order::Joined(client, mailbox) => clients.join(client, mailbox),
                Order::Left(client) => clients.leave(client),
                Order::Start(key, _) => {
                    let reason = StopReason::Failed(fault.clone());
                    clients.event(key, TokenEvent::Finished(reason, Usage::default()));
                }
                Order::Probe(client, id, _) => {
                    clients.send(client, ToFront::ProbeFailed { id, fault: fault.clone() });
                }
                Order::Drained(client) => clients.drained(client),
                Order::Forget(_) => {}
            }
        }
    }
}
