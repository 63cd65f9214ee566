//! Keys, without a terminal library: `runtime::input` translates.

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyCode {
    /// A character, as typed.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// Modifiers held down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mods {
    /// Control.
    pub ctrl: bool,
    /// Alt or Option.
    pub alt: bool,
    /// Shift, where the terminal reports it.
    pub shift: bool,
}

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// What was held.
    pub mods: Mods,
}

impl Key {
    /// Makes a key without modifiers.
    pub fn plain(code: KeyCode) -> Self {
        Self { code, mods: Mods::default() }
    }

    /// Makes Ctrl and a character.
    pub fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), mods: Mods { ctrl: true, ..Mods::default() } }
    }

    /// Makes Alt and a key.
    pub fn alt(code: KeyCode) -> Self {
        Self { code, mods: Mods { alt: true, ..Mods::default() } }
    }
}
