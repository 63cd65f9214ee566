//! The task that owns the connection: connects when there is something to do, passes frames both
//! ways, and starts a crashed engine again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::EngineConfig;
use super::EngineEvent;
use super::Order;
use super::connect;
use super::connect::Connection;
use super::link::Link;
use super::open::OpenTurns;
use super::restart::Crashes;
use super::spawn;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::LoadState;
use crate::chat::Probe;
use crate::chat::StopReason;
use crate::ipc::ToEngine;
use crate::ipc::ToFront;

/// How long to wait for a dead child's status; it is there at once, unless only the socket died.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a cancelled turn may take to end; the engine needs 100 ms, a stopped one never does.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// An engine that said nothing for this long when a cancelled turn is given up hangs; one that
/// works says something with every token, and its health every second.
const SILENCE: Duration = Duration::from_secs(1);

/// An engine with a model that says nothing for this long while turns are open is asked how it does,
/// and hangs if it says nothing for as long again: one step of a slow machine is far shorter.
const QUIET: Duration = Duration::from_secs(30);

/// How a connection came to its end.
enum End {
    /// The front has no more orders.
    Done,
    /// The engine is gone.
    Gone,
    /// The engine has no model, or was told to leave, and says so.
    Left(Fault),
}

/// What is said where a GPU is required and none is used.
fn no_gpu() -> Fault {
    Fault::new("a GPU is required, and the model would be on the CPU")
        .kind(FaultKind::NoRoute)
        .hint("edgewise doctor names the GPUs that this build can use")
}

struct Supervisor {
    config: Arc<EngineConfig>,
    /// To order a cancellation from the tasks that wait for one; weak, so that they do not keep
    /// this task alive.
    orders: mpsc::WeakSender<Order>,
    events: mpsc::Sender<EngineEvent>,
    open: OpenTurns,
    probes: HashMap<u64, oneshot::Sender<Result<Probe, Fault>>>,
    next_probe: u64,
}

/// Serves orders until all of the front's handles are gone.
pub(super) async fn run(
    config: EngineConfig,
    mut inbox: mpsc::Receiver<Order>,
    orders: mpsc::WeakSender<Order>,
    events: mpsc::Sender<EngineEvent>,
) {
    let mut supervisor = Supervisor {
        config: Arc::new(config),
        orders,
        events,
        open: OpenTurns::default(),
        probes: HashMap::new(),
        next_probe: 0,
    };
    let mut crashes = Crashes::default();
    let mut restart = None;
    while let Some(first) = next_order(&mut inbox, restart.take()).await {
        let Some(link) = supervisor.connect(first, &mut inbox).await else { continue };
        match supervisor.serve(link, &mut inbox).await {
            End::Done => return,
            End::Left(fault) => supervisor.lose(fault).await,
            End::Gone => restart = crashes.add(tokio::time::Instant::now().into_std()),
        }
    }
}

/// Waits for an order; with a delay, the engine is wanted again after it anyway.
async fn next_order(inbox: &mut mpsc::Receiver<Order>, delay: Option<Duration>) -> Option<Order> {
    let Some(delay) = delay else { return inbox.recv().await };
    tokio::time::timeout(delay, inbox.recv()).await.unwrap_or(Some(Order::Warm))
}

impl Supervisor {
    /// Connects while it takes further orders; `None` when there is nothing to connect for, or no
    /// engine to be had.
    async fn connect(&mut self, first: Order, inbox: &mut mpsc::Receiver<Order>) -> Option<Link> {
        let mut backlog = Vec::new();
        if matches!(
            first,
            Order::Cancel(_)
                | Order::GiveUp(_)
                | Order::Forget(_)
                | Order::Prepare(..)
                | Order::Look
        ) {
            // Nothing runs and nothing is cached without an engine.
            return None;
        }
        self.hold(first, &mut backlog);
        let mut connecting = in_thread(Arc::clone(&self.config));
        let connection = loop {
            tokio::select! {
                connection = &mut connecting => break connection,
                order = inbox.recv() => self.hold(order?, &mut backlog),
            }
        };
        let gone = || Fault::new("the thread that looks for the engine is gone");
        let link = connection.unwrap_or_else(|_| Err(gone())).and_then(|connection| {
            Link::new(connection).map_err(|error| Fault::new(format!("the socket: {error}")))
        });
        match link {
            Ok(link) => {
                for frame in backlog {
                    self.send(&link, frame).await;
                }
                Some(link)
            }
            Err(fault) => {
                self.lose(fault).await;
                None
            }
        }
    }

