//! The engine from its first breath to its last.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

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
use super::model::Prompt;
use super::tokenizing::Tokenizing;
use super::turn::count;
use super::vanish;
use super::yielding::Yielding;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::Health;
use crate::chat::LoadState;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;
use crate::device;
use crate::ipc::Spec;
use crate::ipc::Status;
use crate::ipc::ToFront;
use crate::route;

/// How often an engine that nobody uses looks whether others need its memory.
const LOOK_AROUND: Duration = Duration::from_secs(10);

/// How long fronts may take to hear that the engine leaves.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

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

/// Runs an engine in this process until nobody needs it any more.
///
/// Expects the front's [`Spec`] as one frame on standard input and says a line on standard output
/// when the socket listens.
///
/// # Errors
/// It could not begin; afterwards every failure is told to the fronts.
pub fn run() -> Result<(), WorkerError> {
    let failed = |what| move |error| WorkerError::Start(what, error);
    let spec = detach::begin().map_err(failed("read its settings"))?;
    detach::redirect_errors(&spec.log);
    let (listener, socket) = detach::listen(&spec).map_err(failed("listen"))?;
    let abort = Arc::new(AtomicBool::new(false));
    let door =
        Door { intake: Arc::new(Intake::new(Arc::clone(&abort))), board: Arc::new(Board::new()) };
    listen::accept(listener, door.clone());
    let heard = detach::announce().map_err(failed("let go of its front"))?;
    let socket = Arc::new(socket);
    // A front that ended meanwhile does not come; another one may have.
    if !heard && door.intake.close_if_unused() {
        detach::remove_socket(&spec, &socket);
        return Ok(());
    }
    vanish::watch(&spec, Arc::clone(&socket), Arc::clone(&door.intake));
    match load(&spec, &door, abort) {
        Ok(core) => {
            door.board.ready(core.info());
            let most = core.params().threads;
            let yielding = spec.load.threads.is_none().then(|| Yielding::new(most));
            let serving = Serving {
                core,
                health: HealthWatch::new(),
                kv_ram_gb: spec.load.kv_ram_gb,
                path: spec.load.model.clone(),
                tokenizing: Tokenizing::new(Arc::clone(&door.intake)),
                yielding,
            };
            serving.run(&door.intake);
        }
        Err(error) => {
            let fault = fault(&spec, &error);
            door.board.failed(fault.clone());
            mourn(&fault, &door.intake);
        }
    }
    detach::remove_socket(&spec, &socket);
    Ok(())
}

/// Loads the model and makes the pool; stops when nobody is left to load it for.
fn load(spec: &Spec, door: &Door, abort: Arc<AtomicBool>) -> Result<Core<Clients>, LoadError> {
    let Door { intake, board } = door.clone();
    let clients = Clients::new(Arc::clone(&intake));
    // The front has looked into this very file; another one of the same name has to be looked at.
    let now = std::fs::metadata(&spec.load.model).map_err(|_| LoadError::Missing)?;
    if now.len() != spec.load.model_bytes {
        return Err(LoadError::Changed);
    }
    let told = Cell::new(0);
    let model = Model::load(&spec.load.model, spec.load.compute, move |share| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 100"
        )]
        let percent = (share.clamp(0.0, 1.0) * 100.0) as u8;
        if told.replace(percent) != percent {
            board.loading(percent);
        }
        !intake.is_deserted()
    })?;
    let params = CoreParams {
        pool_tokens: spec.load.pool_tokens,
        batch_tokens: BATCH_TOKENS,
        max_turns: spec.load.max_turns,
        threads: spec.load.threads.unwrap_or_else(|| count(device::cores().physical)),
        compute: spec.load.compute,
    };
    Core::new(Arc::new(model), params, abort, clients)
}

fn fault(spec: &Spec, error: &LoadError) -> Fault {
    let message = format!("cannot load {}: {error}", spec.load.model.display());
    Fault::new(message).hint(format!("llama.cpp's own words are in {}", spec.log.display()))
}

/// The engine with its model.
struct Serving {
    core: Core<Clients>,
    health: HealthWatch,
    kv_ram_gb: Option<u32>,
    path: PathBuf,
    tokenizing: Tokenizing,
    /// Only where the user has not set the number of threads.
    yielding: Option<Yielding>,
}

