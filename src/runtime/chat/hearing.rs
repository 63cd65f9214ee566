//! What the chat hears of its turns and of the store.

use std::io;
use std::time::Duration;

use super::Chat;
use crate::app::Msg;
use crate::app::Phase;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::runtime::keeper::News;
use crate::store::Saved;

impl Chat {
    /// Takes in a step of a turn.
    pub(super) fn hear_turn(
        &mut self,
        turn: TurnId,
        event: TurnEvent,
        at: Duration,
    ) -> io::Result<()> {
        let unrecorded = self.driver.hear(turn, &event);
        if let Some((meter, speed)) = self.driver.measured() {
            tokio::task::spawn_blocking(move || meter.count(speed));
        }
        if matches!(event, TurnEvent::Token(TokenEvent::Delta(_))) && self.is_first_word(turn) {
            self.draw_at_once();
        }
        self.update(Msg::Turn { turn, event, at })?;
        unrecorded.map_or(Ok(()), |fault| self.update(Msg::Told(fault.message)))
    }

    /// Returns whether nothing is to be seen yet of the answer that somebody waits for.
    fn is_first_word(&self, turn: TurnId) -> bool {
        let running = self.model.current().running();
        running.is_some_and(|turn_of| turn_of.id() == turn && *turn_of.phase() != Phase::Streaming)
    }

    /// Has the next frame drawn without the pause that frames keep: once in a turn.
    fn draw_at_once(&mut self) {
        if let Some((_, at)) = &mut self.drawn {
            *at = Duration::ZERO;
        }
    }

    /// Takes in what the store says.
    pub(super) fn heard(&mut self, news: News, at: Duration) -> io::Result<()> {
        match news {
            News::Msg(msg) => {
                let opened = matches!(*msg, Msg::Opened { .. } | Msg::Missing(_));
                self.update(*msg)?;
                if opened { self.ask_first() } else { Ok(()) }
            }
            News::Opened(opened, lessons) => {
                self.driver.remember(opened.store.clone(), &lessons);
                for (turn, generation) in self.keeper.opened(*opened) {
                    self.beginning.remove(&turn);
                    self.driver.generate(turn, generation);
                }
                Ok(())
            }
            News::Begun(turn, generation, saved) => {
                let cancelled = self.beginning.remove(&turn).unwrap_or(false);
                match saved {
                    Saved::Busy(fault) => self.update(Msg::Refused { turn, fault }),
                    Saved::Refused(fault) if !self.keeper.is_read_only() => {
                        self.update(Msg::Refused { turn, fault })
                    }
                    _ if cancelled => {
                        let end = TokenEvent::Finished(StopReason::Cancelled, Usage::default());
                        self.update(Msg::Turn { turn, event: TurnEvent::Token(end), at })
                    }
                    // What is kept in memory for now is said by the store's health.
                    Saved::Durable | Saved::InMemory(_) | Saved::Refused(_) => {
                        self.driver.generate(turn, *generation);
                        Ok(())
                    }
                }
            }
        }
    }
}
