//! What colour each role on the screen has: palettes from `themes/*.toml`; what role a piece of
//! source code has.
//!
//! Owns its own small [`Color`]; `ui` turns it into the terminal library's. The built-in themes
//! are checked for contrast; a theme says for which kind of background it is made, because
//! a background left to the terminal cannot be asked for.
//!
//! Never: drawing, modifiers like bold (what a role means without colour is `ui`'s).

mod color;
mod contrast;
mod depth;
mod highlight;
mod parse;

pub use color::Color;
pub use contrast::contrast;
pub use depth::Depth;
pub use highlight::Highlighter;
pub use parse::ThemeError;

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Behind everything.
    Background,
    /// Answers and the draft.
    Text,
    /// Figures, hints and everything that may be overlooked.
    Dim,
    /// What the user said.
    User,
    /// The mark of what the model said.
    Assistant,
    /// The session in front and what wants a look.
    Accent,
    /// Went well.
    Good,
    /// Wants care.
    Warn,
    /// Went wrong.
    Bad,
    /// Rules and frames.
    Border,
    /// Behind what is chosen.
    Selection,
    /// The filled part of a progress bar.
    Bar,
    /// A heading.
    Heading,
    /// A word of code in running text.
    Code,
    /// Text that leads somewhere.
    Link,
    /// What is quoted, and reasoning.
    Quote,
    /// Code: words of the language.
    Keyword,
    /// Code: text in quotes.
    String,
    /// Code: numbers and other constants.
    Number,
    /// Code: what is not for the machine.
    Comment,
    /// Code: names of functions.
    Function,
    /// Code: names of types, tags and fields.
    Type,
}

impl Role {
    /// Every role with its key in a theme file.
    pub const NAMES: [(&'static str, Self); 22] = [
        ("background", Self::Background),
        ("text", Self::Text),
        ("dim", Self::Dim),
        ("user", Self::User),
        ("assistant", Self::Assistant),
        ("accent", Self::Accent),
        ("good", Self::Good),
        ("warn", Self::Warn),
        ("bad", Self::Bad),
        ("border", Self::Border),
        ("selection", Self::Selection),
        ("bar", Self::Bar),
        ("heading", Self::Heading),
        ("code", Self::Code),
        ("link", Self::Link),
        ("quote", Self::Quote),
        ("keyword", Self::Keyword),
        ("string", Self::String),
        ("number", Self::Number),
        ("comment", Self::Comment),
        ("function", Self::Function),
        ("type", Self::Type),
    ];

    fn index(self) -> usize {
        Self::NAMES.iter().position(|(_, role)| *role == self).unwrap_or(0)
    }
}

/// For which background a theme is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Light text on dark.
    #[default]
    Dark,
    /// Dark text on light.
    Light,
}

/// A colour for every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    kind: Kind,
    colors: [Color; Role::NAMES.len()],
    depth: Depth,
}

/// The built-in themes: name and file.
const BUILT_IN: [(&str, &str); 7] = [
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("high-contrast", include_str!("../themes/high-contrast.toml")),
    ("sixteen", include_str!("../themes/sixteen.toml")),
    ("mono", include_str!("../themes/mono.toml")),
    ("catppuccin-mocha", include_str!("../themes/catppuccin-mocha.toml")),
    ("gruvbox-dark", include_str!("../themes/gruvbox-dark.toml")),
];

impl Theme {
    /// Reads a theme file.
    ///
    /// # Errors
    /// The text is no TOML, lacks a role, or has a key or a value that means nothing; the error
    /// names the line, the key and the value.
    pub fn parse(toml: &str) -> Result<Self, ThemeError> {
        parse::theme(toml)
    }

    /// Returns the names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// Returns the built-in theme of that name.
    pub fn named(name: &str) -> Option<Self> {
        let (_, toml) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(toml).ok()
    }

    /// Returns the theme without any colour, for `NO_COLOR` and terminals that have none.
    pub fn plain() -> Self {
        Self { kind: Kind::Dark, colors: [Color::Default; Role::NAMES.len()], depth: Depth::None }
    }

