//! The keys as they are without a file of the user's.

use crate::app::composer::Edit;
use crate::app::keymap::Action;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Mods;

pub(super) struct Entry {
    pub(super) shown: &'static str,
    /// The name of the words that say what it does.
    pub(super) does: &'static str,
    pub(super) keys: &'static [(Key, Action)],
}

pub(super) struct Group {
    /// The name of the heading's words.
    pub(super) name: &'static str,
    pub(super) entries: &'static [Entry],
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
pub(super) const READING: Group = Group {
    name: "keys-reading",
    entries: &[
        entry(
            "Up  Down  k  j",
            "does-earlier-later",
            &[
                (plain(KeyCode::Up), Action::Read(-1)),
                (plain(KeyCode::Down), Action::Read(1)),
                (plain(KeyCode::Char('k')), Action::Read(-1)),
                (plain(KeyCode::Char('j')), Action::Read(1)),
            ],
        ),
        entry("e", "does-reword", &[(plain(KeyCode::Char('e')), Action::Reword)]),
        entry("r", "does-again", &[(plain(KeyCode::Char('r')), Action::Again)]),
        entry("R", "does-again-elsewhere", &[(plain(KeyCode::Char('R')), Action::AgainOn)]),
        entry("x", "does-continue", &[(plain(KeyCode::Char('x')), Action::Continue)]),
        entry(
            "Left  Right  h  l",
            "does-siblings",
            &[
                (plain(KeyCode::Left), Action::Sibling(-1)),
                (plain(KeyCode::Right), Action::Sibling(1)),
                (plain(KeyCode::Char('h')), Action::Sibling(-1)),
                (plain(KeyCode::Char('l')), Action::Sibling(1)),
            ],
        ),
        entry(
            "Tab  ]  [",
            "does-code-blocks",
            &[
                (plain(KeyCode::Tab), Action::Block(1)),
                (plain(KeyCode::BackTab), Action::Block(-1)),
                (shift(KeyCode::Tab), Action::Block(-1)),
                (plain(KeyCode::Char(']')), Action::Block(1)),
                (plain(KeyCode::Char('[')), Action::Block(-1)),
            ],
        ),
        entry("y", "does-copy", &[(plain(KeyCode::Char('y')), Action::Copy)]),
        entry("c", "does-copy-code", &[(plain(KeyCode::Char('c')), Action::CopyCode)]),
        entry("Y", "does-copy-session", &[(plain(KeyCode::Char('Y')), Action::CopySession)]),
        entry("w", "does-save", &[(plain(KeyCode::Char('w')), Action::SaveTo)]),
        entry("o", "does-links", &[(plain(KeyCode::Char('o')), Action::Links)]),
        entry("v", "does-raw", &[(plain(KeyCode::Char('v')), Action::Raw)]),
        entry("t", "does-thoughts", &[(plain(KeyCode::Char('t')), Action::Thoughts)]),
        entry("f", "does-fork", &[(plain(KeyCode::Char('f')), Action::Fork)]),
        entry("Enter", "does-back", &[(plain(KeyCode::Enter), Action::Dismiss)]),
    ],
};

/// Every binding. Sessions also have keys that neither tmux nor a terminal's own tabs take.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "keys-chat", entries: CHAT },
    Group { name: "keys-sessions", entries: SESSIONS },
    Group { name: "keys-transcript", entries: TRANSCRIPT },
    Group { name: "keys-draft", entries: DRAFT },
];

const CHAT: &[Entry] = &[
    entry("Enter", "does-send", &[(plain(KeyCode::Enter), Action::Send)]),
    entry(
        "Alt-Enter  Ctrl-J  Shift-Enter",
        "does-newline",
        &[
            (alt(KeyCode::Enter), Action::Edit(Edit::Newline)),
            (ctrl_c('j'), Action::Edit(Edit::Newline)),
            (shift(KeyCode::Enter), Action::Edit(Edit::Newline)),
        ],
    ),
    entry("Ctrl-C", "does-interrupt", &[(ctrl_c('c'), Action::Interrupt)]),
    entry("Ctrl-D", "does-leave", &[(ctrl_c('d'), Action::Leave)]),
    entry("Ctrl-P", "does-palette", &[(ctrl_c('p'), Action::Palette)]),
    entry("F1  ?", "does-help", &[(plain(KeyCode::F(1)), Action::Help)]),
    entry("F2", "does-device", &[(plain(KeyCode::F(2)), Action::Device)]),
    entry("F3", "does-sidebar-keys", &[(plain(KeyCode::F(3)), Action::Sidebar)]),
    entry("F4", "does-places", &[(plain(KeyCode::F(4)), Action::Places)]),
    entry("Esc", "does-dismiss", &[(plain(KeyCode::Esc), Action::Dismiss)]),
    entry("Alt-V", "does-raw", &[(alt_c('v'), Action::Raw)]),
    entry("Alt-T", "does-thoughts", &[(alt_c('t'), Action::Thoughts)]),
    entry("Alt-M", "does-mouse", &[(alt_c('m'), Action::Mouse)]),
    entry("Ctrl-Z", "does-suspend", &[(ctrl_c('z'), Action::Suspend)]),
    entry("Ctrl-L", "does-repaint", &[(ctrl_c('l'), Action::Repaint)]),
];