    /// Passes orders and frames until one side ends.
    async fn serve(&mut self, mut link: Link, inbox: &mut mpsc::Receiver<Order>) -> End {
        let mut heard = tokio::time::Instant::now();
        let (mut ready, mut asked) = (false, None);
        loop {
            let quiet = asked.unwrap_or(heard) + QUIET;
            tokio::select! {
                // What has come counts before what has not.
                biased;
                order = inbox.recv() => {
                    let Some(order) = order else { return End::Done };
                    let unended = matches!(order, Order::GiveUp(turn) if self.open.has(turn));
                    if let Some(frame) = self.frame(order) {
                        self.send(&link, frame).await;
                    }
                    if unended && heard.elapsed() >= SILENCE {
                        // The next connection replaces an engine that hangs.
                        self.lose(hangs()).await;
                        return End::Gone;
                    }
                }
                frame = link.next() => {
                    let Some(frame) = frame else { break };
                    ready |= matches!(frame, ToFront::Load(LoadState::Ready(_)));
                    match frame {
                        ToFront::LoadFailed(fault) => return End::Left(fault),
                        ToFront::Load(LoadState::Ready(info))
                            if self.config.require_gpu && info.gpu_layers == 0 =>
                        {
                            return End::Left(no_gpu());
                        }
                        ToFront::Leaving => return End::Left(stopped()),
                        frame => if let Some(answer) = self.follow(frame).await {
                            self.send(&link, answer).await;
                        }
                    }
                    // A front that took its time to take it in has heard of it just now.
                    heard = tokio::time::Instant::now();
                    asked = None;
                }
                () = tokio::time::sleep_until(quiet), if ready && !self.open.is_empty() => {
                    if asked.is_some() {
                        self.lose(hangs()).await;
                        return End::Gone;
                    }
                    asked = Some(tokio::time::Instant::now());
                    self.send(&link, ToEngine::Status).await;
                }
            }
        }
        let status = match link.ending.take() {
            Some(ending) => tokio::time::timeout(STATUS_TIMEOUT, ending).await.ok(),
            None => None,
        };
        let status = status.and_then(Result::ok);
        self.lose(spawn::ended(status, &self.config.spec.log)).await;
        End::Gone
    }

    /// Does what a frame says; an answer to it, if there is one, goes back.
    async fn follow(&mut self, frame: ToFront) -> Option<ToEngine> {
        match frame {
            ToFront::Turn { turn, event } => {
                let listening = self.open.pass(turn, event).await;
                return (!listening).then_some(ToEngine::Cancel { turn });
            }
            ToFront::Load(state @ LoadState::Ready(_)) => self.tell(EngineEvent::Load(state)).await,
            // The next one replaces it.
            ToFront::Load(state) => drop(self.events.try_send(EngineEvent::Load(state))),
            ToFront::Health(health) => drop(self.events.try_send(EngineEvent::Health(health))),
            ToFront::Probed { id, probe } => self.answer(id, Ok(probe)),
            ToFront::ProbeFailed { id, fault } => self.answer(id, Err(fault)),
            ToFront::Status(status) => {
                drop(self.events.try_send(EngineEvent::Health(status.health)));
            }
            // All out of place here, and none says anything that matters.
            ToFront::Hello { .. } | ToFront::LoadFailed(_) | ToFront::Leaving => {}
        }
        None
    }

