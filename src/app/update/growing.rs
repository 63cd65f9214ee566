//! A larger context, in the place of a conversation that is cut.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::app::status::EngineState;
use crate::app::turn::Turn;
use crate::app::update::turns::Asking;
use crate::words::say;

/// A context that a session can have, and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Larger {
    /// Its tokens.
    pub n_ctx: u32,
    /// Bytes of memory for keys and values that the engine does not take yet.
    pub more_bytes: u64,
}

impl Model {
    /// Returns the next larger context: twice as much, at most what the model was trained on.
    /// `None` where it has that already, and where the newest turn ran at an endpoint.
    pub fn larger(&self) -> Option<Larger> {
        // What is known is what the profile's model takes.
        let growth = self.settings.growth.filter(|_| self.settings.model == self.usual)?;
        let held = self.settings.limits.n_ctx;
        let n_ctx = held.saturating_mul(2).min(growth.train_tokens);
        let here = !self.current().turns().last().is_some_and(Turn::is_remote);
        let pool = match self.engine.state() {
            EngineState::Ready(info) => info.pool_tokens,
            EngineState::Loading(_) | EngineState::Lost(_) | EngineState::Unused => held,
        };
        let more = u64::from(n_ctx.saturating_sub(pool.max(held)));
        let more_bytes = more.saturating_mul(growth.token_bytes);
        (n_ctx > held && here).then_some(Larger { n_ctx, more_bytes })
    }

    /// Takes the next larger context for this run and asks the newest question again.
    pub(super) fn enlarge(&mut self, effects: &mut Vec<Effect>) {
        let Some(Larger { n_ctx, .. }) = self.larger() else { return };
        let asked = self.current().turns().last().and_then(Turn::asked);
        let Some(asked) = asked.map(|placed| placed.id) else { return };
        self.overlay = None;
        self.smaller = Some(self.settings.limits.n_ctx);
        self.hold(n_ctx, effects);
        let told = say!("enlarged", tokens = n_ctx, profile = &self.settings.profile);
        self.notice = Some(Notice::info(&told));
        let before = self.current().tree.leaf();
        let asking = Asking::again(asked, before);
        self.answer(self.current, asking, effects);
    }

    /// Goes back to the context that there was room for.
    pub(super) fn shrink_again(&mut self, effects: &mut Vec<Effect>) {
        if let Some(n_ctx) = self.smaller.take() {
            self.hold(n_ctx, effects);
        }
    }

    fn hold(&mut self, n_ctx: u32, effects: &mut Vec<Effect>) {
        self.settings.limits.n_ctx = n_ctx;
        // Another engine has nothing evaluated.
        self.ahead = None;
        effects.push(Effect::Enlarge(n_ctx));
    }
}
