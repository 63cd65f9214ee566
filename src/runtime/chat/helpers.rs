//! What other programs do for the chat, and what it looks like.

use std::io;
use std::sync::Arc;

use super::Chat;
use super::Done;
use crate::app::Msg;
use crate::runtime::input;
use crate::runtime::outside;
use crate::runtime::terminal;
use crate::text::Clean;
use crate::theme::Kind;

impl Chat {
    pub(super) fn copy(&mut self, text: Clean, what: String) {
        let terminal = outside::osc52(&self.outside, &text);
        if let Some(bytes) = &terminal {
            self.screen.before_next(bytes);
        }
        let (outside, sent) = (Arc::clone(&self.outside), terminal.is_some());
        self.tell(async move { outside.copy(text, what, sent).await });
    }

    pub(super) fn tell(&self, work: impl Future<Output = String> + Send + 'static) {
        let tells = self.tells.clone();
        tokio::spawn(async move {
            // The loop may have ended.
            tells.send(Done::Told(work.await)).await.ok();
        });
    }

    /// Gives the terminal to the user's editor; answers go on meanwhile.
    pub(super) fn edit(&mut self, text: String) {
        if self.away {
            return;
        }
        self.away = true;
        let reading = input::pause();
        terminal::restore();
        drop(reading);
        let (tells, outside) = (self.tells.clone(), Arc::clone(&self.outside));
        let scratch = self.scratch.clone();
        std::thread::spawn(move || {
            let reading = input::pause();
            let edited = outside::edit(&outside.editor, &scratch, &text);
            drop(reading);
            tells.blocking_send(Done::Edited(edited)).ok();
        });
    }

    pub(super) fn done(&mut self, done: Done) -> io::Result<()> {
        match done {
            Done::Told(line) => self.update(Msg::Told(line)),
            Done::Edited(edited) => {
                self.away = false;
                self.resume(self.clock.at())?;
                match edited {
                    Ok(text) => self.update(Msg::Edited(text)),
                    Err(error) => {
                        let editor = self.outside.editor.join(" ");
                        self.update(Msg::Told(format!("{editor}: {error} · set VISUAL or EDITOR")))
                    }
                }
            }
        }
    }

    pub(super) fn take_theme(&mut self, name: &str) {
        if let Some((_, theme)) = self.themes.iter().find(|(known, _)| known == name) {
            self.follows_ground = false;
            self.screen.set_theme(theme.clone());
        }
    }

    /// Follows the terminal's ground, as it says what it is.
    pub(super) fn ground(&mut self, kind: Kind) -> io::Result<()> {
        let name = match kind {
            Kind::Light => "light",
            Kind::Dark => "dark",
        };
        let theme = self.themes.iter().find(|(known, _)| known == name);
        if let Some((_, theme)) = theme.filter(|_| self.follows_ground) {
            self.screen.set_theme(theme.clone());
            return self.update(Msg::Redraw);
        }
        Ok(())
    }
}
