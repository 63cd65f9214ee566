//! Keys and pastes.

use crate::app::command;
use crate::app::command::Command;
use crate::app::command::Line;
use crate::app::composer::Edit;
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Level;
use crate::app::notice::Notice;
use crate::app::scroll::Goal;
use crate::app::scroll::Scroll;
use crate::app::session::Session;
use crate::chat::Key;
use crate::chat::KeyCode;

impl Model {
    /// Takes a key: what lies on top has it first, then the keymap, then the draft.
    pub(super) fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        if self.is_leaving() {
            return;
        }
        self.touch();
        if self.notice.as_ref().is_some_and(|notice| notice.level == Level::Info) {
            self.notice = None;
        }
        let reading = self.overlay.is_none() && self.current().reading.is_some();
        let keys = &self.settings.keys;
        let action = keys.reading(key).filter(|_| reading).or_else(|| keys.action(key));
        if matches!(action, Some(Action::Suspend | Action::Repaint)) || self.overlay.is_none() {
            match (action, key.code) {
                (Some(action), _) => self.act(action, effects),
                (None, KeyCode::Char(c)) if !key.mods.ctrl && !key.mods.alt => self.typed(c),
                (None, _) => {}
            }
        } else {
            self.overlaid(key, action, effects);
        }
    }

    /// Takes pasted text: it never sends, and an overlay makes way for it.
    pub(super) fn paste(&mut self, text: &str, effects: &mut Vec<Effect>) {
        if self.is_leaving() || self.paste_on_top(text, effects) {
            return;
        }
        if self.held.is_some() {
            return;
        }
        self.overlay = None;
        self.current_mut().reading = None;
        self.current_mut().composer.paste(text);
        self.pasted();
        self.touch();
    }

    fn typed(&mut self, c: char) {
        if c == '?' && self.current().composer.is_empty() {
            self.overlay = Some(Overlay::Help(0));
        } else {
            let session = self.current_mut();
            session.reading = None;
            session.composer.type_char(c);
        }
    }

    pub(super) fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match action {
            Action::Send => self.send(effects),
            Action::Interrupt => self.interrupt(effects),
            Action::Leave => self.leave_or_delete(effects),
            Action::NewSession => self.open_session(),
            Action::Turn(by) => self.turn_to(by),
            Action::GoTo(number) => self.go_to(number),
            Action::CloseSession => self.ask_to_close(effects),
            Action::Pages(pages) => self.scroll(|scroll| scroll.by_pages(pages)),
            Action::Rows(rows) => self.scroll(|scroll| scroll.by(rows)),
            Action::Top => self.beginning(),
            Action::Bottom => self.scroll(Scroll::follow),
            Action::Home if self.current().composer.is_empty() => self.beginning(),
            Action::End if self.current().composer.is_empty() => self.scroll(Scroll::follow),
            Action::Home => self.edit(Edit::LineStart),
            Action::End => self.edit(Edit::LineEnd),
            Action::Sessions => self.pick(effects),
            Action::Search => self.find("", effects),
            Action::Help => self.overlay = Some(Overlay::Help(0)),
            Action::Device => self.show_device(effects),
            Action::Places => self.show_places(effects),
            Action::Sidebar => self.enter_sidebar(effects),
            Action::Dismiss => self.dismiss(),
            Action::Suspend => effects.push(Effect::Suspend),
            Action::Repaint => effects.push(Effect::Repaint),
            Action::Edit(edit) => self.edit(edit),
            Action::Read(step) => self.read(step),
            Action::Reword => self.reword(),
            Action::Again => self.again(effects),
            Action::AgainOn => self.show_again(effects),
            Action::Continue => self.go_on(effects),
            Action::Sibling(by) => self.sibling(by, effects),
            Action::Fork => self.fork(effects),
            _ => self.act_on_text(action, effects),
        }
    }

    fn act_on_text(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match action {
            Action::Block(by) => self.block(by),
            Action::Copy => self.copy(effects),
            Action::CopyCode => self.copy_code(effects),
            Action::CopySession => self.copy_session(effects),
            Action::SaveTo => self.save_to("", effects),
            Action::Links => self.links(effects),
            Action::Raw => self.turn_raw(),
            Action::Thoughts => self.turn_thoughts(),
            Action::Mouse => self.turn_mouse(effects),
            Action::Palette => self.show_palette(),
            Action::History => self.show_history(),
            Action::Complete => self.complete(),
            Action::Unfold => self.unfold(),
            Action::Editor => effects.push(Effect::Edit(self.current().composer.whole())),
            _ => {}
        }
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        if edit == Edit::Up && self.unqueue() {
            return;
        }
        self.current_mut().reading = None;
        let Self { sessions, current, history, composer_width, .. } = self;
        sessions[*current].composer.edit(edit, history, *composer_width);
    }

    /// Moves the transcript by the wheel.
    pub(super) fn wheel(&mut self, rows: isize) {
        if self.overlay.is_none() {
            self.scroll(|scroll| scroll.by(rows));
            self.touch();
        }
    }

    fn scroll(&mut self, by: impl FnOnce(&mut Scroll)) {
        let Self { sessions, current, next_turn, .. } = self;
        let session = &mut sessions[*current];
        by(&mut session.scroll);
        if session.scroll.is_near_top() {
            session.reveal(next_turn);
        }
    }

    /// Shows the beginning of the conversation.
    fn beginning(&mut self) {
        let Self { sessions, current, next_turn, .. } = self;
        let session = &mut sessions[*current];
        session.reveal_all(next_turn);
        session.scroll.show(Goal::Top);
    }

    /// Esc: the notice goes, else what completes the draft, else another wording, else the draft keeps the keys and the end is
    /// shown; with an empty draft the transcript gets them.
    fn dismiss(&mut self) {
        if self.notice.take().is_some() || self.decline() {
            return;
        }
        let session = self.current_mut();
        if session.block().is_some() {
            session.block = None;
        } else if session.editing.take().is_some() {
            session.composer.clear();
        } else if session.reading.take().is_some() || !session.composer.is_empty() {
            session.scroll.follow();
        } else {
            self.begin_reading();
        }
    }

    fn send(&mut self, effects: &mut Vec<Effect>) {
        let prompts = self.settings.prompts.iter().map(|(name, _)| name.as_str());
        match command::read(&self.current().composer.whole(), prompts) {
            Line::Blank => self.send_queued(effects),
            Line::Prompt(question) => self.ask_with_files(question, effects),
            Line::Form(name, behind) => self.ask_form(&name, &behind, effects),
            Line::Mistaken(why) => self.notice = Some(Notice::info(&why)),
            Line::Run(command, words) => {
                let _draft = self.current_mut().composer.take();
                self.notice = None;
                self.run(command, &words, effects);
            }
        }
    }

    pub(super) fn run(&mut self, command: Command, words: &str, effects: &mut Vec<Effect>) {
        match command {
            Command::New => self.open_session(),
            Command::Next => self.turn_to(1),
            Command::Previous => self.turn_to(-1),
            Command::Sessions => self.pick(effects),
            Command::Sidebar => self.enter_sidebar(effects),
            Command::Search => self.find(words, effects),
            Command::Tag => self.tag(words, effects),
            Command::Archive => self.archive(effects),
            Command::Rename => self.rename(words, effects),
            Command::Close => self.ask_to_close(effects),
            Command::Route => self.route(words),
            Command::Model if words.is_empty() => self.show_places(effects),
            Command::Model => self.take_model(words),
            Command::Again => self.again_by_word(words, effects),
            Command::Redact => self.redact(effects),
            Command::Copy => self.copy(effects),
            Command::Save => self.save_to(words, effects),
            Command::Raw => self.turn_raw(),
            Command::Theme if words.is_empty() => self.show_themes(),
            Command::Theme => self.take_theme(words, effects),
            Command::Mouse => self.turn_mouse(effects),
            Command::Device => self.show_device(effects),
            Command::Help => self.overlay = Some(Overlay::Help(0)),
            Command::Quit => self.quit_unless_running(effects),
        }
    }

    /// Ctrl-C: stops the answer, else clears the draft, else asks.
    fn interrupt(&mut self, effects: &mut Vec<Effect>) {
        let session = self.current_mut();
        if let Some(summary) = &session.summary {
            effects.push(Effect::Cancel(summary.turn));
        } else if let Some(turn) = session.running_mut().filter(|turn| !turn.is_stopping()) {
            let id = turn.id();
            turn.stop();
            effects.push(Effect::Cancel(id));
        } else if session.composer.is_empty() {
            self.overlay = Some(Overlay::Quit(self.now));
        } else {
            session.editing = None;
            session.composer.clear();
        }
    }

    fn leave_or_delete(&mut self, effects: &mut Vec<Effect>) {
        if self.current().composer.is_empty() {
            self.quit_unless_running(effects);
        } else {
            self.edit(Edit::DeleteRight);
        }
    }

    fn quit_unless_running(&mut self, effects: &mut Vec<Effect>) {
        if self.sessions.iter().any(|session| Session::running(session).is_some()) {
            self.overlay = Some(Overlay::Quit(self.now));
        } else {
            self.leave(effects);
        }
    }
}
