//! The words that the interface shows, in the user's language: `assets/words/en.ftl`, and over it
//! what a file of the user's has, message by message.
//!
//! Owns the messages, their plurals and the language that is spoken. English is read when the first
//! word is asked for, so that a program that shows none does not pay for it; a word without
//! arguments is made once and costs a look into a table.
//!
//! Never: a file, the environment, an error's text (errors and what scripts read stay English).

mod guard;
mod language;
mod names;
mod resource;

use std::sync::LazyLock;
use std::sync::OnceLock;

pub use fluent_bundle::FluentValue as Value;

pub use language::candidates;
pub use names::level_name;
pub use names::reason_name;
pub use names::reject_words;
pub use resource::Broken;
pub use resource::Words;

/// What every other language falls back on.
static ENGLISH: LazyLock<Words> = LazyLock::new(Words::english);
/// What the user chose.
static CHOSEN: OnceLock<Words> = OnceLock::new();

#[cfg(test)]
thread_local! {
    /// What a test has spoken on its own thread.
    static HERE: std::cell::Cell<Option<&'static Words>> = const { std::cell::Cell::new(None) };
}

/// Takes the language of the interface, once, before the first word is shown; a later call changes
/// nothing.
pub fn choose(words: Words) {
    // Only the first choice counts: what was shown stays in one language.
    drop(CHOSEN.set(words));
}

/// Has this thread alone speak another language from here on, or none of its own.
#[cfg(test)]
pub(crate) fn choose_here(words: Option<Words>) {
    HERE.set(words.map(|words| &*Box::leak(Box::new(words))));
}

/// Returns a message that takes no arguments. One that is not there is shown by its name.
pub fn word(id: &'static str) -> &'static str {
    let found = chosen().and_then(|words| words.word(id)).or_else(|| ENGLISH.word(id));
    debug_assert!(found.is_some(), "no message `{id}` without arguments");
    found.unwrap_or(id)
}

/// Returns a message with its arguments in their places; `say!` puts them together.
pub fn said(id: &'static str, args: &[(&'static str, Value<'_>)]) -> String {
    let found = chosen().and_then(|words| words.said(id, args)).or_else(|| ENGLISH.said(id, args));
    debug_assert!(found.is_some(), "no message `{id}` with these arguments");
    found.unwrap_or_else(|| id.to_owned())
}

/// Makes the text of a message that takes arguments: `say!("queue-hidden", count = hidden)`.
/// Numbers choose between plurals; what is text stays as it is.
macro_rules! say {
    ($id:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::words::said(
            $id,
            &[$((stringify!($name), $crate::words::Value::from($value))),+],
        )
    };
}
pub(crate) use say;

fn chosen() -> Option<&'static Words> {
    #[cfg(test)]
    if let Some(words) = HERE.get() {
        return Some(words);
    }
    CHOSEN.get()
}

#[cfg(test)]
mod tests;