impl Serving {
    /// Steps the batch and follows orders until it is time to leave.
    fn run(mut self, intake: &Intake) {
        let mut worked = false;
        loop {
            let staying = intake.stays_until().map(|until| until.min(clock::now() + LOOK_AROUND));
            let until = self.health.next().into_iter().chain(staying).min();
            let taken = intake.take(!worked, until);
            for turn in taken.cancelled {
                if self.tokenizing.cancel(turn) {
                    let reason = StopReason::Cancelled;
                    let event = TokenEvent::Finished(reason, Usage::default());
                    self.core.outlet().event(turn, event);
                }
                self.core.cancel(turn);
            }
            for order in taken.orders {
                self.follow(order, intake);
            }
            if intake.is_stopping() {
                return self.take_leave(intake);
            }
            let crowded = staying.is_some() && self.health.in_the_way();
            if intake.close_if_over() || (crowded && intake.close_if_unused()) {
                return;
            }
            let ahead = self.core.works_ahead();
            // What is evaluated ahead gives way as well: whoever types draws a screen meanwhile, and
            // what would wait for a processor beside it would count as strain.
            if (ahead.is_some() || self.core.turns() != (0, 0))
                && let Some(threads) = self.yielding.as_mut().and_then(Yielding::look)
            {
                self.core.set_threads(threads);
            }
            intake.works_ahead(ahead);
            worked = self.core.step();
            if let Some(health) = self.health.look(&mut self.core, intake.clients()) {
                self.make_room(&health);
                let ratio = health.rates.decode_ratio;
                if let Some(threads) = self.yielding.as_mut().and_then(|by| by.pace(ratio)) {
                    self.core.set_threads(threads);
                }
                self.core.outlet().broadcast(&ToFront::Health(health));
            }
        }
    }

    /// Lets idle sessions have as much memory as there is for them now.
    fn make_room(&mut self, health: &Health) {
        let held = self.core.shelf_bytes();
        let most = route::idle_session_bytes(&health.sample, self.kv_ram_gb, held);
        self.core.set_shelf_bytes(most);
    }

    /// Tells a client what a generation would cost.
    fn measure(&mut self, client: u32, id: u64, generation: &Generation, prompt: Prompt) {
        let frame = match self.core.probe(generation, prompt) {
            Ok(probe) => ToFront::Probed { id, probe },
            Err(fault) => ToFront::ProbeFailed { id, fault },
        };
        self.core.outlet().send(client, frame);
    }

    fn follow(&mut self, order: Order, intake: &Intake) {
        let core = &mut self.core;
        match order {
            Order::Joined(client, mailbox) => {
                core.outlet().join(client, mailbox);
                let health = self.health.now(core, intake.clients());
                core.outlet().send(client, ToFront::Health(health.clone()));
                self.make_room(&health);
            }
            Order::Left(client) => {
                core.outlet().leave(client);
                core.drop_client(client);
                self.tokenizing.drop_client(client);
            }
            Order::Start(key, generation) => {
                if let Some(prompt) = self.tokenizing.prepare(core.prompts(), key, &generation) {
                    core.submit(key, generation, prompt);
                }
            }
            Order::Run(key, generation, prompt) => {
                if self.tokenizing.take(key) {
                    core.submit(key, generation, prompt);
                }
            }
            Order::Probe(client, id, generation) => {
                let made = self.tokenizing.probe(core.prompts(), client, id, &generation);
                if let Some(prompt) = made {
                    self.measure(client, id, &generation, prompt);
                }
            }
            Order::Measure(client, id, generation, prompt) => {
                if self.tokenizing.take_probe(client, id) {
                    self.measure(client, id, &generation, prompt);
                }
            }
            Order::Prepare(client, generation, foresight) => {
                if self.health.allows_ahead() {
                    core.prepare(client, &generation, foresight);
                }
            }
            Order::Forget(session) => core.forget(session),
            Order::Drained(client) => core.outlet().drained(client),
            Order::Status(client) => {
                let now = clock::now();
                let status = Status {
                    model: self.path.clone(),
                    load: LoadState::Ready(core.info()),
                    health: self.health.now(core, intake.clients()),
                    leaves_in: intake.stays_until().map(|at| at.saturating_duration_since(now)),
                };
                core.outlet().send(client, ToFront::Status(status));
            }
        }
    }

    /// Tells everybody that the engine leaves, and waits until they have heard it.
    fn take_leave(mut self, intake: &Intake) {
        intake.close();
        self.core.outlet().broadcast(&ToFront::Leaving);
        let patience = clock::now() + LEAVE_WITHIN;
        while intake.clients() > 0 && clock::now() < patience {
            intake.drain(patience);
        }
    }
}

/// Tells everybody who asks that there is no model, until all have left.
fn mourn(fault: &Fault, intake: &Arc<Intake>) {
    let mut clients = Clients::new(Arc::clone(intake));
    while !intake.close_if_deserted() {
        for order in intake.take(true, intake.stays_until()).orders {
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
                // Nothing is run or cached without a model.
                Order::Run(..)
                | Order::Measure(..)
                | Order::Prepare(..)
                | Order::Forget(_)
                | Order::Status(_) => {}
            }
        }
    }
}
