//! What keys do, and how the help says it: the one table, and what the user's file makes of it.

mod names;
mod table;

use crate::app::command::COMMANDS;
use crate::app::composer::Edit;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Mods;
use crate::config::ConfigError;
use crate::config::KeyLine;
use crate::words::word;
use names::key_name;
use table::Entry;
use table::GROUPS;
use table::Group;
use table::READING;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends the draft, or runs the command in it.
    Send,
    /// Stops the answer, else clears the draft, else asks to quit.
    Interrupt,
    /// Quits on an empty draft, else deletes the grapheme behind the cursor.
    Leave,
    /// Opens a session.
    NewSession,
    /// Goes on by this many sessions, around the end.
    Turn(isize),
    /// Goes to the session with this number, from 1.
    GoTo(usize),
    /// Closes the session in front.
    CloseSession,
    /// Scrolls the transcript by pages.
    Pages(isize),
    /// Scrolls the transcript by rows.
    Rows(isize),
    /// Shows the beginning of the transcript.
    Top,
    /// Shows the end of the transcript and follows it.
    Bottom,
    /// The beginning of the line; on an empty draft of the transcript.
    Home,
    /// The end of the line; on an empty draft of the transcript.
    End,
    /// Shows the saved sessions.
    Sessions,
    /// Searches all messages.
    Search,
    /// Shows the keys.
    Help,
    /// Shows the device's signals.
    Device,
    /// Shows where the session may be answered, and by which model.
    Places,
    /// Goes to the sessions beside the conversation, or puts them away.
    Sidebar,
    /// Asks where the marked question is to be answered once more.
    AgainOn,
    /// Puts away what lies on top, else shows the end of the transcript.
    Dismiss,
    /// Stops the program until the shell continues it.
    Suspend,
    /// Draws every cell again.
    Repaint,
    /// Changes the draft.
    Edit(Edit),
    /// Marks the message that is this many further on.
    Read(isize),
    /// Puts the marked question into the draft.
    Reword,
    /// Has the marked question answered once more.
    Again,
    /// Has the marked answer continued.
    Continue,
    /// Goes to the sibling of the marked message that is this many further on.
    Sibling(isize),
    /// Opens a session that goes up to the marked message.
    Fork,
    /// Marks the code block that is this many further on.
    Block(isize),
    /// Copies what is marked.
    Copy,
    /// Copies the marked code block, else the last one of the marked message.
    CopyCode,
    /// Copies the whole session.
    CopySession,
    /// Asks for a file to save what is marked to.
    SaveTo,
    /// Opens the link of the marked message, or asks which.
    Links,
    /// Shows answers as they were written, or rendered.
    Raw,
    /// Shows reasoning, or folds it.
    Thoughts,
    /// Leaves the mouse to the terminal, or takes it.
    Mouse,
    /// Shows all commands.
    Palette,
    /// Searches the earlier prompts.
    History,
    /// Writes the draft in the user's editor.
    Editor,
    /// Completes a command or a file's name.
    Complete,
    /// Shows a large paste whole, or as one line.
    Unfold,
}

/// One line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// The keys or the command, as they are written on the keys; empty for a heading.
    pub keys: String,
    /// What they do, or the heading.
    pub does: &'static str,
}

/// One mode's keys.
type Bindings = Vec<(Key, Action)>;

/// What every key does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    chat: Bindings,
    reading: Bindings,
}

impl Default for Keymap {
    fn default() -> Self {
        let groups = GROUPS.iter().flat_map(|group| group.entries);
        Self {
            chat: groups.flat_map(|entry| entry.keys).copied().collect(),
            reading: READING.entries.iter().flat_map(|entry| entry.keys).copied().collect(),
        }
    }
}

impl Keymap {
    /// Lays the lines of the user's file over the built-in keys: each gives an action other keys.
    ///
    /// # Errors
    /// An action or a key means nothing, a key would do two things, or nothing would stop an answer
    /// or lead back any more; the error names the line.
    pub fn with(lines: &[KeyLine]) -> Result<Self, ConfigError> {
        let mut keymap = Self::default();
        for line in lines {
            let action = names::action(line)?;
            let keys = line.keys.iter().map(|text| names::key(text, line));
            let keys = keys.collect::<Result<Vec<Key>, _>>()?;
            if keys.is_empty() && matches!(action, Action::Interrupt | Action::Dismiss) {
                let message = format!("`{}` needs a key", line.action);
                return Err(ConfigError::at(&line.place, message));
            }
            let bindings = keymap.mode(line.reading);
            bindings.retain(|(_, bound)| *bound != action);
            bindings.extend(keys.into_iter().map(|key| (key, action)));
        }
        for line in lines {
            keymap.check(line)?;
        }
        Ok(keymap)
    }

