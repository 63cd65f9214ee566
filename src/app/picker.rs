//! The list of saved sessions, narrowed by what is typed.

use crate::app::fuzzy;
use crate::chat::Listed;
use crate::chat::Role;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::text::Clean;

/// What the picker wants to know before it does something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// Nothing.
    #[default]
    Nothing,
    /// Whether the selected session is to be deleted.
    Delete,
    /// The selected session's new title, as far as it is typed.
    Title(String),
}

/// The end of a conversation, to recognise it by.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Which.
    pub session: SessionId,
    /// Its newest messages, oldest first.
    pub messages: Vec<(Role, Clean)>,
}

/// The picker.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    query: String,
    entries: Vec<Listed>,
    /// Indices of the entries that are shown, the best first.
    shown: Vec<usize>,
    selected: usize,
    archived: bool,
    listed: bool,
    pub(super) asks: Asks,
    pub(super) preview: Option<Preview>,
    /// Deleted, but only once the picker is closed: until then it can be undone.
    removed: Vec<(usize, Listed)>,
}

impl Picker {
    /// Returns what was typed.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Returns the sessions that are shown, the best first.
    pub fn shown(&self) -> impl ExactSizeIterator<Item = &Listed> {
        self.shown.iter().map(|index| &self.entries[*index])
    }

    /// Returns the index of the selected one among them.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Returns whether archived sessions are shown as well.
    pub fn shows_archived(&self) -> bool {
        self.archived
    }

    /// Returns whether the list has been read.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// Returns what is asked.
    pub fn asks(&self) -> &Asks {
        &self.asks
    }

    /// Returns the end of the selected conversation, if it has been read.
    pub fn preview(&self) -> Option<&Preview> {
        let selected = self.current()?.info.id;
        self.preview.as_ref().filter(|preview| preview.session == selected)
    }

    /// Returns how many deletions can be undone.
    pub fn removed(&self) -> usize {
        self.removed.len()
    }

    /// Returns the selected session.
    pub fn current(&self) -> Option<&Listed> {
        self.shown.get(self.selected).map(|index| &self.entries[*index])
    }

    /// Takes the list in, newest first.
    pub(super) fn list(&mut self, entries: Vec<Listed>) {
        let removed =
            |entry: &Listed| self.removed.iter().any(|(_, it)| it.info.id == entry.info.id);
        self.entries = entries.into_iter().filter(|entry| !removed(entry)).collect();
        self.listed = true;
        self.narrow();
    }

    /// Narrows the list by other words.
    pub(super) fn search(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.query);
        self.selected = 0;
        self.narrow();
    }

    /// Moves the selection by `by`.
    pub(super) fn go(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Shows archived sessions as well, or not any more.
    pub(super) fn toggle_archived(&mut self) {
        self.archived = !self.archived;
        self.narrow();
    }

    /// Changes the selected session.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut SessionInfo)) {
        if let Some(index) = self.shown.get(self.selected) {
            change(&mut self.entries[*index].info);
            self.narrow();
        }
    }

    /// Takes the selected session off the list, to be deleted.
    pub(super) fn remove(&mut self) {
        if let Some(index) = self.shown.get(self.selected).copied() {
            self.removed.push((index, self.entries.remove(index)));
            self.narrow();
        }
    }

    /// Puts the one that was deleted last back.
    pub(super) fn restore(&mut self) -> Option<SessionId> {
        let (at, entry) = self.removed.pop()?;
        let id = entry.info.id;
        self.entries.insert(at.min(self.entries.len()), entry);
        self.narrow();
        let at = self.shown().position(|it| it.info.id == id);
        self.selected = at.unwrap_or(self.selected);
        Some(id)
    }

    /// Gives away what is to be deleted for good.
    pub(super) fn take_removed(&mut self) -> Vec<SessionId> {
        self.removed.drain(..).map(|(_, entry)| entry.info.id).collect()
    }

    fn narrow(&mut self) {
        let text = |entry: &Listed| {
            let SessionInfo { title, tags, profile, .. } = &entry.info;
            format!("{title} {} {profile}", tags.join(" "))
        };
        let wanted = self.entries.iter().enumerate();
        let wanted = wanted.filter(|(_, entry)| self.archived || !entry.info.archived);
        let texts = wanted.map(|(index, entry)| (index, text(entry)));
        // Of equals the one that changed last comes first.
        self.shown = fuzzy::rank(&self.query, texts);
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Timestamp;

    fn entry(id: u128, title: &str, tags: &[&str]) -> Listed {
        let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
        info.title = title.to_owned();
        info.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        info.updated = Timestamp(1000 - i64::try_from(id).expect("small"));
        Listed { info, messages: 2, answering: false }
    }

    fn picker() -> Picker {
        let mut picker = Picker::default();
        let mut old = entry(4, "An old story", &[]);
        old.info.archived = true;
        picker.list(vec![
            entry(1, "Why is the sky blue?", &[]),
            entry(2, "Traits in Rust", &["work"]),
            entry(3, "Über den Himmel", &[]),
            old,
        ]);
        picker
    }

    fn shown(picker: &Picker) -> Vec<u128> {
        picker.shown().map(|entry| entry.info.id.0).collect()
    }

    #[test]
    fn what_is_typed_narrows_by_title_and_tag_whatever_the_case() {
        let mut picker = picker();
        assert_eq!(shown(&picker), [1, 2, 3]);
        for (query, wanted) in [
            ("sky", vec![1]),
            ("WORK", vec![2]),
            ("uber", vec![3]),
            ("skbl", vec![1]),
            ("zzz", vec![]),
        ] {
            picker.search(|words| query.clone_into(words));
            assert_eq!(shown(&picker), wanted, "{query}");
        }
    }

    #[test]
    fn archived_ones_are_shown_when_they_are_wanted() {
        let mut picker = picker();
        picker.toggle_archived();
        assert_eq!(shown(&picker), [1, 2, 3, 4]);
    }

    #[test]
    fn a_deletion_is_undone_to_its_place() {
        let mut picker = picker();
        picker.go(1);
        picker.remove();
        assert_eq!((shown(&picker), picker.selected()), (vec![1, 3], 1));
        picker.list(vec![entry(1, "a", &[]), entry(2, "b", &[]), entry(3, "c", &[])]);
        assert_eq!(shown(&picker), [1, 3], "a new list brings it back no more");
        picker.restore();
        assert_eq!((shown(&picker), picker.selected()), (vec![1, 2, 3], 1));
        assert!(picker.take_removed().is_empty());
    }

    #[test]
    fn the_selection_stays_on_the_list() {
        let mut picker = picker();
        picker.go(100);
        assert_eq!(picker.current().map(|entry| entry.info.id.0), Some(3));
        picker.search(|words| words.push_str("sky"));
        assert_eq!(picker.current().map(|entry| entry.info.id.0), Some(1));
        picker.search(|words| words.push_str("zzz"));
        assert_eq!(picker.current(), None);
    }
}
