//! Prompts with fields: `{{name}}` stands for what is filled in, `{{input}}` for the question itself.

use std::collections::BTreeMap;

/// The field that the question goes into.
const INPUT: &str = "input";

/// The longest name of a field, in bytes.
const FIELD_MAX: usize = 40;

/// A prompt with fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

/// Why a form cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A field has no value.
    #[error("no value for the field `{0}`")]
    Missing(String),
    /// There is no such field.
    #[error("no field `{0}`")]
    Unknown(String),
    /// There is no question for `{{input}}`.
    #[error("nothing for {{{{input}}}}")]
    NoInput,
}

impl Form {
    /// Reads a prompt. A field's name begins with a letter and goes on with letters, digits, `_`
    /// and `-`, spaces around it allowed; braces around anything else are text. White space at both
    /// ends is left out.
    pub fn parse(text: &str) -> Self {
        let (mut parts, mut rest) = (Vec::new(), text.trim());
        let mut plain = String::new();
        while let Some(at) = rest.find("{{") {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let inner = after["{{".len()..].split_once("}}");
            if let Some((name, behind)) = inner.filter(|(name, _)| is_field(name.trim())) {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Field(name.trim().to_owned()));
                rest = behind;
            } else {
                // One brace on: the second of three may begin a field.
                plain.push('{');
                rest = &after["{".len()..];
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Self { parts }
    }

    /// Returns whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the names of its fields as they come, each once, `input` left out.
    pub fn fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for part in &self.parts {
            if let Part::Field(name) = part
                && name != INPUT
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// Returns whether it has a place for the question.
    pub fn takes_input(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Field(name) if name == INPUT))
    }

    /// Fills it in: a value for each field, and the question, which is put behind an empty line
    /// where the form has no place for it. What is filled in is no form itself.
    ///
    /// # Errors
    /// A field has no value, a value no field, or `{{input}}` no question.
    pub fn fill(
        &self,
        values: &BTreeMap<String, String>,
        input: Option<&str>,
    ) -> Result<String, FormError> {
        let fields = self.fields();
        if let Some(name) = values.keys().find(|name| !fields.contains(&name.as_str())) {
            return Err(FormError::Unknown(name.clone()));
        }
        let mut text = String::new();
        for part in &self.parts {
            text.push_str(match part {
                Part::Text(text) => text,
                Part::Field(name) if name == INPUT => input.ok_or(FormError::NoInput)?,
                Part::Field(name) => {
                    values.get(name).ok_or_else(|| FormError::Missing(name.clone()))?
                }
            });
        }
        if let Some(input) = input.filter(|_| !self.takes_input()) {
            text.push_str("\n\n");
            text.push_str(input);
        }
        Ok(text)
    }
}

fn is_field(name: &str) -> bool {
    name.len() <= FIELD_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn fields_are_filled_and_other_braces_are_text() {
        let form = Form::parse("\nIn {{ language }}, for {{who}}:\n{{input}}\n{\"a\": {{1}}}\n");
        assert_eq!(form.fields(), ["language", "who"]);
        let filled =
            form.fill(&values(&[("language", "French"), ("who", "{{who}}")]), Some("{{x}}"));
        assert_eq!(filled.as_deref(), Ok("In French, for {{who}}:\n{{x}}\n{\"a\": {{1}}}"));
        let table: [(&str, &[&str]); 6] = [
            ("{{a}}{{a}}{{b-2_c}}", &["a", "b-2_c"]),
            ("{{{a}}}", &["a"]),
            ("{{a", &[]),
            ("{{ }}", &[]),
            ("{{a b}}", &[]),
            ("{{}} {{{{x}}", &["x"]),
        ];
        for (text, fields) in table {
            assert_eq!(Form::parse(text).fields(), fields, "{text}");
        }
        assert!(Form::parse(" \n").is_empty());
    }

    #[test]
    fn a_question_goes_where_it_is_asked_for_or_behind() {
        let none = values(&[]);
        let form = Form::parse("Be brief.");
        assert_eq!(form.fill(&none, Some("why?")).as_deref(), Ok("Be brief.\n\nwhy?"));
        assert_eq!(form.fill(&none, None).as_deref(), Ok("Be brief."));
        let form = Form::parse("Sum up: {{input}}!");
        assert_eq!(form.fill(&none, Some("why?")).as_deref(), Ok("Sum up: why?!"));
        assert_eq!(form.fill(&none, None), Err(FormError::NoInput));
        assert_eq!(FormError::NoInput.to_string(), "nothing for {{input}}");
    }

    #[test]
    fn every_field_has_a_value_and_every_value_a_field() {
        let form = Form::parse("{{a}} {{b}}");
        let filled = |pairs: &[(&str, &str)]| form.fill(&values(pairs), None);
        assert_eq!(filled(&[("a", "1")]), Err(FormError::Missing("b".to_owned())));
        let all = [("a", "1"), ("b", "2"), ("c", "3")];
        assert_eq!(filled(&all), Err(FormError::Unknown("c".to_owned())));
        assert_eq!(filled(&all[..2]).as_deref(), Ok("1 2"));
        assert_eq!(filled(&[("input", "x")]), Err(FormError::Unknown("input".to_owned())));
    }

    proptest::proptest! {
        #[test]
        fn a_text_without_fields_is_itself(text in "[a{} \n]{0,24}") {
            let form = Form::parse(&text);
            if form.fields().is_empty() && !form.takes_input() {
                let filled = form.fill(&BTreeMap::new(), None);
                proptest::prop_assert_eq!(filled.as_deref(), Ok(text.trim()));
            }
        }
    }
}
