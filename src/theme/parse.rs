//! Theme files.
//!
//! ```toml
//! kind = "dark"            # dark | light: the background it is made for
//!
//! [colors]                 # every role: "default", a name, an index as text, or "#rrggbb"
//! background = "default"
//! ```

use toml::Table;
use toml::Value;

use crate::theme::Kind;
use crate::theme::Role;
use crate::theme::Theme;
use crate::theme::color::Color;
use crate::theme::depth::Depth;

/// Why a theme file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
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

/// Reads a theme.
pub(super) fn theme(text: &str) -> Result<Theme, ThemeError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        ThemeError::Syntax(error.message().lines().collect::<Vec<_>>().join(" "))
    })?;
    for key in table.keys() {
        known(key, &["kind", "colors"])?;
    }
    let kind = match table.get("kind") {
        Some(Value::String(kind)) if kind == "dark" => Kind::Dark,
        Some(Value::String(kind)) if kind == "light" => Kind::Light,
        Some(value) => return Err(wrong("kind", value, "`dark` or `light`")),
        None => return Err(ThemeError::Missing("kind")),
    };
    let colors = match table.get("colors") {
        Some(Value::Table(colors)) => colors,
        Some(value) => return Err(wrong("colors", value, "a table of colours")),
        None => return Err(ThemeError::Missing("colors")),
    };
    for key in colors.keys() {
        known(key, &Role::NAMES.map(|(name, _)| name))?;
    }
    let mut theme = Theme { kind, depth: Depth::True, ..Theme::plain() };
    for (name, role) in Role::NAMES {
        theme.colors[role.index()] = color(colors, name)?;
    }
    Ok(theme)
}

fn color(colors: &Table, name: &'static str) -> Result<Color, ThemeError> {
    let value = colors.get(name).ok_or(ThemeError::Missing(name))?;
    value.as_str().and_then(Color::parse).ok_or_else(|| wrong(name, value, COLOR))
}

fn wrong(key: &str, value: &Value, wanted: &'static str) -> ThemeError {
    ThemeError::Value { key: key.to_owned(), value: value.to_string(), wanted }
}

fn known(key: &str, keys: &[&'static str]) -> Result<(), ThemeError> {
    if keys.contains(&key) {
        return Ok(());
    }
    let likeness = |known: &str| strsim::jaro_winkler(known, key);
    let nearest = keys.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    Err(ThemeError::Key { key: key.to_owned(), nearest: nearest.copied().unwrap_or_default() })
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
            ("warn ", "wran ", "unknown key `wran` in the theme, the nearest is `warn`"),
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
        assert!(error.starts_with("`background` in the theme is 7, wanted `default`"), "{error}");
    }
}