    fn mode(&mut self, reading: bool) -> &mut Bindings {
        if reading { &mut self.reading } else { &mut self.chat }
    }

    /// Finds out whether one of a line's keys does something else as well.
    fn check(&self, line: &KeyLine) -> Result<(), ConfigError> {
        let action = names::action(line)?;
        let bindings = if line.reading { &self.reading } else { &self.chat };
        for text in &line.keys {
            let key = names::key(text, line)?;
            if !line.reading && is_typed(key) {
                let message = format!("`{text}` is a character to type");
                return Err(
                    ConfigError::at(&line.place, message).hint("put ctrl- or alt- before it")
                );
            }
            let other = bindings.iter().find(|(bound, does)| *bound == key && *does != action);
            if let Some((_, other)) = other {
                let other = names::name(*other);
                let message = format!("`{text}` is `{}` and `{other}`", line.action);
                let hint = format!("give `{other}` another key, or none: {other} = []");
                return Err(ConfigError::at(&line.place, message).hint(hint));
            }
        }
        Ok(())
    }

    /// Returns what a key asks for; `None` for characters to type and for keys without a meaning.
    pub(super) fn action(&self, key: Key) -> Option<Action> {
        find(&self.chat, key)
    }

    /// Returns what a key asks for while the transcript has the keys, if that is something else.
    pub(super) fn reading(&self, key: Key) -> Option<Action> {
        find(&self.reading, key)
    }

    /// Returns the first key of an action, as it is written on the keys; empty if it has none.
    pub fn shown(&self, action: Action) -> String {
        let both = self.chat.iter().chain(&self.reading);
        let mut keys = both.filter(|(_, bound)| *bound == action).map(|(key, _)| key_name(*key));
        keys.next().unwrap_or_default()
    }

    /// Returns everything that a key can do, with the help's words about it.
    pub(super) fn actions() -> impl Iterator<Item = (&'static str, Action)> {
        let entries = GROUPS.iter().flat_map(|group| group.entries);
        entries.filter_map(|entry| match entry.keys {
            [(_, Action::Send | Action::Edit(_) | Action::Complete | Action::Dismiss), ..] => None,
            [(_, action), rest @ ..] if rest.iter().all(|(_, other)| other == action) => {
                Some((word(entry.does), *action))
            }
            _ => None,
        })
    }

    /// Returns the help: every binding and every command, under headings.
    pub fn help(&self) -> Vec<HelpLine> {
        let mut lines = Vec::new();
        let (before, after) = GROUPS.split_at(3);
        for group in before.iter().chain([&READING]).chain(after) {
            self.group(group, &mut lines);
        }
        lines.push(HelpLine { keys: String::new(), does: word("keys-commands") });
        let commands = COMMANDS.iter();
        lines.extend(commands.map(|spec| HelpLine { keys: spec.shown(), does: word(spec.does) }));
        lines.push(HelpLine { keys: "//text".into(), does: word("does-send-slash") });
        lines
    }

    fn group(&self, group: &Group, lines: &mut Vec<HelpLine>) {
        lines.push(HelpLine { keys: String::new(), does: word(group.name) });
        let reading = group.name == READING.name;
        let bindings = if reading { &self.reading } else { &self.chat };
        for entry in group.entries {
            let keys = keys_of(entry, bindings);
            if !keys.is_empty() {
                lines.push(HelpLine { keys, does: word(entry.does) });
            }
        }
    }
}

/// Returns the keys of an entry: as the table shows them, or as the user's file has them.
fn keys_of(entry: &Entry, bindings: &Bindings) -> String {
    let means = |action: Action| entry.keys.iter().any(|(_, meant)| *meant == action);
    let bound = bindings.iter().filter(|(_, action)| means(*action));
    if bound.clone().eq(entry.keys) {
        return entry.shown.to_owned();
    }
    bound.map(|(key, _)| key_name(*key)).collect::<Vec<_>>().join("  ")
}

fn find(bindings: &Bindings, key: Key) -> Option<Action> {
    let key = normal(key);
    bindings.iter().find(|(bound, _)| *bound == key).map(|(_, action)| *action)
}

/// Returns whether a key types something.
fn is_typed(key: Key) -> bool {
    matches!(key.code, KeyCode::Char(_)) && !key.mods.ctrl && !key.mods.alt
}

