//! Overlays, and the way out.

use std::time::Duration;

use crate::app::composer::Edit;
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::LEAVE_WITHIN;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::chat::Fault;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::StopReason;
use crate::chat::Usage;

/// How soon a second Ctrl-C quits without another word.
const AGAIN_WITHIN: Duration = Duration::from_secs(1);

impl Model {
    /// Takes a key while something lies on top.
    pub(super) fn overlaid(&mut self, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
        match self.overlay {
            Some(Overlay::Help(top)) => {
                self.overlay = self.scrolled(key, action, top).map(Overlay::Help);
            }
            Some(Overlay::Why(top)) => {
                self.overlay = self.scrolled(key, action, top).map(Overlay::Why);
            }
            Some(Overlay::Device(top)) => {
                self.overlay = self.scrolled(key, action, top).map(Overlay::Device);
            }
            Some(Overlay::Quit(asked)) => self.quit_key(key, action, asked, effects),
            Some(Overlay::Close) => match answer(key) {
                Some(true) => {
                    self.overlay = None;
                    self.close_session(effects);
                }
                Some(false) => self.overlay = None,
                None if action == Some(Action::Interrupt) => self.overlay = None,
                None => {}
            },
            Some(Overlay::Full) => self.full_key(key, action, effects),
            Some(Overlay::Sessions) => self.picker_key(key, action, effects),
            Some(Overlay::Sidebar(selected)) => self.sidebar_key(selected, key, action, effects),
            Some(Overlay::Search) => self.search_key(key, action, effects),
            Some(Overlay::Egress) => self.egress_key(key, action, effects),
            Some(Overlay::Palette) => self.palette_key(key, action, effects),
            Some(Overlay::SaveTo) => self.save_to_key(key, action, effects),
            None => {}
        }
    }

    /// Opens the panel of the device, and asks for what it shows.
    pub(super) fn show_device(&mut self, effects: &mut Vec<Effect>) {
        self.overlay = Some(Overlay::Device(0));
        self.looked_at = self.now;
        effects.push(Effect::Look);
        self.look_at_places(effects);
    }

    /// Asks for newer figures while the panel is open.
    pub(super) fn look_again(&mut self, effects: &mut Vec<Effect>) {
        if self.looks_again_at().is_some_and(|at| self.now >= at) {
            self.looked_at = self.now;
            effects.push(Effect::Look);
            self.look_at_places(effects);
        }
    }

    /// Returns the first row after a key that scrolls; any other closes what is scrolled.
    fn scrolled(&self, key: Key, action: Option<Action>, top: u16) -> Option<u16> {
        let page = i32::from(self.size.1 / 2).max(1);
        let by = match (key.code, action) {
            (_, Some(Action::Edit(Edit::Up) | Action::Rows(-1))) => -1,
            (_, Some(Action::Edit(Edit::Down) | Action::Rows(1))) => 1,
            (_, Some(Action::Pages(pages))) if pages < 0 => -page,
            (_, Some(Action::Pages(_))) | (KeyCode::Char(' '), _) => page,
            (_, Some(Action::Home | Action::Top)) => i32::MIN,
            (_, Some(Action::End | Action::Bottom)) => i32::MAX,
            _ => return None,
        };
        let top = i32::from(top).saturating_add(by).clamp(0, i32::from(self.help_slack));
        Some(u16::try_from(top).unwrap_or(0))
    }

    fn quit_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        asked: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let again = action == Some(Action::Interrupt);
        if again && self.now.saturating_sub(asked) > AGAIN_WITHIN {
            self.overlay = Some(Overlay::Quit(self.now));
        } else if again || answer(key) == Some(true) {
            self.leave(effects);
        } else if answer(key) == Some(false) {
            self.overlay = None;
        }
    }

    /// Begins to leave: every open turn is told to stop.
    pub(super) fn leave(&mut self, effects: &mut Vec<Effect>) {
        if self.is_leaving() {
            return;
        }
        self.leaving_since = Some(self.now);
        self.close_overlay(effects);
        self.let_go(effects);
        for turn in self.sessions.iter_mut().filter_map(|session| session.running_mut()) {
            if turn.stop() {
                effects.push(Effect::Cancel(turn.id()));
            }
        }
        let summaries = self.sessions.iter().filter_map(|session| session.summary.as_ref());
        effects.extend(summaries.map(|summary| Effect::Cancel(summary.turn)));
        self.touch();
    }

    /// Gives up waiting: what is open ends here, with what there is of it.
    pub(super) fn abandon(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        self.leaving_since.get_or_insert(now);
        self.orphans.clear();
        for index in 0..self.sessions.len() {
            if let Some(turn) = self.sessions[index].running_mut() {
                let fault = Fault::new("the program left before the answer was complete");
                turn.finish(StopReason::Interrupted(fault), Usage::default(), now);
                self.sessions[index].settle();
                self.save_end(index, effects);
            }
        }
        self.touch();
    }

    /// Exits as soon as a program that is leaving has nothing open, or has waited long enough.
    pub(super) fn depart(&mut self, effects: &mut Vec<Effect>) {
        let Some(since) = self.leaving_since else { return };
        if self.now.saturating_sub(since) >= LEAVE_WITHIN && self.open_turns().next().is_some() {
            self.abandon(effects);
        }
        if self.open_turns().next().is_none() {
            self.gone = true;
            self.save_desks(effects);
            effects.push(Effect::Exit);
        }
    }
}

/// Reads a key as yes or no.
pub(super) fn answer(key: Key) -> Option<bool> {
    match key.code {
        _ if key.mods.ctrl || key.mods.alt => None,
        KeyCode::Enter | KeyCode::Char('y' | 'Y') => Some(true),
        KeyCode::Esc | KeyCode::Char('n' | 'N') => Some(false),
        _ => None,
    }
}
