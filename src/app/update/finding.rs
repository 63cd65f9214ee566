//! The picker and the search: their keys, and what they bring.

use crate::app::composer::Edit;
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::app::picker::Asks;
use crate::app::picker::Picker;
use crate::app::picker::Preview;
use crate::app::search::Search;
use crate::app::session::Session;
use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::Hit;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Listed;
use crate::chat::Message;
use crate::chat::SessionId;
use crate::text::Clean;
use crate::words::say;
use crate::words::word;

/// How far the paging keys move a selection.
const PAGE: isize = 10;

/// The most of a message that a preview shows, in bytes: a screen.
const PREVIEW_BYTES: usize = 2000;

impl Model {
    /// Shows the saved sessions.
    pub(super) fn pick(&mut self, effects: &mut Vec<Effect>) {
        if self.settings.ephemeral {
            self.notice = Some(Notice::info(word("ephemeral-knows-none")));
            return;
        }
        self.picker = Picker::default();
        self.overlay = Some(Overlay::Sessions);
        effects.push(Effect::List);
    }

    /// Shows the search, for these words to begin with.
    pub(super) fn find(&mut self, words: &str, effects: &mut Vec<Effect>) {
        if self.settings.ephemeral {
            self.notice = Some(Notice::info(word("ephemeral-knows-none")));
            return;
        }
        self.search = Search::default();
        self.overlay = Some(Overlay::Search);
        words.clone_into(&mut self.search.query);
        self.look_for(effects);
    }

    /// Takes the list in; also one that was read anew because something has changed.
    pub(super) fn listed(&mut self, entries: Vec<Listed>, effects: &mut Vec<Effect>) {
        if self.overlay == Some(Overlay::Sessions) {
            self.picker.list(entries);
            self.preview(effects);
            self.touch();
        }
    }

    /// Takes the end of a conversation in.
    pub(super) fn previewed(&mut self, session: SessionId, messages: &[Message]) {
        let shown = messages.iter().map(|message| {
            let text = message.plain();
            let end =
                (0..=PREVIEW_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
            (message.role, Clean::new(&text[..end.unwrap_or(0)]))
        });
        self.picker.preview = Some(Preview { session, messages: shown.collect() });
        self.touch();
    }

    /// Takes in what a search brought.
    pub(super) fn found(&mut self, query: &str, found: Result<Vec<Hit>, Fault>) {
        if self.search.take(query, found.map_err(|fault| fault.message)) {
            self.touch();
        }
    }

    /// Takes pasted text into what is typed on top; `false` if nothing there takes it.
    pub(super) fn paste_on_top(&mut self, text: &str, effects: &mut Vec<Effect>) -> bool {
        let line = Clean::one_line(text, 200);
        match self.overlay {
            Some(Overlay::Sessions) => match &mut self.picker.asks {
                Asks::Title(title) => title.push_str(line.as_str()),
                Asks::Delete => {}
                Asks::Nothing => self.type_in_picker(effects, |words| {
                    words.push_str(line.as_str());
                }),
            },
            Some(Overlay::Palette) => {
                self.palette.query.push_str(line.as_str());
                self.palette.narrow();
            }
            Some(Overlay::SaveTo) => self.line.push_str(line.as_str()),
            Some(Overlay::Search) => {
                self.search.query.push_str(line.as_str());
                self.look_for(effects);
            }
            _ => return false,
        }
        self.touch();
        true
    }

    /// Takes a key of the picker.
    pub(super) fn picker_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        match (std::mem::take(&mut self.picker.asks), key.code) {
            (Asks::Delete, KeyCode::Char('y' | 'Y') | KeyCode::Enter) => {
                self.delete_picked(effects);
            }
            (Asks::Delete, KeyCode::Char('n' | 'N') | KeyCode::Esc)
            | (Asks::Title(_), KeyCode::Esc) => {}
            (Asks::Delete, _) => self.picker.asks = Asks::Delete,
            (Asks::Title(title), KeyCode::Enter) => self.rename_picked(title.trim(), effects),
            (Asks::Title(mut title), _) => {
                edit(&mut title, key, action);
                self.picker.asks = Asks::Title(title);
            }
            (Asks::Nothing, _) => self.pick_by_key(key, action, effects),
        }
    }

