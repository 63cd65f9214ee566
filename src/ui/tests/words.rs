//! The screens in another language: every letter of a message has a mark, so that what is written
//! without one is the user's or the model's, a key, a unit, or forgotten.

use fluent_syntax::ast::Entry;
use fluent_syntax::ast::Expression;
use fluent_syntax::ast::Pattern;
use fluent_syntax::ast::PatternElement;

use std::collections::BTreeSet;

use super::*;
use crate::device;
use crate::words;
use crate::words::Words;

const ENGLISH: &str = include_str!("../../../assets/words/en.ftl");

/// What is written in every language as it is.
const KEPT: &str = "Enter Esc Ctrl Alt Shift Tab Up Down Left Right Home End PageUp PageDown \
    Backspace Delete Space ms min quick smollm2-135m-instruct local remote prefer-local auto why \
    tag model route profile since before answer.rs";

/// Puts a mark on a letter; the width stays.
fn marked(c: char) -> char {
    const PLAIN: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const MARKED: &str = "áḃćđéḟġħíĵķĺṁńóṕɋŕśťúṽẃẋýźÁḂĆĐÉḞĠĦÍĴĶĹṀŃÓṔɊŔŚŤÚṼẂẊÝŹ";
    PLAIN.chars().position(|plain| plain == c).and_then(|at| MARKED.chars().nth(at)).unwrap_or(c)
}

fn mark(pattern: &mut Pattern<String>) {
    for element in &mut pattern.elements {
        match element {
            PatternElement::TextElement { value } => *value = value.chars().map(marked).collect(),
            PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                for variant in variants {
                    mark(&mut variant.value);
                }
            }
            PatternElement::Placeable { .. } => {}
        }
    }
}

/// Returns the built-in words with a mark on every letter.
fn words_with_marks() -> Words {
    let mut resource =
        fluent_syntax::parser::parse(ENGLISH.to_owned()).expect("it is in the format");
    for entry in &mut resource.body {
        if let Entry::Message(message) = entry
            && let Some(value) = &mut message.value
        {
            mark(value);
        }
    }
    let text = fluent_syntax::serializer::serialize(&resource);
    Words::read(&"en-XA".parse().expect("a tag"), &text).expect("it is in the format")
}

/// Runs something with every word of the interface marked.
pub(super) fn with_marks(run: impl FnOnce()) {
    words::choose_here(Some(words_with_marks()));
    run();
    words::choose_here(None);
}

/// Returns what is between the quotes of something as it is written for developers: its texts.
pub(super) fn texts(debug: &str) -> String {
    let debug =
        ["\\n", "\\t", "\\\""].iter().fold(debug.to_owned(), |text, it| text.replace(it, " "));
    debug.split('"').skip(1).step_by(2).flat_map(|text| [text, "\n"]).collect()
}

/// Returns the words of a text: ASCII letters, at least two. What stands behind a stroke is a
/// command or a path, and what is in capitals is what stands for something else.
fn unmarked(text: &str) -> BTreeSet<&str> {
    let ends = |c: char| !c.is_alphanumeric() && c != '/';
    let words = text
        .split(ends)
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic()));
    words.filter(|word| word.chars().any(|c| c.is_ascii_lowercase())).collect()
}

/// Fails where a screen says something that is in no resource, and that nobody told the model.
#[track_caller]
pub(super) fn only_marked(name: &str, stage: &Stage) {
    let shot = stage.shot();
    let nothing = (DeviceSample::default(), Rates::default());
    let sources: Vec<&str> =
        device::readings(&nothing.0, &nothing.1).iter().map(|reading| reading.source).collect();
    let known = format!("{KEPT} {} {}", stage.heard, sources.join(" "));
    let known: BTreeSet<&str> = known.split(|c: char| !c.is_alphanumeric()).collect();
    // A box, or the edge of the screen, may cut a word.
    let told = |word: &str| known.iter().any(|it| it.starts_with(word) || it.ends_with(word));
    let left: Vec<&str> = unmarked(&shot).into_iter().filter(|word| !told(word)).collect();
    assert!(left.is_empty(), "{name}: {left:?} in\n{shot}");
}

#[test]
fn a_screen_in_another_language() {
    with_marks(|| {
        let mut stage = Stage::ready(80, 24);
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        stage.ask("And at night?");
        stage.prefilled(1);
        stage.plain(KeyCode::Esc);
        stage.key(Key::ctrl('d'));
        kept("a_screen_in_another_language", &stage);
        assert!(unmarked("réády ready 12s /new NAME").iter().eq(["ready"].iter()));
    });
}