    /// Turns an order into its frame, if there is an engine.
    fn frame(&mut self, order: Order) -> Option<ToEngine> {
        Some(match order {
            Order::Warm => return None,
            Order::Start(generation, sink) => {
                let turn = sink.turn().0;
                let cancelled = sink.cancel();
                let orders = self.orders.clone();
                let watch = tokio::spawn(async move {
                    cancelled.cancelled().await;
                    give(&orders, Order::Cancel(turn)).await;
                    tokio::time::sleep(CANCEL_TIMEOUT).await;
                    give(&orders, Order::GiveUp(turn)).await;
                });
                self.open.add(turn, sink, watch.abort_handle());
                ToEngine::Start { turn, generation: *generation }
            }
            Order::Cancel(turn) => ToEngine::Cancel { turn },
            Order::GiveUp(turn) => {
                self.open.end(turn, StopReason::Cancelled);
                return None;
            }
            Order::Probe(generation, answer) => {
                self.next_probe += 1;
                self.probes.insert(self.next_probe, answer);
                ToEngine::Probe { id: self.next_probe, generation: *generation }
            }
            Order::Prepare(generation, foresight) => {
                ToEngine::Prepare { generation: *generation, foresight }
            }
            Order::Look => ToEngine::Status,
            Order::Forget(session) => ToEngine::Forget { session: session.0 },
        })
    }

    /// Keeps an order's frame until there is a connection; a turn that is cancelled meanwhile ends
    /// here and is never sent.
    fn hold(&mut self, order: Order, backlog: &mut Vec<ToEngine>) {
        if let Order::Cancel(turn) = order {
            backlog.retain(|frame| !matches!(frame, ToEngine::Start { turn: t, .. } if *t == turn));
            return self.open.end(turn, StopReason::Cancelled);
        }
        backlog.extend(self.frame(order));
    }

    /// Sends a frame; one that is too large ends its turn.
    async fn send(&mut self, link: &Link, frame: ToEngine) {
        let Err(error) = link.send(&frame).await else { return };
        let fault = Fault::new(format!("the conversation is too large to be sent: {error}"));
        match frame {
            ToEngine::Start { turn, .. } => self.open.end(turn, StopReason::Failed(fault)),
            ToEngine::Probe { id, .. } => self.answer(id, Err(fault)),
            ToEngine::Hello { .. }
            | ToEngine::Status
            | ToEngine::Stop
            | ToEngine::Cancel { .. }
            | ToEngine::Prepare { .. }
            | ToEngine::Forget { .. } => {}
        }
    }

    fn answer(&mut self, id: u64, probe: Result<Probe, Fault>) {
        if let Some(answer) = self.probes.remove(&id) {
            // Whoever asked may have stopped waiting.
            answer.send(probe).ok();
        }
    }

    /// There is no engine any more, or none yet: ends what is open and tells the front.
    async fn lose(&mut self, fault: Fault) {
        self.open.end_all(&fault);
        for (_, answer) in self.probes.drain() {
            answer.send(Err(fault.clone())).ok();
        }
        self.tell(EngineEvent::Lost(fault)).await;
    }

    async fn tell(&self, event: EngineEvent) {
        // A front that is gone needs no news.
        self.events.send(event).await.ok();
    }
}

/// What a front says when somebody stopped the engine.
fn stopped() -> Fault {
    Fault::new("the engine was stopped").hint("ask again to start it anew")
}

/// What a front says when the engine hangs.
fn hangs() -> Fault {
    Fault::new("the engine does not answer any more").hint("ask again to start it anew")
}

/// Orders something from a task that may outlive the front's interest.
async fn give(orders: &mpsc::WeakSender<Order>, order: Order) {
    if let Some(orders) = orders.upgrade() {
        orders.send(order).await.ok();
    }
}

/// Connects on a thread of its own: it may wait for a lock or for a process to start.
fn in_thread(config: Arc<EngineConfig>) -> oneshot::Receiver<Result<Connection, Fault>> {
    let (tell, connection) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody waits any more when the front has ended meanwhile.
        tell.send(connect::connect(&config)).ok();
    });
    connection
}

#[cfg(test)]
mod tests;
