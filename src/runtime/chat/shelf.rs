//! The models and endpoints that a session may go to, and the engines of those that were chosen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Chat;
use super::Done;
use super::ENGINE_EVENTS;
use crate::app::Msg;
use crate::chat::SessionId;
use crate::chat::Shelved;
use crate::config::DEFAULT_N_CTX;
use crate::config::Paths;
use crate::device::Sampler;
use crate::engine::EngineEvent;
use crate::gguf;
use crate::gguf::Machine;
use crate::models;
use crate::models::Stocked;

/// Puts the model's name before everything that its engine says.
pub(super) fn named(
    model: String,
    all: mpsc::Sender<(String, EngineEvent)>,
) -> mpsc::Sender<EngineEvent> {
    let (events, mut said) = mpsc::channel(ENGINE_EVENTS);
    tokio::spawn(async move {
        while let Some(event) = said.recv().await {
            // The loop may have ended.
            if all.send((model.clone(), event)).await.is_err() {
                return;
            }
        }
    });
    events
}

impl Chat {
    /// Takes in what the engine of a model says; on the screen is that of the session in front.
    pub(super) fn hear_engine(
        &mut self,
        model: String,
        event: EngineEvent,
        at: Duration,
    ) -> std::io::Result<()> {
        let front = self.model.settings().model == model;
        match event {
            EngineEvent::Load(state) => {
                let told = front.then(|| state.clone());
                self.loads.insert(model, state);
                told.map_or(Ok(()), |state| self.update(Msg::Load { state, at }))
            }
            EngineEvent::Health(health) if front => {
                self.driver.observe(&health);
                self.update(Msg::Health(health))
            }
            EngineEvent::Lost(fault) => {
                self.loads.remove(&model);
                if front { self.update(Msg::Lost(fault)) } else { Ok(()) }
            }
            EngineEvent::Health(_) => Ok(()),
        }
    }

    /// Has a session answered by a model, whose engine is made if there is none.
    pub(super) fn take_model(&mut self, session: SessionId, model: &str) {
        if !self.driver.assign(session, model) {
            let events = named(model.to_owned(), self.events.clone());
            if let Err(fault) = self.driver.open(model, &self.paths, events) {
                return self.learned(Msg::NoModel { session, fault });
            }
            self.driver.assign(session, model);
        }
        // One that has not spoken yet will.
        if let Some(state) = self.loads.get(model).cloned() {
            self.learned(Msg::Load { state, at: self.clock.at() });
            self.driver.look(session);
        }
    }

    /// Tells what is known of the endpoints.
    pub(super) fn tell_places(&self, prompt_tokens: u32) {
        self.learned(Msg::Places(self.driver.places(prompt_tokens)));
    }

    /// Looks which models there are.
    pub(super) fn tell_shelf(&self) {
        let (tells, paths) = (self.tells.clone(), Arc::clone(&self.paths));
        tokio::task::spawn_blocking(move || {
            let msg = Msg::Shelved(shelf(&paths));
            tells.blocking_send(Done::Learned(Box::new(msg))).ok();
        });
    }

    fn learned(&self, msg: Msg) {
        let tells = self.tells.clone();
        tokio::spawn(async move {
            // The loop may have ended.
            tells.send(Done::Learned(Box::new(msg))).await.ok();
        });
    }
}

/// Lists every model of this machine, with how fast it is here, in use or when it was measured.
fn shelf(paths: &Paths) -> Vec<Shelved> {
    let memory_bytes = Sampler::default().sample().available_bytes;
    let machine = Machine { memory_bytes, ..Machine::default() };
    models::stock(paths).iter().map(|stocked| shelved(stocked, paths, &machine)).collect()
}

fn shelved(stocked: &Stocked, paths: &Paths, machine: &Machine) -> Shelved {
    let (name, bytes) = (stocked.name.clone(), stocked.bytes);
    match models::inspect(stocked, &name) {
        Ok(file) => {
            let tokens = DEFAULT_N_CTX.min(file.header.context_length);
            let fits = gguf::fit(&file.footprint(), tokens, machine).fits;
            let decode_tps = models::speed(paths, &file);
            Shelved { name, bytes, fits, decode_tps, fault: None }
        }
        Err(error) => {
            let fault = Some(error.to_string());
            Shelved { name, bytes, fits: None, decode_tps: None, fault }
        }
    }
}
