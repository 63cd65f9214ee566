//! Lists to choose from, and what completes a draft.

use std::collections::BTreeSet;

use crate::app::command;
use crate::app::composer::Edit;
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::keymap::Keymap;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::app::palette::Choice;
use crate::app::palette::Does;
use crate::app::palette::Palette;
use crate::app::session::Session;
use crate::app::turn::Turn;
use crate::app::update::finding;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::SessionId;
use crate::words::say;
use crate::words::word;

impl Model {
    /// Shows a list to choose from.
    pub(super) fn choose(&mut self, title: &'static str, choices: Vec<Choice>) {
        self.palette = Palette::new(title, choices);
        self.overlay = Some(Overlay::Palette);
    }

    /// Takes a key of the list.
    pub(super) fn palette_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        match (key.code, action) {
            (KeyCode::Esc, _) | (_, Some(Action::Interrupt)) => self.overlay = None,
            (KeyCode::Enter, _) => {
                if let Some(choice) = self.palette.chosen().cloned() {
                    self.overlay = None;
                    self.chosen(choice.does, effects);
                }
            }
            _ => {
                if let Some(by) = finding::step(key, action) {
                    return self.palette.go(by);
                }
                finding::edit(&mut self.palette.query, key, action);
                self.palette.narrow();
            }
        }
    }

    fn chosen(&mut self, does: Does, effects: &mut Vec<Effect>) {
        match does {
            Does::Act(action) => self.act(action, effects),
            Does::Run(command) => self.run(command, "", effects),
            Does::Open(address) => effects.push(Effect::Follow(address)),
            Does::Theme(name) => self.take_theme(&name, effects),
            Does::Pin(pin) => self.pin_to(pin, false),
            Does::Again(pin) => self.again_on(pin, effects),
            Does::Model(name) => self.take_model(&name),
            Does::Begin(text) | Does::Recall(text) => {
                let composer = &mut self.current_mut().composer;
                composer.clear();
                composer.paste(&text);
            }
        }
    }

    /// Shows everything that can be done.
    pub(super) fn show_palette(&mut self) {
        let keys = &self.settings.keys;
        let actions = Keymap::actions()
            .map(|(does, action)| Choice::new(does, &keys.shown(action), Does::Act(action)));
        let mut choices: Vec<Choice> = actions.collect();
        choices.extend(command::choices());
        self.choose("palette-commands", choices);
    }

    /// Shows the earlier prompts, the newest first.
    pub(super) fn show_history(&mut self) {
        let asked = self.sessions.iter().flat_map(Session::turns).rev().map(Turn::question);
        let mut choices: Vec<Choice> = Vec::new();
        let mut seen = BTreeSet::new();
        for prompt in self.history.newest_first().chain(asked) {
            if !prompt.trim().is_empty() && seen.insert(prompt.to_owned()) {
                choices.push(Choice::new(prompt, "", Does::Recall(prompt.to_owned())));
            }
        }
        if choices.is_empty() {
            self.notice = Some(Notice::info(word("nothing-asked")));
        } else {
            self.choose("palette-history", choices);
        }
    }

    /// Shows the themes.
    pub(super) fn show_themes(&mut self) {
        let themes = self.settings.themes.clone();
        let choices = themes.iter().map(|name| Choice::new(name, "", Does::Theme(name.clone())));
        self.choose("palette-themes", choices.collect());
    }

    /// Takes a theme for this run.
    pub(super) fn take_theme(&mut self, name: &str, effects: &mut Vec<Effect>) {
        if self.settings.themes.iter().any(|known| known == name) {
            effects.push(Effect::Theme(name.to_owned()));
        } else {
            let told = say!("no-theme", name = name);
            self.notice = Some(Notice::info(&told));
        }
    }

    /// Completes what the draft begins with; unless it is the beginning of a command, nothing.
    pub(super) fn complete(&mut self) {
        if self.complete_file() {
            return;
        }
        let Some(first) = self.completions().into_iter().next() else { return };
        let composer = &mut self.current_mut().composer;
        let text = format!("{} ", first.0);
        composer.clear();
        composer.paste(&text);
    }

    /// Returns what the draft may become, the likeliest first, with what it does: a command or a
    /// prompt of the library where it is the beginning of one, a file where its name is written.
    pub fn completions(&self) -> Vec<(String, &'static str)> {
        if self.declined == Some(self.draft_now()) {
            return Vec::new();
        }
        let text = self.current().composer().text();
        match text.strip_prefix('/') {
            Some(word) if !word.contains(|c: char| c.is_whitespace() || c == '/') => {
                let prompts = self.settings.prompts.iter().map(|(name, _)| name.as_str());
                command::near(word, prompts)
            }
            _ => {
                let files = self.offered_files().iter();
                files.map(|name| (format!("@{name}"), word("does-attach"))).collect()
            }
        }
    }

    /// Puts the completions of this draft away, until it is another one; `false` if there are none.
    pub(super) fn decline(&mut self) -> bool {
        let offers = !self.completions().is_empty();
        if offers {
            self.declined = Some(self.draft_now());
        }
        offers
    }

    fn draft_now(&self) -> (SessionId, u64) {
        (self.current().id, self.current().composer.version())
    }

    /// Changes the mouse's owner.
    pub(super) fn turn_mouse(&mut self, effects: &mut Vec<Effect>) {
        self.mouse = !self.mouse;
        effects.push(Effect::Mouse(self.mouse));
        let told = if self.mouse { word("mouse-on") } else { word("mouse-off") };
        self.notice = Some(Notice::info(told));
    }

    /// Takes back what the editor made of the draft.
    pub(super) fn edited(&mut self, text: &str) {
        let composer = &mut self.current_mut().composer;
        composer.clear();
        composer.put(text.trim_end_matches('\n'));
        self.touch();
    }

    /// Folds or unfolds the pastes in the draft.
    pub(super) fn unfold(&mut self) {
        self.edit(Edit::Unfold);
    }
}
