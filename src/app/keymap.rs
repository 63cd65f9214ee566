//! The one table of keys: what they do, and how the help says it.

use crate::app::command::COMMANDS;
use crate::app::composer::Edit;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Mods;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
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
}

/// One line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// The keys or the command, as they are written on the keys; empty for a heading.
    pub keys: String,
    /// What they do, or the heading.
    pub does: &'static str,
}

struct Entry {
    shown: &'static str,
    does: &'static str,
    keys: &'static [(Key, Action)],
}

struct Group {
    name: &'static str,
    entries: &'static [Entry],
}

const fn key(code: KeyCode, ctrl: bool, alt: bool, shift: bool) -> Key {
    Key { code, mods: Mods { ctrl, alt, shift } }
}

const fn plain(code: KeyCode) -> Key {
    key(code, false, false, false)
}

const fn shift(code: KeyCode) -> Key {
    key(code, false, false, true)
}

const fn ctrl(code: KeyCode) -> Key {
    key(code, true, false, false)
}

const fn alt(code: KeyCode) -> Key {
    key(code, false, true, false)
}

const fn ctrl_c(c: char) -> Key {
    ctrl(KeyCode::Char(c))
}

const fn alt_c(c: char) -> Key {
    alt(KeyCode::Char(c))
}

const fn entry(shown: &'static str, does: &'static str, keys: &'static [(Key, Action)]) -> Entry {
    Entry { shown, does, keys }
}

/// What keys do while the transcript has them; all others do what they always do.
const READING: Group = Group {
    name: "reading, after Esc on an empty draft",
    entries: &[
        entry(
            "Up  Down  k  j",
            "earlier, later message",
            &[
                (plain(KeyCode::Up), Action::Read(-1)),
                (plain(KeyCode::Down), Action::Read(1)),
                (plain(KeyCode::Char('k')), Action::Read(-1)),
                (plain(KeyCode::Char('j')), Action::Read(1)),
            ],
        ),
        entry(
            "e",
            "edit the question and resend it",
            &[(plain(KeyCode::Char('e')), Action::Reword)],
        ),
        entry("r", "answer once more", &[(plain(KeyCode::Char('r')), Action::Again)]),
        entry(
            "x",
            "continue an answer cut short",
            &[(plain(KeyCode::Char('x')), Action::Continue)],
        ),
        entry(
            "Left  Right  h  l",
            "other wordings and answers",
            &[
                (plain(KeyCode::Left), Action::Sibling(-1)),
                (plain(KeyCode::Right), Action::Sibling(1)),
                (plain(KeyCode::Char('h')), Action::Sibling(-1)),
                (plain(KeyCode::Char('l')), Action::Sibling(1)),
            ],
        ),
        entry("f", "fork the session here", &[(plain(KeyCode::Char('f')), Action::Fork)]),
        entry("Enter", "back to the draft", &[(plain(KeyCode::Enter), Action::Dismiss)]),
    ],
};

/// Every binding. Sessions also have keys that neither tmux nor a terminal's own tabs take.
const GROUPS: &[Group] = &[
    Group { name: "chat", entries: CHAT },
    Group { name: "sessions", entries: SESSIONS },
    Group { name: "transcript", entries: TRANSCRIPT },
    Group { name: "draft", entries: DRAFT },
];

const CHAT: &[Entry] = &[
    entry("Enter", "send", &[(plain(KeyCode::Enter), Action::Send)]),
    entry(
        "Alt-Enter  Ctrl-J  Shift-Enter",
        "break the line",
        &[
            (alt(KeyCode::Enter), Action::Edit(Edit::Newline)),
            (ctrl_c('j'), Action::Edit(Edit::Newline)),
            (shift(KeyCode::Enter), Action::Edit(Edit::Newline)),
        ],
    ),
    entry("Ctrl-C", "stop the answer, clear the draft, quit", &[(ctrl_c('c'), Action::Interrupt)]),
    entry("Ctrl-D", "quit when the draft is empty", &[(ctrl_c('d'), Action::Leave)]),
    entry("F1  ?", "this list", &[(plain(KeyCode::F(1)), Action::Help)]),
    entry("F2", "the device: signals, speeds", &[(plain(KeyCode::F(2)), Action::Device)]),
    entry("Esc", "dismiss, to the end, read", &[(plain(KeyCode::Esc), Action::Dismiss)]),
    entry("Ctrl-Z", "suspend", &[(ctrl_c('z'), Action::Suspend)]),
    entry("Ctrl-L", "redraw", &[(ctrl_c('l'), Action::Repaint)]),
];

