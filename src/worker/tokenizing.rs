//! Prompts being made. Rendering and tokenising megabytes takes seconds: a thread does it, so that
//! the batch goes on and the turn can be cancelled meanwhile.

use std::collections::HashSet;
use std::sync::Arc;

use super::intake::Intake;
use super::intake::Order;
use super::model::Prompt;
use super::prompts::Prompts;
use super::turn::TurnKey;
use crate::chat::Fault;
use crate::chat::Generation;

/// The most probes of one client whose prompts are being made at once; more are refused.
const PROBES_PER_CLIENT_MAX: usize = 4;

/// The turns and probes whose prompts are on their way through a thread.
#[derive(Debug)]
pub(super) struct Tokenizing {
    intake: Arc<Intake>,
    making: HashSet<TurnKey>,
    /// Client and number of each probe.
    probing: HashSet<(u32, u64)>,
}

impl Tokenizing {
    /// Makes an empty one; what is done goes to `intake` as [`Order::Run`].
    pub(super) fn new(intake: Arc<Intake>) -> Self {
        Self { intake, making: HashSet::new(), probing: HashSet::new() }
    }

    /// Returns a prompt that is made quickly; any other comes later.
    pub(super) fn prepare(
        &mut self,
        prompts: &Arc<Prompts>,
        key: TurnKey,
        generation: &Generation,
    ) -> Option<Prompt> {
        if prompts.is_quick(generation) {
            return Some(prompts.make(key.client, generation));
        }
        let run = move |generation, prompt| Order::Run(key, generation, prompt);
        if let Err(fault) = self.make(prompts, key.client, generation, run) {
            return Some(Err(fault));
        }
        self.making.insert(key);
        None
    }

    /// The same for a client's question what a generation would cost; it goes on as
    /// [`Order::Measure`].
    pub(super) fn probe(
        &mut self,
        prompts: &Arc<Prompts>,
        client: u32,
        id: u64,
        generation: &Generation,
    ) -> Option<Prompt> {
        if prompts.is_quick(generation) {
            return Some(prompts.make(client, generation));
        }
        let open = self.probing.iter().filter(|(of, _)| *of == client).count();
        if open >= PROBES_PER_CLIENT_MAX || !self.probing.insert((client, id)) {
            return Some(Err(Fault::new("too many long conversations are being counted")));
        }
        let measure = move |generation, prompt| Order::Measure(client, id, generation, prompt);
        let made = self.make(prompts, client, generation, measure);
        let fault = made.err()?;
        self.probing.remove(&(client, id));
        Some(Err(fault))
    }

    /// Takes a probe whose prompt is made; `false` when its client is gone.
    pub(super) fn take_probe(&mut self, client: u32, id: u64) -> bool {
        self.probing.remove(&(client, id))
    }

    /// Makes a prompt on a thread; `then` says what is to be done with it.
    fn make(
        &self,
        prompts: &Arc<Prompts>,
        client: u32,
        generation: &Generation,
        then: impl FnOnce(Generation, Prompt) -> Order + Send + 'static,
    ) -> Result<(), Fault> {
        let (prompts, intake) = (Arc::clone(prompts), Arc::clone(&self.intake));
        let generation = generation.clone();
        let thread = std::thread::Builder::new().spawn(move || {
            let prompt = prompts.make(client, &generation);
            intake.push(then(generation, prompt));
        });
        let fault = |_| Fault::new("the engine has no thread left for this prompt");
        thread.map(drop).map_err(fault)
    }

    /// Takes a turn whose prompt is made; `false` when it is not wanted any more.
    pub(super) fn take(&mut self, key: TurnKey) -> bool {
        self.making.remove(&key)
    }

    /// Stops waiting for a turn's prompt; `false` when it is not being made.
    pub(super) fn cancel(&mut self, key: TurnKey) -> bool {
        self.making.remove(&key)
    }

    /// Stops waiting for the prompts of a client that is gone.
    pub(super) fn drop_client(&mut self, client: u32) {
        self.making.retain(|key| key.client != client);
        self.probing.retain(|(of, _)| *of != client);
    }
}