const SESSIONS: &[Entry] = &[
    entry("Ctrl-N", "does-new", &[(ctrl_c('n'), Action::NewSession)]),
    entry(
        "Alt-N  Ctrl-PageDown",
        "does-next",
        &[(alt_c('n'), Action::Turn(1)), (ctrl(KeyCode::PageDown), Action::Turn(1))],
    ),
    entry(
        "Alt-P  Ctrl-PageUp",
        "does-previous",
        &[(alt_c('p'), Action::Turn(-1)), (ctrl(KeyCode::PageUp), Action::Turn(-1))],
    ),
    entry(
        "Alt-1 .. Alt-9",
        "does-by-number",
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
    entry("Ctrl-O", "does-saved-sessions", &[(ctrl_c('o'), Action::Sessions)]),
    entry(
        "Ctrl-S  Alt-S",
        "does-search",
        &[(ctrl_c('s'), Action::Search), (alt_c('s'), Action::Search)],
    ),
    entry("Alt-W", "does-close", &[(alt_c('w'), Action::CloseSession)]),
];

const TRANSCRIPT: &[Entry] = &[
    entry(
        "PageUp  PageDown",
        "does-scroll-pages",
        &[
            (plain(KeyCode::PageUp), Action::Pages(-1)),
            (plain(KeyCode::PageDown), Action::Pages(1)),
        ],
    ),
    entry(
        "Shift-Up  Shift-Down",
        "does-scroll-lines",
        &[(shift(KeyCode::Up), Action::Rows(-1)), (shift(KeyCode::Down), Action::Rows(1))],
    ),
    entry(
        "Ctrl-Home  Ctrl-End",
        "does-scroll-ends",
        &[(ctrl(KeyCode::Home), Action::Top), (ctrl(KeyCode::End), Action::Bottom)],
    ),
];

const DRAFT: &[Entry] = &[
    entry(
        "Home  End",
        "does-home-end",
        &[(plain(KeyCode::Home), Action::Home), (plain(KeyCode::End), Action::End)],
    ),
    entry(
        "Up  Down",
        "does-up-down",
        &[
            (plain(KeyCode::Up), Action::Edit(Edit::Up)),
            (plain(KeyCode::Down), Action::Edit(Edit::Down)),
        ],
    ),
    entry(
        "Ctrl-A  Ctrl-E",
        "does-line-ends",
        &[(ctrl_c('a'), Action::Edit(Edit::LineStart)), (ctrl_c('e'), Action::Edit(Edit::LineEnd))],
    ),
    entry(
        "Left  Right",
        "does-characters",
        &[
            (plain(KeyCode::Left), Action::Edit(Edit::Left)),
            (plain(KeyCode::Right), Action::Edit(Edit::Right)),
            (ctrl_c('b'), Action::Edit(Edit::Left)),
            (ctrl_c('f'), Action::Edit(Edit::Right)),
        ],
    ),
    entry(
        "Alt-B  Alt-F  Ctrl-Left/Right",
        "does-words",
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
        "does-delete-words",
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
        "does-delete-line",
        &[
            (ctrl_c('u'), Action::Edit(Edit::DeleteToStart)),
            (ctrl_c('k'), Action::Edit(Edit::DeleteToEnd)),
        ],
    ),
    entry(
        "Backspace  Delete",
        "does-delete-characters",
        &[
            (plain(KeyCode::Backspace), Action::Edit(Edit::DeleteLeft)),
            (shift(KeyCode::Backspace), Action::Edit(Edit::DeleteLeft)),
            (ctrl_c('h'), Action::Edit(Edit::DeleteLeft)),
            (plain(KeyCode::Delete), Action::Edit(Edit::DeleteRight)),
        ],
    ),
    entry(
        "Ctrl-Y  Alt-Y",
        "does-yank",
        &[(ctrl_c('y'), Action::Edit(Edit::Yank)), (alt_c('y'), Action::Edit(Edit::YankOlder))],
    ),
    entry("Ctrl-R", "does-history", &[(ctrl_c('r'), Action::History)]),
    entry("Ctrl-G", "does-editor", &[(ctrl_c('g'), Action::Editor)]),
    entry("Tab", "does-complete", &[(plain(KeyCode::Tab), Action::Complete)]),
    entry("Alt-E", "does-unfold", &[(alt_c('e'), Action::Unfold)]),
    // A terminal sends Ctrl-_ as the byte 0x1f, which is also Ctrl-/ and reads as Ctrl-7.
    entry(
        "Ctrl-_  Alt-R",
        "does-undo",
        &[
            (ctrl_c('_'), Action::Edit(Edit::Undo)),
            (ctrl_c('/'), Action::Edit(Edit::Undo)),
            (ctrl_c('7'), Action::Edit(Edit::Undo)),
            (alt_c('r'), Action::Edit(Edit::Redo)),
        ],
    ),
];
