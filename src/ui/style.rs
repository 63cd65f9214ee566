//! What a role looks like. Without colours, modifiers alone tell roles apart.

use ratatui::style::Color as Ink;
use ratatui::style::Modifier;
use ratatui::style::Style;

use crate::markdown::Look;
use crate::theme::Color;
use crate::theme::Role;
use crate::theme::Theme;

/// Returns the style of text in `role`.
pub(super) fn style(theme: &Theme, role: Role) -> Style {
    let style = Style::default().fg(ink(theme.color(role)));
    let plain = theme.is_plain();
    match role {
        Role::User | Role::Accent | Role::Bad => style.add_modifier(Modifier::BOLD),
        Role::Link => style.add_modifier(Modifier::UNDERLINED),
        Role::Code if plain => style.add_modifier(Modifier::BOLD),
        Role::Dim | Role::Border | Role::Comment if plain => style.add_modifier(Modifier::DIM),
        Role::Selection if plain => style.add_modifier(Modifier::REVERSED),
        Role::Selection | Role::Background => Style::default().bg(ink(theme.color(role))),
        _ => style,
    }
}

/// Adds what Markdown asks for.
pub(super) fn looked(style: Style, look: Look) -> Style {
    let looks = [
        (Look::STRONG, Modifier::BOLD),
        (Look::EMPHASIS, Modifier::ITALIC),
        (Look::STRUCK, Modifier::CROSSED_OUT),
    ];
    let wanted = looks.into_iter().filter(|(part, _)| look.has(*part));
    wanted.fold(style, |style, (_, modifier)| style.add_modifier(modifier))
}

/// Returns the style of an untouched cell.
pub(super) fn base(theme: &Theme) -> Style {
    style(theme, Role::Background).fg(ink(theme.color(Role::Text)))
}

fn ink(color: Color) -> Ink {
    match color {
        Color::Default => Ink::Reset,
        Color::Indexed(index) => Ink::Indexed(index),
        Color::Rgb(r, g, b) => Ink::Rgb(r, g, b),
    }
}
