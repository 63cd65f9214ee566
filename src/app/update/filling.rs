//! What a draft stands for beside its own words: prompts of the library, and files.

use std::collections::BTreeMap;

use crate::app::effect::Effect;
use crate::app::fuzzy;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::chat::Fault;
use crate::prompt::Form;
use crate::text::Clean;
use crate::words::word;

/// The file whose name is being written, and what there is.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Files {
    /// What was last asked for.
    asked: Option<String>,
    /// What there is, for that.
    names: Vec<String>,
}

impl Model {
    /// Asks the prompt of the library that a draft names; where a field has no value yet, the draft
    /// becomes a form to fill in.
    pub(super) fn ask_form(&mut self, name: &str, behind: &str, effects: &mut Vec<Effect>) {
        let found = self.settings.prompts.iter().find(|(known, _)| known == name);
        let Some((_, form)) = found.cloned() else { return };
        let (values, input) = values(&form, behind);
        let lacks = form.fields().iter().any(|field| !values.contains_key(*field))
            || form.takes_input() && input.is_empty();
        if lacks {
            return self.offer_form(name, &form, &values, &input);
        }
        let input = Some(input.as_str()).filter(|input| !input.is_empty());
        match form.fill(&values, input) {
            Ok(question) => self.ask_with_files(question, effects),
            Err(error) => self.notice = Some(Notice::info(&error.to_string())),
        }
    }

    /// Puts a form into the draft, a line for each field, with the cursor where the first is empty.
    fn offer_form(
        &mut self,
        name: &str,
        form: &Form,
        values: &BTreeMap<String, String>,
        input: &str,
    ) {
        let value = |field: &&str| values.get(*field).map_or("", String::as_str).to_owned();
        let fields = form.fields();
        let empty = fields.iter().position(|field| value(field).is_empty());
        let split = empty.map_or(fields.len(), |empty| empty + 1);
        let lines = |fields: &[&str]| {
            let lines = fields.iter().map(|field| format!("{field}={}", value(field)));
            lines.collect::<Vec<_>>().join("\n")
        };
        let head = format!("/{name}\n{}", lines(&fields[..split]));
        let tail = [lines(&fields[split..]), input.to_owned()];
        let tail = tail.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        let text = format!("{head}\n{tail}");
        self.current_mut().composer.load(&text, head.len());
        self.notice = Some(Notice::info(word("form-fill")));
    }

    /// Asks a question, after the files were read that it names as `@path`.
    pub(super) fn ask_with_files(&mut self, question: String, effects: &mut Vec<Effect>) {
        let words: Vec<String> = question.split_whitespace().filter_map(named).collect();
        if words.is_empty() {
            return self.ask(question, effects);
        }
        let session = self.current().id();
        self.attaching = Some((session, self.current().composer.whole()));
        effects.push(Effect::Attach { question, words });
    }

    /// Asks the question that the files were put in front of; the draft is still there if they
    /// could not be read.
    pub(super) fn attached(&mut self, read: Result<String, Fault>, effects: &mut Vec<Effect>) {
        let Some((session, draft)) = self.attaching.take() else { return };
        match read {
            Err(fault) => self.say(Notice::fault(&fault)),
            Ok(_) if self.current().id() != session || self.current().composer.whole() != draft => {
                self.say(Notice::info(word("form-changed")));
            }
            Ok(question) => self.ask(question, effects),
        }
        self.touch();
    }

    /// Asks which files there are for the name that is being written.
    pub(super) fn look_for_files(&mut self, effects: &mut Vec<Effect>) {
        let wanted = self.begun().map(|(_, word)| word.to_owned());
        if wanted != self.files.asked {
            self.files.names.clear();
            self.files.asked.clone_from(&wanted);
            effects.extend(wanted.map(Effect::Files));
        }
    }

    /// Takes in which files there are.
    pub(super) fn files(&mut self, asked: &str, names: Vec<String>) {
        if self.files.asked.as_deref() == Some(asked) {
            let shown = |name: &String| Clean::one_line(name, 400).as_str() == name;
            let names: Vec<String> = names.into_iter().filter(shown).collect();
            let ranked = fuzzy::rank(asked, names.iter().enumerate());
            self.files.names = ranked.into_iter().map(|index| names[index].clone()).collect();
            self.touch();
        }
    }

    /// Returns the files that the name under the cursor may become.
    pub(super) fn offered_files(&self) -> &[String] {
        &self.files.names
    }

    /// Completes the name of a file; `false` if none is being written.
    pub(super) fn complete_file(&mut self) -> bool {
        let Some((start, word)) = self.begun() else { return false };
        let end = start + 1 + word.len();
        let Some(name) = self.files.names.first().cloned() else { return true };
        let space = if name.ends_with('/') { "" } else { " " };
        let composer = &mut self.current_mut().composer;
        composer.exchange(start..end, &format!("@{name}{space}"));
        true
    }

    /// Returns the `@name` that ends at the cursor: where it begins, and the name so far.
    fn begun(&self) -> Option<(usize, &str)> {
        let composer = self.current().composer();
        let before = &composer.text()[..composer.cursor()];
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        before[start..].strip_prefix('@').map(|word| (start, word))
    }
}

/// Returns the file that a word names.
fn named(word: &str) -> Option<String> {
    let name = word.strip_prefix('@')?;
    (!name.is_empty() && !name.starts_with('@')).then(|| name.to_owned())
}

/// Reads `field=value`, a line each, or first words of the first line; the rest is the question.
fn values(form: &Form, behind: &str) -> (BTreeMap<String, String>, String) {
    let fields = form.fields();
    let mut values = BTreeMap::new();
    let mut take = |text: &str| {
        let (name, value) = text.split_once('=')?;
        let known = fields.iter().find(|field| **field == name.trim())?;
        if !value.trim().is_empty() {
            values.insert((*known).to_owned(), value.trim().to_owned());
        }
        Some(())
    };
    let mut input = Vec::new();
    for (index, line) in behind.lines().enumerate() {
        let mut rest = line;
        if index == 0 {
            while let Some((word, more)) = rest.trim_start().split_once(' ') {
                if take(word).is_none() {
                    break;
                }
                rest = more;
            }
        }
        if take(rest).is_none() {
            input.push(rest);
        }
    }
    (values, input.join("\n").trim().to_owned())
}
