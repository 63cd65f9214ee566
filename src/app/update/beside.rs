//! The sidebar: the open sessions, and below them those that were saved last.

use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::model::SIDEBAR_FROM;
use crate::app::update::finding;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Listed;
use crate::chat::SessionId;
use crate::text::Clean;
use crate::words::word;

/// The longest title that is kept, in graphemes: no sidebar is wider.
const TITLE_MAX: usize = 60;

/// A saved session that can be opened from the sidebar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Which.
    pub id: SessionId,
    /// Its title, on one line.
    pub title: Clean,
}

impl Model {
    /// Returns the saved sessions that are not open, the one that changed last first; none are known
    /// where no sidebar is shown.
    pub fn recent(&self) -> impl Iterator<Item = &Recent> {
        let open = |it: &Recent| self.sessions.iter().any(|session| session.id == it.id);
        self.recent.iter().filter(move |it| !open(it))
    }

    /// Returns whether there is a sidebar on the screen.
    pub(super) fn shows_sidebar(&self) -> bool {
        self.sidebar && self.size.0 >= SIDEBAR_FROM
    }

    /// Goes to the sidebar, which is shown if it was not; where there is no room for it, all saved
    /// sessions are shown instead.
    pub(super) fn enter_sidebar(&mut self, effects: &mut Vec<Effect>) {
        if self.size.0 < SIDEBAR_FROM || self.settings.inline {
            return self.pick(effects);
        }
        self.sidebar = true;
        self.overlay = Some(Overlay::Sidebar(self.current));
    }

    /// Takes a key while the sidebar has them.
    pub(super) fn sidebar_key(
        &mut self,
        selected: usize,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        let last = (self.sessions.len() + self.recent().count()).saturating_sub(1);
        let selected = selected.min(last);
        match (key.code, action) {
            (KeyCode::Esc, _) | (_, Some(Action::Interrupt)) => self.overlay = None,
            (KeyCode::Enter, _) => {
                self.overlay = None;
                match selected.checked_sub(self.sessions.len()) {
                    None => self.show(selected),
                    Some(index) => {
                        let id = self.recent().nth(index).map(|it| it.id);
                        effects.extend(id.map(Effect::Open));
                    }
                }
            }
            (_, Some(Action::Sidebar)) => {
                self.overlay = None;
                self.sidebar = false;
            }
            _ => {
                if let Some(by) = finding::step(key, action) {
                    let selected = selected.saturating_add_signed(by).min(last);
                    self.overlay = Some(Overlay::Sidebar(selected));
                }
            }
        }
    }

    /// Goes to a session that was clicked on.
    pub(super) fn click_session(&mut self, id: SessionId, effects: &mut Vec<Effect>) {
        if self.overlay.is_none_or(|overlay| matches!(overlay, Overlay::Sidebar(_))) {
            self.overlay = None;
            self.open_saved(id, effects);
        }
    }

    /// Takes in which sessions were saved last.
    pub(super) fn recently_saved(&mut self, listed: &[Listed]) {
        let recent = listed.iter().map(|it| {
            let title = match it.info.title.as_str() {
                "" => word("picker-untitled"),
                title => title,
            };
            Recent { id: it.info.id, title: Clean::one_line(title, TITLE_MAX) }
        });
        let recent: Vec<Recent> = recent.collect();
        if self.recent != recent {
            self.recent = recent;
            self.touch();
        }
    }

    /// Asks for the saved sessions when a sidebar comes up; what changes later is told.
    pub(super) fn look_beside(&mut self, effects: &mut Vec<Effect>) {
        let shows = self.shows_sidebar() && !self.settings.ephemeral;
        if shows != std::mem::replace(&mut self.looks_beside, shows) && shows {
            effects.push(Effect::Recent);
        }
        if !shows && matches!(self.overlay, Some(Overlay::Sidebar(_))) && !self.shows_sidebar() {
            self.overlay = None;
        }
    }
}