/// Terminals disagree on whether Shift is told for a character: what is typed says it already.
fn normal(key: Key) -> Key {
    match key.code {
        KeyCode::Char(c) if key.mods.ctrl || key.mods.alt => {
            let mods = Mods { shift: false, ..key.mods };
            Key { code: KeyCode::Char(c.to_ascii_lowercase()), mods }
        }
        KeyCode::Char(_) => Key { code: key.code, mods: Mods::default() },
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;

    fn bindings() -> Bindings {
        Keymap::default().chat
    }

    fn line(reading: bool, action: &str, keys: &[&str]) -> KeyLine {
        let place = Place { file: "keys.toml".into(), line: 3, column: 1 };
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        KeyLine { reading, action: action.to_owned(), keys, place }
    }

    fn pressed(text: &str) -> Key {
        names::key(text, &line(false, "send", &[])).expect("a key")
    }

    #[test]
    fn no_key_is_bound_twice_and_each_is_reachable() {
        let keymap = Keymap::default();
        for bindings in [&keymap.chat, &keymap.reading] {
            for (key, bound) in bindings {
                let same = bindings.iter().filter(|(other, _)| other == key);
                assert_eq!(same.count(), 1, "{key:?}");
                assert_eq!(find(bindings, *key), Some(*bound), "{key:?}");
            }
        }
    }

    #[test]
    fn nothing_that_can_be_typed_is_bound() {
        assert!(bindings().iter().all(|(key, _)| {
            !matches!(key.code, KeyCode::Char(_)) || key.mods.ctrl || key.mods.alt
        }));
    }

    #[test]
    fn shift_on_a_character_changes_nothing() {
        let shifted =
            Key { code: KeyCode::Char('B'), mods: Mods { alt: true, shift: true, ctrl: false } };
        assert_eq!(Keymap::default().action(shifted), Some(Action::Edit(Edit::WordLeft)));
    }

    #[test]
    fn the_help_fits_a_narrow_screen() {
        for line in Keymap::default().help() {
            assert!(line.keys.len() <= 32 && line.does.len() <= 38, "{line:?}");
        }
    }

    #[test]
    fn every_action_and_key_has_a_name_that_leads_back() {
        let keymap = Keymap::default();
        for (reading, bindings) in [(false, &keymap.chat), (true, &keymap.reading)] {
            for (key, action) in bindings {
                let name = names::name(*action);
                assert_eq!(names::action(&line(reading, &name, &[])), Ok(*action), "{name}");
                assert_eq!(pressed(&key_name(*key).to_lowercase()).code, {
                    // A letter's case is what is typed; its name has one case only.
                    match key.code {
                        KeyCode::Char(c) => KeyCode::Char(c.to_ascii_lowercase()),
                        code => code,
                    }
                });
            }
        }
    }

    #[test]
    fn another_key_takes_the_place_of_the_first_and_the_help_says_so() {
        let lines = [line(false, "new-session", &["alt-x", "f9"]), line(true, "copy", &["m"])];
        let keymap = Keymap::with(&lines).expect("a keymap");
        assert_eq!(keymap.action(pressed("alt-x")), Some(Action::NewSession));
        assert_eq!(keymap.action(pressed("f9")), Some(Action::NewSession));
        assert_eq!(keymap.action(pressed("ctrl-n")), None);
        assert_eq!(keymap.reading(pressed("m")), Some(Action::Copy));
        assert_eq!(keymap.reading(pressed("y")), None);
        let help = keymap.help();
        assert!(help.iter().any(|line| line.keys == "Alt-X  F9" && line.does == "new"), "{help:?}");
    }

    #[test]
    fn what_cannot_be_is_named_with_its_line() {
        for (lines, words) in [
            (vec![line(false, "new-sesion", &["f9"])], "keys.toml:3:1: no action `new-sesion`"),
            (vec![line(false, "new-session", &["hyper-x"])], "keys.toml:3:1: no key `hyper-x`"),
            (
                vec![line(false, "new-session", &["ctrl-c"])],
                "keys.toml:3:1: `ctrl-c` is `new-session` and `interrupt`",
            ),
            (vec![line(false, "new-session", &["x"])], "`x` is a character to type"),
            (vec![line(false, "interrupt", &[])], "`interrupt` needs a key"),
            (vec![line(true, "copy", &["j"])], "`j` is `copy` and `later`"),
        ] {
            let error = Keymap::with(&lines).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
        let swapped = [line(false, "help", &["f2"]), line(false, "device", &["f1"])];
        let keymap = Keymap::with(&swapped).expect("a swap is no conflict");
        assert_eq!(keymap.action(pressed("f1")), Some(Action::Device));
    }
}