    /// Returns the theme in the colours that a terminal has.
    #[must_use]
    pub fn at(&self, depth: Depth) -> Self {
        if depth == Depth::None {
            return Self { kind: self.kind, ..Self::plain() };
        }
        Self { kind: self.kind, colors: self.colors.map(|color| depth.lower(color)), depth }
    }

    /// Returns the colour of a role.
    pub fn color(&self, role: Role) -> Color {
        self.colors[role.index()]
    }

    /// Returns whether there is no colour to tell roles apart with.
    pub fn is_plain(&self) -> bool {
        self.depth == Depth::None || self.colors.iter().all(|color| *color == Color::Default)
    }

    /// Returns for which background it is made.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, success criterion 1.4.3: text of ordinary size.
    const TEXT_CONTRAST: f64 = 4.5;
    /// WCAG 2.2, success criterion 1.4.11: parts of a user interface that are no text.
    const PART_CONTRAST: f64 = 3.0;

    fn assumed(theme: &Theme, role: Role) -> (u8, u8, u8) {
        let (paper, ink) = match theme.kind() {
            Kind::Dark => ((0, 0, 0), (255, 255, 255)),
            Kind::Light => ((255, 255, 255), (0, 0, 0)),
        };
        let default = if role == Role::Background { paper } else { ink };
        theme.color(role).rgb().unwrap_or(default)
    }

    fn check(name: &str, theme: &Theme) {
        let paper = assumed(theme, Role::Background);
        for (role_name, role) in Role::NAMES {
            let wanted = match role {
                Role::Background | Role::Selection => continue,
                Role::Border | Role::Bar => PART_CONTRAST,
                _ => TEXT_CONTRAST,
            };
            let found = contrast(assumed(theme, role), paper);
            assert!(found >= wanted, "{name}: {role_name} has {found:.2}, not {wanted}");
        }
        if theme.color(Role::Selection) != Color::Default {
            for role in [Role::Text, Role::Accent] {
                let found = contrast(assumed(theme, role), assumed(theme, Role::Selection));
                assert!(found >= TEXT_CONTRAST, "{name}: {role:?} on selection has {found:.2}");
            }
        }
    }

    #[test]
    fn every_theme_file_is_built_in_and_can_be_read() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/themes");
        let files = std::fs::read_dir(directory).expect("the themes are there");
        let mut count = 0;
        for file in files {
            let path = file.expect("an entry").path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            let text = std::fs::read_to_string(&path).expect("a readable theme");
            let theme = Theme::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(Theme::named(name), Some(theme), "{name}");
            count += 1;
        }
        assert_eq!(count, Theme::names().count());
    }

    #[test]
    fn every_theme_can_be_read_by_people_in_any_depth() {
        for name in Theme::names() {
            let theme = Theme::named(name).expect("built in");
            check(name, &theme);
            check(&format!("{name} in 256 colours"), &theme.at(Depth::Indexed));
        }
    }

    #[test]
    fn a_theme_without_contrast_is_noticed() {
        let toml = include_str!("../themes/dark.toml");
        let bad = toml.lines().map(|line| match line.split_once('=') {
            Some((key, _)) if key.trim() == "dim" => "dim = \"#333333\"",
            _ => line,
        });
        let bad = bad.collect::<Vec<_>>().join("\n");
        assert_ne!(bad, toml.trim_end());
        let theme = Theme::parse(&bad).expect("a theme");
        assert!(std::panic::catch_unwind(|| check("bad", &theme)).is_err());
    }

    #[test]
    fn plain_has_no_colour_at_all() {
        let dark = Theme::named("dark").expect("built in");
        for theme in [Theme::plain(), dark.at(Depth::None)] {
            assert!(theme.is_plain());
            assert!(Role::NAMES.iter().all(|(_, role)| theme.color(*role) == Color::Default));
        }
    }
}