const SESSIONS: &[Entry] = &[
    entry("Ctrl-N", "new", &[(ctrl_c('n'), Action::NewSession)]),
    entry(
        "Alt-N  Ctrl-PageDown",
        "next",
        &[(alt_c('n'), Action::Turn(1)), (ctrl(KeyCode::PageDown), Action::Turn(1))],
    ),
    entry(
        "Alt-P  Ctrl-PageUp",
        "previous",
        &[(alt_c('p'), Action::Turn(-1)), (ctrl(KeyCode::PageUp), Action::Turn(-1))],
    ),
    entry(
        "Alt-1 .. Alt-9",
        "by number",
        &[
            (alt_c('1'), Action::GoTo(1)),
            (alt_c('2'), Action::GoTo(2)),
            (alt_c('3'), Action::GoTo(3)),
            (alt_c('4'), Action::GoTo(4)),
            (alt_c('5'), Action::GoTo(5)),
            (alt_c('6'), Action::GoTo(6)),
            (alt_c('7'), Action::GoTo(7)),
            (alt_c('8'), Action::GoTo(8)),
            (alt_c('9'), Action::GoTo(9)),
        ],
    ),
    entry("Ctrl-O", "saved sessions", &[(ctrl_c('o'), Action::Sessions)]),
    entry("Ctrl-R", "search all messages", &[(ctrl_c('r'), Action::Search)]),
    entry("Alt-W", "close", &[(alt_c('w'), Action::CloseSession)]),
];

const TRANSCRIPT: &[Entry] = &[
    entry(
        "PageUp  PageDown",
        "scroll by pages",
        &[
            (plain(KeyCode::PageUp), Action::Pages(-1)),
            (plain(KeyCode::PageDown), Action::Pages(1)),
        ],
    ),
    entry(
        "Shift-Up  Shift-Down",
        "scroll by lines",
        &[(shift(KeyCode::Up), Action::Rows(-1)), (shift(KeyCode::Down), Action::Rows(1))],
    ),
    entry(
        "Ctrl-Home  Ctrl-End",
        "beginning, end",
        &[(ctrl(KeyCode::Home), Action::Top), (ctrl(KeyCode::End), Action::Bottom)],
    ),
];

const DRAFT: &[Entry] = &[
    entry(
        "Home  End",
        "line; transcript when empty",
        &[(plain(KeyCode::Home), Action::Home), (plain(KeyCode::End), Action::End)],
    ),
    entry(
        "Up  Down",
        "rows; earlier prompts when empty",
        &[
            (plain(KeyCode::Up), Action::Edit(Edit::Up)),
            (plain(KeyCode::Down), Action::Edit(Edit::Down)),
        ],
    ),
    entry(
        "Ctrl-A  Ctrl-E",
        "beginning, end of the line",
        &[(ctrl_c('a'), Action::Edit(Edit::LineStart)), (ctrl_c('e'), Action::Edit(Edit::LineEnd))],
    ),
    entry(
        "Left  Right",
        "one character",
        &[
            (plain(KeyCode::Left), Action::Edit(Edit::Left)),
            (plain(KeyCode::Right), Action::Edit(Edit::Right)),
            (ctrl_c('b'), Action::Edit(Edit::Left)),
            (ctrl_c('f'), Action::Edit(Edit::Right)),
        ],
    ),
    entry(
        "Alt-B  Alt-F  Ctrl-Left/Right",
        "one word",
        &[
            (alt_c('b'), Action::Edit(Edit::WordLeft)),
            (alt_c('f'), Action::Edit(Edit::WordRight)),
            (ctrl(KeyCode::Left), Action::Edit(Edit::WordLeft)),
            (ctrl(KeyCode::Right), Action::Edit(Edit::WordRight)),
            (alt(KeyCode::Left), Action::Edit(Edit::WordLeft)),
            (alt(KeyCode::Right), Action::Edit(Edit::WordRight)),
        ],
    ),
    entry(
        "Ctrl-W  Alt-D",
        "delete the word before, behind",
        &[
            (ctrl_c('w'), Action::Edit(Edit::DeleteWordLeft)),
            (alt(KeyCode::Backspace), Action::Edit(Edit::DeleteWordLeft)),
            (ctrl(KeyCode::Backspace), Action::Edit(Edit::DeleteWordLeft)),
            (alt_c('d'), Action::Edit(Edit::DeleteWordRight)),
            (alt(KeyCode::Delete), Action::Edit(Edit::DeleteWordRight)),
            (ctrl(KeyCode::Delete), Action::Edit(Edit::DeleteWordRight)),
        ],
    ),
    entry(
        "Ctrl-U  Ctrl-K",
        "delete to the line's beginning, end",
        &[
            (ctrl_c('u'), Action::Edit(Edit::DeleteToStart)),
            (ctrl_c('k'), Action::Edit(Edit::DeleteToEnd)),
        ],
    ),
    entry(
        "Backspace  Delete",
        "delete one character",
        &[
            (plain(KeyCode::Backspace), Action::Edit(Edit::DeleteLeft)),
            (shift(KeyCode::Backspace), Action::Edit(Edit::DeleteLeft)),
            (ctrl_c('h'), Action::Edit(Edit::DeleteLeft)),
            (plain(KeyCode::Delete), Action::Edit(Edit::DeleteRight)),
        ],
    ),
    // A terminal sends Ctrl-_ as the byte 0x1f, which is also Ctrl-/ and reads as Ctrl-7.
    entry(
        "Ctrl-_  Ctrl-Y",
        "undo, redo",
        &[
            (ctrl_c('_'), Action::Edit(Edit::Undo)),
            (ctrl_c('/'), Action::Edit(Edit::Undo)),
            (ctrl_c('7'), Action::Edit(Edit::Undo)),
            (ctrl_c('y'), Action::Edit(Edit::Redo)),
        ],
    ),
];

