//! What other programs do for the chat, and what it looks like.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Chat;
use super::Done;
use crate::app::Msg;
use crate::chat::Outlook;
use crate::prompt::Attachment;
use crate::prompt::attached;
use crate::runtime::attach;
use crate::runtime::input;
use crate::runtime::outside;
use crate::runtime::signals;
use crate::runtime::terminal;
use crate::text::Clean;
use crate::theme::Kind;
use crate::words::say;

/// How long a terminal may take to show what is left of the chat.
const LEAVE_WITHIN: Duration = Duration::from_millis(500);

impl Chat {
    /// Leaves the conversation on a normal screen, where the terminal takes it.
    pub(super) async fn leave(&mut self) {
        if !self.inline || self.deadline.is_some() || self.away {
            return;
        }
        if !self.screen.is_free() {
            if tokio::time::timeout(LEAVE_WITHIN, self.screen.written()).await.is_err() {
                return;
            }
            self.screen.free();
        }
        if self.screen.leave(&self.model).is_ok() && !self.screen.is_free() {
            tokio::time::timeout(LEAVE_WITHIN, self.screen.written()).await.ok();
        }
    }

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

    /// Waits for what a draft would cost; whoever asked before is not waited for any more.
    pub(super) fn foresee(
        &mut self,
        number: u64,
        outlook: impl Future<Output = Outlook> + Send + 'static,
    ) {
        let tells = self.tells.clone();
        let task = tokio::spawn(async move {
            // The loop may have ended.
            tells.send(Done::Foreseen(number, outlook.await)).await.ok();
        });
        if let Some(before) = self.foreseeing.replace(task.abort_handle()) {
            before.abort();
        }
    }

    /// Reads the files that a question names: what is no file and does not look like one is text.
    pub(super) fn attach(&self, question: String, words: Vec<String>) {
        let tells = self.tells.clone();
        tokio::task::spawn_blocking(move || {
            let meant = |word: &String| word.contains(['/', '.', '*']) || Path::new(word).exists();
            let paths: Vec<PathBuf> = words.into_iter().filter(meant).map(PathBuf::from).collect();
            let files = attach(&paths, Path::new(""));
            let read = files.as_deref().unwrap_or_default();
            let warnings: Vec<String> = read.iter().filter_map(Attachment::warning).collect();
            let whole = files.map(|files| attached(&question, &files));
            tells.blocking_send(Done::Attached(whole)).ok();
            if !warnings.is_empty() {
                tells.blocking_send(Done::Told(warnings.join(" · "))).ok();
            }
        });
    }

    /// Looks which files there are for the beginning of a name.
    pub(super) fn files(&self, begun: String) {
        let tells = self.tells.clone();
        tokio::task::spawn_blocking(move || {
            let names = outside::files(Path::new("."), &begun);
            tells.blocking_send(Done::Files(begun, names)).ok();
        });
    }

    /// Gives the terminal to the user's editor; answers go on meanwhile.
    pub(super) fn edit(&mut self, text: String) {
        if self.away || self.plain {
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
            Done::Attached(read) => self.update(Msg::Attached(read)),
            Done::Files(asked, names) => self.update(Msg::Files { asked, names }),
            Done::Learned(msg) => self.update(*msg),
            Done::Foreseen(number, outlook) => self.update(Msg::Foreseen { number, outlook }),
            Done::Edited(edited) => {
                self.away = false;
                self.resume(self.clock.at())?;
                match edited {
                    Ok(text) => self.update(Msg::Edited(text)),
                    Err(error) => {
                        let editor = self.outside.editor.join(" ");
                        self.update(Msg::Told(say!(
                            "editor-failed",
                            editor = editor,
                            error = error.to_string()
                        )))
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

/// Gives the terminal back and stops; whoever continues this program says so by SIGCONT, and the
/// loop takes the terminal again then.
pub(super) fn suspend() {
    terminal::restore();
    signals::stop_self();
}
