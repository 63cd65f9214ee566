//! The question with a place for the line; pure.

use crate::chat::Fault;
use crate::chat::FaultKind;

/// A question with places for the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// What stands before, between and behind the places: one more than there are places.
    texts: Vec<String>,
}

impl Template {
    /// Reads a template: `{}` is a place, `{{` a brace, any other brace is itself.
    ///
    /// # Errors
    /// It has no place.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut texts = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let place = c == '{' && chars.next_if_eq(&'}').is_some();
            if place {
                texts.push(String::new());
                continue;
            }
            if c == '{' {
                // The second of two stands for both.
                chars.next_if_eq(&'{');
            }
            if let Some(last) = texts.last_mut() {
                last.push(c);
            }
        }
        if texts.len() > 1 {
            return Ok(Self { texts });
        }
        Err(Fault::new("the template has no {} for the line")
            .kind(FaultKind::Usage)
            .hint("edgewise map \"Translate into French: {}\""))
    }

    /// Puts a line into every place.
    pub(super) fn fill(&self, line: &str) -> String {
        self.texts.join(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_into_every_place_and_is_no_template_itself() {
        let table = [
            ("{}", "<>"),
            ("a {} b {} c", "a <> b <> c"),
            ("{{}} {}", "{}} <>"),
            ("{{{}}", "{<>}"),
            ("{\"k\": \"{}\"}", "{\"k\": \"<>\"}"),
            ("{{{{{}", "{{<>"),
            ("ü{}}", "ü<>}"),
        ];
        for (template, expected) in table {
            let template = Template::parse(template).expect(template);
            assert_eq!(template.fill("<>"), expected);
            assert_eq!(template.fill("{}{{"), expected.replace("<>", "{}{{"));
        }
        for template in ["", "no place", "{{}", "{ }", "}{"] {
            assert_eq!(Template::parse(template).expect_err(template).kind, FaultKind::Usage);
        }
    }
}
