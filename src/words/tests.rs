//! The resource is whole, a second language is possible, and what a person wrote does no harm.

use std::collections::BTreeSet;

use fluent_syntax::ast::Entry;
use unic_langid::LanguageIdentifier;

use super::*;
use crate::chat::DeviceLevel;
use crate::chat::Reject;
use crate::text::Clean;

fn language(tag: &str) -> LanguageIdentifier {
    tag.parse().expect("a tag")
}

fn read(text: &str) -> Result<Words, Broken> {
    Words::read(&language("de"), text)
}

/// Every `{ $name }` of the built-in resource, by message.
fn arguments() -> Vec<(String, BTreeSet<String>)> {
    let resource = fluent_syntax::parser::parse(resource::ENGLISH).expect("it is in the format");
    let named = |entry: &Entry<&str>| {
        let Entry::Message(message) = entry else { return None };
        let text = format!("{:?}", message.value);
        let names = text.split("VariableReference { id: Identifier { name: \"").skip(1);
        let names = names.map(|rest| rest.split('"').next().unwrap_or_default().to_owned());
        Some((message.id.name.to_owned(), names.collect()))
    };
    resource.body.iter().filter_map(named).collect()
}

#[test]
fn no_message_fails_to_be_made_and_all_are_clean() {
    let english = Words::english();
    let all = arguments();
    assert!(all.len() > 250, "{} messages", all.len());
    for (id, names) in all {
        if names.is_empty() {
            let text = english.word(&id).unwrap_or_else(|| panic!("{id}"));
            assert!(!text.is_empty() && Clean::one_line(text, 400).as_str() == text, "{id}");
            continue;
        }
        assert_eq!(english.word(&id), None, "{id} takes arguments");
        for number in [0_u32, 1, 2, 5, 11, 100] {
            let pair = |name: &'static str| (name, Value::from(number));
            let names = names.iter().map(|name| &*Box::leak(name.clone().into_boxed_str()));
            let text = english.said(&id, &names.map(pair).collect::<Vec<_>>());
            let text = text.unwrap_or_else(|| panic!("{id} with {number}"));
            assert!(!text.contains(['{', '}', '\n', '\u{2068}']), "{id}: {text}");
        }
    }
}

#[test]
fn numbers_are_written_as_they_are_and_choose_the_plural() {
    let messages = |count: u64| say!("messages", count = count);
    assert_eq!(
        [0, 1, 2, 12_345].map(messages),
        ["0 messages", "1 message", "2 messages", "12345 messages"]
    );
    let most = say!("messages", count = u64::MAX);
    assert!(most.starts_with("18446744073709552000 "), "{most}");
    assert_eq!(say!("messages", count = f64::NAN), "NaN messages");
    assert_eq!(say!("queued", prompt = "{ $count }"), "queued: { $count }");
}

#[test]
fn what_a_language_leaves_out_is_english() {
    choose_here(Some(
        read("quit = Beenden?\nqueued = wartet: { $wer }\nyes = { yes-word }\n")
            .expect("it is in the format"),
    ));
    assert_eq!(word("quit"), "Beenden?");
    assert_eq!(word("quit-keys"), "y quit · n stay");
    // It asks for what it is not given, or for what is not there.
    assert_eq!(say!("queued", prompt = "a"), "queued: a");
    assert_eq!(word("yes"), "yes");
}

#[test]
fn a_language_has_its_own_plurals() {
    let text = "messages =\n    { $count ->\n        [one] { $count } wiadomość\n        [few] { $count } wiadomości\n       *[many] { $count } wiadomości!\n    }\n";
    choose_here(Some(Words::read(&language("pl"), text).expect("it is in the format")));
    let messages = |count: u32| say!("messages", count = count);
    assert_eq!([1, 3, 5].map(messages), ["1 wiadomość", "3 wiadomości", "5 wiadomości!"]);
}

#[test]
fn what_could_drive_a_terminal_is_taken_out() {
    let text = "quit = a\u{1b}[2Jb\u{202e}\nquit-keys = { \"\\u001B\" }[31m\u{7}c\nclose = { \"\\u000A\" }d\n";
    choose_here(Some(read(text).expect("it is in the format")));
    for text in [word("quit"), word("quit-keys"), word("close")] {
        assert_eq!(Clean::one_line(text, 400).as_str(), text);
    }
    assert_eq!(word("quit"), "ab<U+202E>");
}

#[test]
fn a_broken_resource_is_told_with_its_line() {
    let broken = |text: &str| read(text).expect_err("it is broken").to_string();
    assert_eq!(broken("quit = a\n\nclose\n"), "3: expected a token starting with \"=\"");
    assert_eq!(broken("quit = a\nquit-keys = { $n\n"), "2: expected a token starting with \"}\"");
    assert_eq!(broken("quit = a\nclose = b\nquit = c\n"), "3: `quit` is there twice");
    let deep = format!("quit = a\nclose = {}", "{".repeat(200_000));
    assert_eq!(broken(&deep), "2: too many braces within braces");
    let long = "quit = { 99999999999999999999999 ->\n   *[one] a\n }\n";
    assert_eq!(broken(long), "1: a number of more than 15 digits");
}

#[test]
fn what_repeats_itself_ends() {
    let mut text = "quit = { -a0 }\nclose = { close }\n-a9 = ha\n".to_owned();
    for level in 0..9 {
        let next = format!("{{ -a{} }}", level + 1);
        text.extend(["-a", &level.to_string(), " = ", &next.repeat(10), "\n"]);
    }
    choose_here(Some(read(&text).expect("it is in the format")));
    assert_eq!((word("quit"), word("close")), ("Quit?", "Close this session?"));
}

#[test]
fn what_is_shown_in_english_is_what_records_and_scripts_read() {
    for (_, reject) in Reject::NAMES {
        assert_eq!(reject_words(reject), reject.words());
    }
    for level in [
        DeviceLevel::Normal,
        DeviceLevel::Strained,
        DeviceLevel::Recovering,
        DeviceLevel::Overloaded,
    ] {
        assert_eq!(level_name(level), level.name());
    }
}