/// Returns what a key asks for; `None` for characters to type and for keys without a meaning.
pub(super) fn action(key: Key) -> Option<Action> {
    let key = normal(key);
    let bindings = GROUPS.iter().flat_map(|group| group.entries).flat_map(|entry| entry.keys);
    bindings.clone().find(|(bound, _)| *bound == key).map(|(_, action)| *action)
}

/// Returns what a key asks for while the transcript has the keys, if that is something else.
pub(super) fn reading(key: Key) -> Option<Action> {
    let key = normal(key);
    let mut bindings = READING.entries.iter().flat_map(|entry| entry.keys);
    bindings.find(|(bound, _)| *bound == key).map(|(_, action)| *action)
}

/// Returns the help: every binding and every command, under headings.
pub fn help() -> Vec<HelpLine> {
    let mut lines = Vec::new();
    let (before, after) = GROUPS.split_at(3);
    for group in before.iter().chain([&READING]).chain(after) {
        lines.push(HelpLine { keys: String::new(), does: group.name });
        lines.extend(
            group
                .entries
                .iter()
                .map(|entry| HelpLine { keys: entry.shown.into(), does: entry.does }),
        );
    }
    lines.push(HelpLine { keys: String::new(), does: "commands" });
    let commands = COMMANDS.iter();
    lines.extend(commands.map(|spec| HelpLine { keys: spec.shown(), does: spec.does }));
    lines.push(HelpLine { keys: "//text".into(), does: "send /text" });
    lines
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

    fn bindings() -> impl Iterator<Item = (Key, Action)> {
        GROUPS.iter().flat_map(|group| group.entries).flat_map(|entry| entry.keys).copied()
    }

    #[test]
    fn no_key_is_bound_twice_and_each_is_reachable() {
        for (key, bound) in bindings() {
            assert_eq!(bindings().filter(|(other, _)| *other == key).count(), 1, "{key:?}");
            assert_eq!(action(key), Some(bound), "{key:?}");
        }
    }

    #[test]
    fn nothing_that_can_be_typed_is_bound() {
        assert!(bindings().all(|(key, _)| {
            !matches!(key.code, KeyCode::Char(_)) || key.mods.ctrl || key.mods.alt
        }));
    }

    #[test]
    fn shift_on_a_character_changes_nothing() {
        let shifted =
            Key { code: KeyCode::Char('B'), mods: Mods { alt: true, shift: true, ctrl: false } };
        assert_eq!(action(shifted), Some(Action::Edit(Edit::WordLeft)));
    }

    #[test]
    fn the_help_fits_a_narrow_screen() {
        for line in help() {
            assert!(line.keys.len() <= 32 && line.does.len() <= 38, "{line:?}");
        }
    }
}
