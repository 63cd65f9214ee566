//! Source code to roles, line by line, by syntect with the syntaxes of two-face.
//!
//! Colours stay out of it: a theme gives each [`Role`] its own, so that another theme, a terminal
//! of 16 colours or the check for contrast need nothing more.

use std::fmt;
use std::ops::Range;
use std::str::FromStr as _;
use std::sync::OnceLock;

use syntect::highlighting::Color;
use syntect::highlighting::HighlightState;
use syntect::highlighting::Highlighter as Rules;
use syntect::highlighting::RangedHighlightIterator;
use syntect::highlighting::ScopeSelectors;
use syntect::highlighting::StyleModifier;
use syntect::highlighting::Theme;
use syntect::highlighting::ThemeItem;
use syntect::parsing::ParseState;
use syntect::parsing::ScopeStack;
use syntect::parsing::SyntaxSet;

use crate::theme::Role;

/// Longer lines stay plain: they are data rather than code, and cost more than they show.
const LINE_MAX: usize = 2000;

/// What a scope of a syntax is shown as; the names are those of Sublime Text's scope naming.
const SCOPES: [(&str, Role); 11] = [
    ("comment, punctuation.definition.comment", Role::Comment),
    ("string, punctuation.definition.string, constant.character, markup.raw", Role::String),
    ("constant.numeric, constant.language, constant.other", Role::Number),
    ("keyword, storage.modifier, storage.type.function, keyword.operator.word", Role::Keyword),
    ("storage.type, support.type, support.class, entity.name.type, entity.name.class", Role::Type),
    ("entity.name.function, support.function, variable.function, support.macro", Role::Function),
    ("entity.name.tag, entity.other.attribute-name, variable.other.member", Role::Type),
    ("meta.diff.header, meta.diff.range, markup.heading", Role::Heading),
    ("markup.inserted", Role::Good),
    ("markup.deleted", Role::Bad),
    ("keyword.operator, keyword.control.import punctuation", Role::Text),
];

static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();
static STYLES: OnceLock<Theme> = OnceLock::new();
static RULES: OnceLock<Rules<'static>> = OnceLock::new();

/// Where highlighting stands between two lines of a code block.
#[derive(Clone)]
pub struct Highlighter {
    parse: ParseState,
    look: HighlightState,
    /// A line was too much for the syntax: the rest stays plain.
    gave_up: bool,
}

impl Highlighter {
    /// Begins a block in the language that a fence names, by name or file extension; `None` when
    /// no syntax is known. The first call unpacks the syntaxes, some milliseconds.
    pub fn new(language: &str) -> Option<Self> {
        if language.is_empty() {
            return None;
        }
        let syntax = syntaxes().find_syntax_by_token(language)?;
        let look = HighlightState::new(rules(), ScopeStack::new());
        Some(Self { parse: ParseState::new(syntax), look, gave_up: false })
    }

    /// Takes a complete line with its `\n`; returns its pieces in order, in bytes, with roles.
    pub fn line(&mut self, line: &str) -> Vec<(Range<usize>, Role)> {
        let plain = vec![(0..line.len(), Role::Text)];
        if self.gave_up || line.len() > LINE_MAX {
            return plain;
        }
        let Ok(operations) = self.parse.parse_line(line, syntaxes()) else {
            self.gave_up = true;
            return plain;
        };
        let pieces = RangedHighlightIterator::new(&mut self.look, &operations, line, rules());
        let mut roles: Vec<(Range<usize>, Role)> = Vec::new();
        for (style, _, range) in pieces {
            let role = SCOPES.get(usize::from(style.foreground.r)).map_or(Role::Text, |it| it.1);
            match roles.last_mut() {
                Some((last, same)) if *same == role => last.end = range.end,
                _ => roles.push((range, role)),
            }
        }
        roles
    }
}

impl fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Highlighter").field("gave_up", &self.gave_up).finish_non_exhaustive()
    }
}

fn syntaxes() -> &'static SyntaxSet {
    SYNTAXES.get_or_init(two_face::syntax::extra_newlines)
}

/// The rules carry the index into [`SCOPES`] where syntect has a colour.
fn rules() -> &'static Rules<'static> {
    RULES.get_or_init(|| Rules::new(STYLES.get_or_init(styles)))
}

fn styles() -> Theme {
    let color = |index: u8| Color { r: index, g: 0, b: 0, a: 0xff };
    let items = (0_u8..).zip(SCOPES).filter_map(|(index, (scopes, _))| {
        let scope = ScopeSelectors::from_str(scopes).ok()?;
        let style = StyleModifier { foreground: Some(color(index)), ..StyleModifier::default() };
        Some(ThemeItem { scope, style })
    });
    let mut theme = Theme { scopes: items.collect(), ..Theme::default() };
    theme.settings.foreground = Some(color(u8::MAX));
    theme
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(language: &str, text: &str) -> Vec<(String, Role)> {
        let mut highlighter = Highlighter::new(language).expect("a known language");
        let line = |line: &str| {
            let pieces = highlighter.line(line);
            pieces.into_iter().map(|(range, role)| (line[range].trim().to_owned(), role)).collect()
        };
        let lines: Vec<Vec<_>> = text.split_inclusive('\n').map(line).collect();
        lines.concat()
    }

    fn role_of(language: &str, text: &str, word: &str) -> Role {
        let roles = roles(language, text);
        let found = roles.iter().find(|(piece, _)| piece == word);
        found.unwrap_or_else(|| panic!("{word} in {roles:?}")).1
    }

    #[test]
    fn every_selector_is_read() {
        assert_eq!(styles().scopes.len(), SCOPES.len());
    }

    #[test]
    fn languages_by_name_and_by_extension() {
        let rust = "fn main() {\n    let x = 42; // why\n    print(\"hi\");\n}\n";
        assert_eq!(role_of("rust", rust, "main"), Role::Function);
        assert_eq!(role_of("rs", rust, "42"), Role::Number);
        assert_eq!(role_of("rust", rust, "\"hi\""), Role::String);
        assert_eq!(role_of("rust", rust, "// why"), Role::Comment);
        assert_eq!(role_of("python", "def f():\n  return None\n", "return"), Role::Keyword);
        assert_eq!(role_of("toml", "# c\n", "# c"), Role::Comment);
        assert_eq!(role_of("diff", "-old\n+new\n", "+new"), Role::Good);
        assert_eq!(role_of("diff", "-old\n+new\n", "-old"), Role::Bad);
        assert!(Highlighter::new("").is_none() && Highlighter::new("no-such-language").is_none());
    }

    #[test]
    fn a_comment_over_lines_stays_one() {
        let roles = roles("c", "/* one\ntwo */ int x;\n");
        assert_eq!(roles[0], ("/* one".to_owned(), Role::Comment));
        assert_eq!(roles[1].1, Role::Comment);
    }

    #[test]
    fn pieces_cover_the_line_in_order() {
        let line = "let 漢 = \"👍🏽\\n\"; // x\n";
        let pieces = Highlighter::new("rust").expect("known").line(line);
        let joined: String = pieces.iter().map(|(range, _)| &line[range.clone()]).collect();
        assert_eq!(joined, line);
        let long = format!("\"{}\n", "x".repeat(LINE_MAX));
        let pieces = Highlighter::new("rust").expect("known").line(&long);
        assert_eq!(pieces, [(0..long.len(), Role::Text)]);
    }
}
