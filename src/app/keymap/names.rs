//! The names of actions and keys, for the user's file and for the help.

use crate::app::composer::Edit;
use crate::app::keymap::Action;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Mods;
use crate::config::ConfigError;
use crate::config::KeyLine;
use crate::config::nearest;

/// Every action with its name; those with a number have it at the end.
const ACTIONS: [(&str, Action); 68] = [
    ("send", Action::Send),
    ("interrupt", Action::Interrupt),
    ("leave", Action::Leave),
    ("new-session", Action::NewSession),
    ("next-session", Action::Turn(1)),
    ("previous-session", Action::Turn(-1)),
    ("close-session", Action::CloseSession),
    ("page-up", Action::Pages(-1)),
    ("page-down", Action::Pages(1)),
    ("row-up", Action::Rows(-1)),
    ("row-down", Action::Rows(1)),
    ("top", Action::Top),
    ("bottom", Action::Bottom),
    ("home", Action::Home),
    ("end", Action::End),
    ("sessions", Action::Sessions),
    ("search", Action::Search),
    ("help", Action::Help),
    ("device", Action::Device),
    ("places", Action::Places),
    ("sidebar", Action::Sidebar),
    ("dismiss", Action::Dismiss),
    ("suspend", Action::Suspend),
    ("repaint", Action::Repaint),
    ("palette", Action::Palette),
    ("history", Action::History),
    ("editor", Action::Editor),
    ("complete", Action::Complete),
    ("unfold", Action::Unfold),
    ("raw", Action::Raw),
    ("thoughts", Action::Thoughts),
    ("mouse", Action::Mouse),
    ("left", Action::Edit(Edit::Left)),
    ("right", Action::Edit(Edit::Right)),
    ("up", Action::Edit(Edit::Up)),
    ("down", Action::Edit(Edit::Down)),
    ("line-start", Action::Edit(Edit::LineStart)),
    ("line-end", Action::Edit(Edit::LineEnd)),
    ("word-left", Action::Edit(Edit::WordLeft)),
    ("word-right", Action::Edit(Edit::WordRight)),
    ("newline", Action::Edit(Edit::Newline)),
    ("delete-left", Action::Edit(Edit::DeleteLeft)),
    ("delete-right", Action::Edit(Edit::DeleteRight)),
    ("delete-word-left", Action::Edit(Edit::DeleteWordLeft)),
    ("delete-word-right", Action::Edit(Edit::DeleteWordRight)),
    ("delete-to-start", Action::Edit(Edit::DeleteToStart)),
    ("delete-to-end", Action::Edit(Edit::DeleteToEnd)),
    ("yank", Action::Edit(Edit::Yank)),
    ("yank-older", Action::Edit(Edit::YankOlder)),
    ("undo", Action::Edit(Edit::Undo)),
    ("redo", Action::Edit(Edit::Redo)),
    ("earlier", Action::Read(-1)),
    ("later", Action::Read(1)),
    ("reword", Action::Reword),
    ("again", Action::Again),
    ("again-on", Action::AgainOn),
    ("continue", Action::Continue),
    ("previous-sibling", Action::Sibling(-1)),
    ("next-sibling", Action::Sibling(1)),
    ("fork", Action::Fork),
    ("next-block", Action::Block(1)),
    ("previous-block", Action::Block(-1)),
    ("copy", Action::Copy),
    ("copy-code", Action::CopyCode),
    ("copy-session", Action::CopySession),
    ("save-to", Action::SaveTo),
    ("links", Action::Links),
    ("session-1", Action::GoTo(1)),
];

/// Keys that are no characters, as they are written on the keys.
const KEYS: [(&str, KeyCode); 14] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("BackTab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
];

/// Returns the action that a line names.
pub(super) fn action(line: &KeyLine) -> Result<Action, ConfigError> {
    let name = line.action.as_str();
    if let Some((_, action)) = ACTIONS.iter().find(|(known, _)| *known == name) {
        return Ok(*action);
    }
    let number = name.strip_prefix("session-").and_then(|number| number.parse().ok());
    if let Some(number) = number.filter(|number| (1..=9).contains(number)) {
        return Ok(Action::GoTo(number));
    }
    let near = nearest(name, ACTIONS.iter().map(|(known, _)| *known));
    Err(ConfigError::at(&line.place, format!("no action `{name}`")).did_you_mean(near))
}

/// Returns the name of an action.
pub(super) fn name(action: Action) -> String {
    if let Action::GoTo(number) = action {
        return format!("session-{number}");
    }
    let known = ACTIONS.iter().find(|(_, known)| *known == action);
    known.map(|(name, _)| (*name).to_owned()).unwrap_or_default()
}

/// Reads a key like `ctrl-n`, `alt-enter`, `shift-up`, `f2` or `y`.
pub(super) fn key(text: &str, line: &KeyLine) -> Result<Key, ConfigError> {
    let mut mods = Mods::default();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('-').filter(|(_, tail)| !tail.is_empty()) {
        match head.to_ascii_lowercase().as_str() {
            "ctrl" => mods.ctrl = true,
            "alt" => mods.alt = true,
            "shift" => mods.shift = true,
            _ => break,
        }
        rest = tail;
    }
    let named = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest)).map(|(_, key)| *key);
    let function = || {
        let number = rest.strip_prefix(['f', 'F'])?.parse().ok()?;
        (1..=24).contains(&number).then_some(KeyCode::F(number))
    };
    let mut chars = rest.chars();
    let single = chars.next().filter(|c| chars.next().is_none() && !c.is_control());
    let space = (rest.eq_ignore_ascii_case("space")).then_some(KeyCode::Char(' '));
    let code = named.or(space).or_else(|| single.map(KeyCode::Char)).or_else(function);
    let Some(code) = code else {
        let error = ConfigError::at(&line.place, format!("no key `{text}`"));
        return Err(error.hint("like ctrl-n, alt-enter, shift-up, f2, pageup or a letter"));
    };
    Ok(super::normal(Key { code, mods }))
}

/// Writes a key as it is written on the keys.
pub(super) fn key_name(key: Key) -> String {
    let held = [(key.mods.ctrl, "Ctrl-"), (key.mods.alt, "Alt-"), (key.mods.shift, "Shift-")];
    let held: String = held.into_iter().filter(|(held, _)| *held).map(|(_, name)| name).collect();
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if held.is_empty() => c.to_string(),
        KeyCode::Char(c) => c.to_ascii_uppercase().to_string(),
        KeyCode::F(number) => format!("F{number}"),
        code => {
            let known = KEYS.iter().find(|(_, known)| *known == code);
            known.map(|(name, _)| (*name).to_owned()).unwrap_or_default()
        }
    };
    held + &name
}
