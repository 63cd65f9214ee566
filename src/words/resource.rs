//! One language's messages, out of a resource in the format of Project Fluent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use fluent_bundle::FluentArgs;
use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use fluent_syntax::ast::Entry;
use fluent_syntax::parser::ParserError;
use unic_langid::LanguageIdentifier;

use crate::text::Clean;
use crate::words::Value;
use crate::words::guard;

/// What is built in.
pub(super) const ENGLISH: &str = include_str!("../../assets/words/en.ftl");

/// The longest message without arguments, in graphemes.
const LONGEST: usize = 1000;

/// The messages of one language.
pub struct Words {
    /// Those that take no arguments, made.
    plain: HashMap<String, String>,
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let languages = &self.bundle.locales;
        f.debug_struct("Words").field("languages", languages).finish_non_exhaustive()
    }
}

/// Why a resource cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {what}")]
pub struct Broken {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl Words {
    /// Reads a resource that a person wrote. It is foreign text: what could drive a terminal is
    /// taken out before anything is made of it.
    ///
    /// # Errors
    /// A line is not in the format or beyond its limits, or a message is there twice.
    pub fn read(language: &LanguageIdentifier, text: &str) -> Result<Self, Broken> {
        let text = Clean::new(text).into_string();
        guard::check(&text)?;
        Self::parse(language, text)
    }

    /// Reads what is built in.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub(super) fn english() -> Self {
        Self::parse(&LanguageIdentifier::default(), ENGLISH.to_owned()).expect("a test reads it")
    }

    fn parse(language: &LanguageIdentifier, text: String) -> Result<Self, Broken> {
        let resource = FluentResource::try_new(text).map_err(|(resource, errors)| {
            let first = errors.iter().min_by_key(|error| error.pos.start);
            let line = first.map_or(1, |error| line_of(resource.source(), error));
            let what = first.map_or_else(String::new, |error| said_shortly(&error.to_string()));
            Broken { line, what }
        })?;
        let ids = messages(&resource);
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = ids.iter().find(|id| !seen.insert(id.as_str())) {
            let what = format!("`{twice}` is there twice");
            return Err(Broken { line: second_line(resource.source(), twice), what });
        }
        let mut bundle = FluentBundle::new_concurrent(vec![language.clone()]);
        // The marks around what is put in are for browsers: here they would be seen.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        let plain = ids.into_iter().filter_map(|id| Some((id.clone(), plain(&bundle, &id)?)));
        Ok(Self { plain: plain.collect(), bundle })
    }

    /// Returns a message that takes no arguments.
    pub(super) fn word(&self, id: &str) -> Option<&str> {
        self.plain.get(id).map(String::as_str)
    }

    /// Returns a message with its arguments; `None` where there is none, or where it asks for others.
    pub(super) fn said(&self, id: &str, args: &[(&'static str, Value<'_>)]) -> Option<String> {
        let args: FluentArgs<'_> =
            args.iter().map(|(name, value)| (*name, guard::small(value))).collect();
        format(&self.bundle, id, Some(&args)).map(Cow::into_owned)
    }
}

/// Makes a message that needs no arguments.
fn plain(bundle: &FluentBundle<FluentResource>, id: &str) -> Option<String> {
    match format(bundle, id, None)? {
        Cow::Borrowed(text) => Some(text.to_owned()),
        // Out of several pieces, one of which may be a character by its number.
        Cow::Owned(text) => Some(Clean::one_line(&text, LONGEST).into_string()),
    }
}

fn format<'a>(
    bundle: &'a FluentBundle<FluentResource>,
    id: &str,
    args: Option<&FluentArgs<'_>>,
) -> Option<Cow<'a, str>> {
    let mut errors = Vec::new();
    let text = bundle.format_pattern(bundle.get_message(id)?.value()?, args, &mut errors);
    errors.is_empty().then_some(text)
}

/// Returns the names of the messages in their order.
pub(super) fn messages(resource: &FluentResource) -> Vec<String> {
    let names = resource.entries().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message.id.name.to_owned()),
        _ => None,
    });
    names.collect()
}

/// Returns the line of an error, from 1: where the message begins, or where what is missing in it
/// would stand, which may be before the place where the parser noticed.
fn line_of(text: &str, error: &ParserError) -> usize {
    let line = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let missing = text.get(..error.pos.start).unwrap_or(text).trim_end().len();
    line(missing).max(error.slice.as_ref().map_or(1, |slice| line(slice.start)))
}

/// Returns the line where a message begins for the second time.
fn second_line(text: &str, id: &str) -> usize {
    let begins = |line: &str| line.split('=').next().is_some_and(|name| name.trim_end() == id);
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| begins(line));
    lines.nth(1).map_or(1, |(number, _)| number)
}

/// Words the parser's complaint as ours are: lower case, no full stop, one line.
fn said_shortly(complaint: &str) -> String {
    let complaint = complaint.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut letters = complaint.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
