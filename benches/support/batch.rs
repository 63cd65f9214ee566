//! A batch over the real model, without a process or a socket.

use std::path::Path;
use std::sync::Arc;

use edgewise::chat::Compute;
use edgewise::chat::Message;
use edgewise::chat::Role;
use edgewise::chat::TokenEvent;
use edgewise::chat::Usage;
use edgewise::device;
use edgewise::worker::Core;
use edgewise::worker::CoreParams;
use edgewise::worker::Model;
use edgewise::worker::Outlet;
use edgewise::worker::TurnKey;

/// Keeps the last turn's cost.
#[derive(Debug, Default)]
pub(crate) struct Cost(pub(crate) Option<Usage>);

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

/// Returns the number of threads that was asked for, else one for each core.
pub(crate) fn threads(asked: Option<&String>) -> u32 {
    let asked = asked.and_then(|threads| threads.parse().ok());
    asked.unwrap_or_else(|| u32::try_from(device::cores().physical).unwrap_or(1))
}

pub(crate) fn load(model: &Path) -> Arc<Model> {
    Arc::new(Model::load(model, Compute::default(), |_| true).expect("the model loads"))
}

/// Makes a batch.
pub(crate) fn core(model: &Arc<Model>, pool_tokens: u32, threads: u32) -> Core<Cost> {
    let compute = Compute::default();
    let params = CoreParams { pool_tokens, batch_tokens: 512, max_turns: 4, threads, compute };
    Core::new(Arc::clone(model), params, Arc::default(), Cost::default()).expect("the pool fits")
}

/// Makes a question of about `tokens` tokens that asks for a long answer; `opening` tells it from
/// others.
pub(crate) fn prompt_of(model: &Model, opening: &str, tokens: usize) -> String {
    let mut prompt = format!("{opening}Tell a very long story.");
    let count = |prompt: &str| {
        model.prompt(&[Message::text(Role::User, prompt)]).map_or(usize::MAX, |tokens| tokens.len())
    };
    while count(&prompt) < tokens {
        prompt.push_str(" A river runs from the hills to the sea, past mills and towns.");
    }
    prompt
}