    fn pick_by_key(&mut self, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
        let Some(entry) = self.picker.current().cloned() else {
            return self.pick_nothing(key, action, effects);
        };
        let id = entry.info.id;
        match (key.code, action) {
            (KeyCode::Enter, _) => {
                self.close_overlay(effects);
                self.open_saved(id, effects);
            }
            (KeyCode::Delete, _) | (_, Some(Action::Leave)) => {
                let runs = |session: &Session| session.id == id && session.running().is_some();
                if entry.answering || self.sessions.iter().any(runs) {
                    self.notice = Some(Notice::info(word("delete-busy")));
                } else {
                    self.picker.asks = Asks::Delete;
                }
            }
            (_, Some(Action::Edit(Edit::LineEnd))) => {
                self.picker.asks = Asks::Title(entry.info.title);
            }
            (_, Some(Action::Edit(Edit::LineStart))) => {
                let archived = !entry.info.archived;
                self.picker.change(|info| info.archived = archived);
                self.save(Change::Archive { session: id, archived }, effects);
                let told = if archived { word("archived-in-list") } else { word("unarchived") };
                self.notice = Some(Notice::info(told));
                self.preview(effects);
            }
            _ => self.pick_nothing(key, action, effects),
        }
    }

    /// Takes a key that needs no session.
    fn pick_nothing(&mut self, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
        match (key.code, action) {
            (KeyCode::Esc, _) | (_, Some(Action::Interrupt)) => self.close_overlay(effects),
            (KeyCode::Tab, _) => self.picker.toggle_archived(),
            (_, Some(Action::Edit(Edit::Undo))) => drop(self.picker.restore()),
            _ => {
                let Some(by) = step(key, action) else {
                    return self.type_in_picker(effects, |words| edit(words, key, action));
                };
                self.picker.go(by);
            }
        }
        self.preview(effects);
    }

    fn type_in_picker(&mut self, effects: &mut Vec<Effect>, change: impl FnOnce(&mut String)) {
        let before = self.picker.query().to_owned();
        let mut words = before.clone();
        change(&mut words);
        if words != before {
            self.picker.search(|query| *query = words);
            self.preview(effects);
        }
    }

