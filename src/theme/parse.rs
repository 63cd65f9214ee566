//! Theme files.
//!
//! ```toml
//! kind = "dark"            # dark | light: the background it is made for
//!
//! [colors]                 # every role: "default", a name, an index as text, or "#rrggbb"
//! background = "default"
//! ```

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::theme::Kind;
use crate::theme::Role;
use crate::theme::Theme;
use crate::theme::color::Color;
use crate::theme::depth::Depth;

/// Why a theme file cannot be used, and in which line of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {what}")]
pub struct ThemeError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: Wrong,
}

/// What is wrong in a theme file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The text is no TOML.
    #[error("the theme is not TOML: {0}")]
    Syntax(String),
    /// A key means nothing.
    #[error("unknown key `{key}` in the theme, the nearest is `{nearest}`")]
    Key {
        /// The key as written.
        key: String,
        /// The key that was probably meant.
        nearest: &'static str,
    },
    /// A value means nothing.
    #[error("`{key}` in the theme is {value}, wanted {wanted}")]
    Value {
        /// The key.
        key: String,
        /// The value as written.
        value: String,
        /// What may stand there.
        wanted: &'static str,
    },
    /// A key is not there.
    #[error("`{0}` is missing in the theme")]
    Missing(&'static str),
}

const COLOR: &str = "`default`, a colour's name, an index from 0 to 255 or `#rrggbb`";

/// A theme file's text.
struct File<'a>(&'a str);

/// Reads a theme.
pub(super) fn theme(text: &str) -> Result<Theme, ThemeError> {
    let file = File(text);
    let parsed = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(text.len(), |span| span.start);
        let words = error.message().lines().collect::<Vec<_>>().join(" ");
        file.wrong(start, Wrong::Syntax(words))
    })?;
    let table = parsed.get_ref();
    file.known(table, &["kind", "colors"])?;
    let kind = table.get("kind").ok_or_else(|| file.wrong(0, Wrong::Missing("kind")))?;
    let kind = match kind.get_ref().as_str() {
        Some("dark") => Kind::Dark,
        Some("light") => Kind::Light,
        _ => return Err(file.value("kind", kind, "`dark` or `light`")),
    };
    let colors = table.get("colors").ok_or_else(|| file.wrong(0, Wrong::Missing("colors")))?;
    let start = colors.span().start;
    let DeValue::Table(colors) = colors.get_ref() else {
        return Err(file.value("colors", colors, "a table of colours"));
    };
    file.known(colors, &Role::NAMES.map(|(name, _)| name))?;
    let mut theme = Theme { kind, depth: Depth::True, ..Theme::plain() };
    for (name, role) in Role::NAMES {
        let value = colors.get(name).ok_or_else(|| file.wrong(start, Wrong::Missing(name)))?;
        let color = value.get_ref().as_str().and_then(Color::parse);
        theme.colors[role.index()] = color.ok_or_else(|| file.value(name, value, COLOR))?;
    }
    Ok(theme)
}

impl File<'_> {
    fn wrong(&self, at: usize, what: Wrong) -> ThemeError {
        let before = self.0.get(..at).unwrap_or(self.0);
        ThemeError { line: before.matches('\n').count() + 1, what }
    }

    fn value(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &'static str) -> ThemeError {
        let Range { start, end } = value.span();
        let written = self.0.get(start..end).unwrap_or_default().lines().next();
        let value = written.unwrap_or_default().to_owned();
        self.wrong(start, Wrong::Value { key: key.to_owned(), value, wanted })
    }

    fn known(&self, table: &DeTable<'_>, keys: &[&'static str]) -> Result<(), ThemeError> {
        let unknown = table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let name = key.get_ref().to_string();
        let likeness = |known: &str| strsim::jaro_winkler(known, &name);
        let nearest = keys.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let nearest = nearest.copied().unwrap_or_default();
        Err(self.wrong(key.span().start, Wrong::Key { key: name, nearest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark(from: &str, to: &str) -> String {
        let text = include_str!("../../themes/dark.toml");
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    }

    #[test]
    fn errors_name_the_key_and_the_value() {
        let cases = [
            (
                "kind = \"dark\"",
                "kind = \"drak\"",
                "`kind` in the theme is \"drak\", wanted `dark`",
            ),
            ("kind = \"dark\"", "", "`kind` is missing"),
            ("kind", "kidn", "unknown key `kidn` in the theme, the nearest is `kind`"),
            ("warn ", "wran ", "12: unknown key `wran` in the theme, the nearest is `warn`"),
            ("bad ", "#bad ", "`bad` is missing"),
            (
                "[colors]",
                "[colours]",
                "unknown key `colours` in the theme, the nearest is `colors`",
            ),
            ("[colors]", "[colors", "the theme is not TOML"),
        ];
        for (from, to, words) in cases {
            let error = theme(&dark(from, to)).expect_err(to).to_string();
            assert!(error.contains(words), "{error}");
        }
        let number = "kind = \"dark\"\n[colors]\nbackground = 7";
        let error = theme(number).expect_err("a number").to_string();
        assert!(
            error.starts_with("3: `background` in the theme is 7, wanted `default`"),
            "{error}"
        );
    }
}