    /// Takes a key of the search.
    pub(super) fn search_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        match (key.code, action) {
            (KeyCode::Esc, _) | (_, Some(Action::Interrupt)) => self.close_overlay(effects),
            (KeyCode::Enter, _) => {
                let Some(hit) = self.search.current().cloned() else { return };
                self.close_overlay(effects);
                self.jump = Some((hit.session, hit.message));
                self.open_saved(hit.session, effects);
            }
            _ => {
                if let Some(by) = step(key, action) {
                    return self.search.go(by);
                }
                let before = self.search.query.clone();
                edit(&mut self.search.query, key, action);
                if self.search.query != before {
                    self.look_for(effects);
                }
            }
        }
    }

    /// Closes what lies on top; what was deleted there goes now.
    pub(super) fn close_overlay(&mut self, effects: &mut Vec<Effect>) {
        self.overlay = None;
        for id in self.picker.take_removed() {
            if let Some(index) = self.sessions.iter().position(|session| session.id == id) {
                self.drop_session(index);
            }
            self.save(Change::Remove(id), effects);
            effects.push(Effect::Forget(id));
        }
    }

    /// Shows a session: one that is open at once, another one when it has been read.
    pub(super) fn open_saved(&mut self, id: SessionId, effects: &mut Vec<Effect>) {
        let Some(index) = self.sessions.iter().position(|session| session.id == id) else {
            effects.push(Effect::Open(id));
            return;
        };
        self.show(index);
        if self.sessions[index].is_whole()
            && let Some((_, message)) = self.jump.take_if(|(session, _)| *session == id)
        {
            self.jump_to(index, message, effects);
        }
    }

    fn delete_picked(&mut self, effects: &mut Vec<Effect>) {
        self.picker.remove();
        self.notice = Some(Notice::info(word("deleted-later")));
        self.preview(effects);
    }

    fn rename_picked(&mut self, title: &str, effects: &mut Vec<Effect>) {
        let Some(id) = self.picker.current().map(|entry| entry.info.id) else { return };
        if title.is_empty() {
            return;
        }
        self.picker.change(|info| title.clone_into(&mut info.title));
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) {
            session.rename(title);
        }
        self.save(Change::Rename { session: id, title: title.to_owned() }, effects);
    }

    /// Asks for the end of the selected conversation, unless it is here.
    fn preview(&self, effects: &mut Vec<Effect>) {
        let wanted = self.overlay == Some(Overlay::Sessions) && self.picker.preview().is_none();
        if let Some(entry) = self.picker.current().filter(|_| wanted) {
            effects.push(Effect::Preview(entry.info.id));
        }
    }

    fn look_for(&self, effects: &mut Vec<Effect>) {
        let words = self.search.query.trim();
        if !words.is_empty() {
            effects.push(Effect::Find(words.to_owned()));
        }
    }

    /// Puts tags on the session in front, or takes off those with a minus.
    pub(super) fn tag(&mut self, words: &str, effects: &mut Vec<Effect>) {
        let (remove, add): (Vec<&str>, Vec<&str>) =
            words.split_whitespace().partition(|word| word.starts_with('-'));
        let bare = |words: Vec<&str>| {
            let bare = words.iter().map(|word| word.trim_start_matches(['-', '+', '#']).to_owned());
            bare.filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        let (add, remove) = (bare(add), bare(remove));
        let session = self.current_mut();
        session.tags.retain(|tag| !remove.contains(tag));
        session.tags.extend(add.iter().cloned());
        session.tags.sort();
        session.tags.dedup();
        let told = match session.tags.as_slice() {
            [] => word("tags-none").to_owned(),
            tags => say!("tags", tags = tags.join(" ")),
        };
        let (id, known) = (session.id, session.kept.known);
        if known {
            self.save(Change::Tag { session: id, add, remove }, effects);
        }
        self.notice = Some(Notice::info(&told));
    }

    /// Leaves the session in front out of lists, or not any more.
    pub(super) fn archive(&mut self, effects: &mut Vec<Effect>) {
        let session = self.current_mut();
        session.archived = !session.archived;
        let (id, archived, known) = (session.id, session.archived, session.kept.known);
        if known {
            self.save(Change::Archive { session: id, archived }, effects);
        }
        let told = if archived { word("archived") } else { word("unarchived") };
        self.notice = Some(Notice::info(told));
    }
}

/// Returns by how much a key moves a selection.
pub(super) fn step(key: Key, action: Option<Action>) -> Option<isize> {
    match (key.code, action) {
        (KeyCode::Up, _) => Some(-1),
        (KeyCode::Down, _) | (_, Some(Action::NewSession)) => Some(1),
        (_, Some(Action::Palette)) => Some(-1),
        (KeyCode::PageUp, _) => Some(-PAGE),
        (KeyCode::PageDown, _) => Some(PAGE),
        (KeyCode::Home, _) => Some(isize::MIN),
        (KeyCode::End, _) => Some(isize::MAX),
        _ => None,
    }
}

/// Types into one line, at its end.
pub(super) fn edit(line: &mut String, key: Key, action: Option<Action>) {
    match (key.code, action) {
        (KeyCode::Char(c), None) if !key.mods.ctrl && !key.mods.alt && !c.is_control() => {
            line.push(c);
        }
        (_, Some(Action::Edit(Edit::DeleteLeft))) => drop(line.pop()),
        (_, Some(Action::Edit(Edit::DeleteToStart))) => line.clear(),
        (_, Some(Action::Edit(Edit::DeleteWordLeft))) => {
            let before = line.trim_end().trim_end_matches(|c: char| !c.is_whitespace());
            line.truncate(before.len());
        }
        _ => {}
    }
}
