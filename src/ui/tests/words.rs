//! The screens in another language: every letter of a message has a mark, so that what is written
//! without one is the user's or the model's, a key, a unit, or forgotten.

use fluent_syntax::ast::Entry;
use fluent_syntax::ast::Expression;
use fluent_syntax::ast::Pattern;
use fluent_syntax::ast::PatternElement;

use std::collections::BTreeSet;

use super::*;
use crate::device;
use crate::ui::signals;
use crate::words;
use crate::words::Words;

const ENGLISH: &str = include_str!("../../../assets/words/en.ftl");

/// What is written in every language as it is.
const KEPT: &str = "Enter Esc Ctrl Alt Shift Tab Up Down Left Right Home End PageUp PageDown \
    Backspace Delete Space ms min quick smollm2-135m-instruct local remote prefer-local auto why \
    tag model route profile since before answer.rs answer.md";

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

/// Returns the texts that a model was told: what is between quotes where a message is written for
/// developers.
fn heard(stage: &Stage) -> String {
    let settings = &stage.settings;
    let mut heard = format!("{:?} {:?}\n", settings.leaves_to, settings.prompts);
    for msg in &stage.heard {
        let (told, end) = match msg {
            // The words of an answer come in pieces, and letters one by one.
            Msg::Key { key: Key { code: KeyCode::Char(c), .. }, .. } => (format!("\"{c}\""), ""),
            Msg::Turn { event: TurnEvent::Token(TokenEvent::Delta(text)), .. } => {
                (format!("{text:?}"), "")
            }
            msg => (format!("{msg:?}"), "\n"),
        };
        let told = ["\\n", "\\t", "\\\""].iter().fold(told, |text, it| text.replace(it, " "));
        let texts = told.split('"').skip(1).step_by(2);
        heard.extend(texts.flat_map(|text| [text, end]));
    }
    heard
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

/// Fails where a screen says something that is in no resource: everything is told once more, with
/// marks.
#[track_caller]
pub(super) fn only_marked(name: &str, stage: &Stage) {
    with_marks(|| all_marked(name, &stage.again(|_| ()).shot(), stage));
}

/// Fails where a text has words without marks that nobody told the model.
#[track_caller]
pub(super) fn all_marked(name: &str, text: &str, stage: &Stage) {
    let nothing = (DeviceSample::default(), Rates::default());
    let sources: Vec<&str> =
        device::readings(&nothing.0, &nothing.1).iter().map(|reading| reading.source).collect();
    let known = format!("{KEPT} {} {}", heard(stage), sources.join(" "));
    let known: BTreeSet<&str> = known.split(|c: char| !c.is_alphanumeric()).collect();
    // A box, or the edge of the screen, may cut a word.
    let told = |word: &str| known.iter().any(|it| it.starts_with(word) || it.ends_with(word));
    let left: Vec<&str> = unmarked(text).into_iter().filter(|word| !told(word)).collect();
    assert!(left.is_empty(), "{name}: {left:?} in\n{text}");
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
        insta::assert_snapshot!("a_screen_in_another_language", stage.shot());
        assert!(unmarked("réády ready 12s /new NAME").iter().eq(["ready"].iter()));
    });
}

#[test]
fn every_signal_has_a_name_that_is_its_own_elsewhere() {
    let readings = || device::readings(&DeviceSample::default(), &Rates::default());
    for reading in readings() {
        assert_eq!(signals::name(&reading), reading.name);
    }
    with_marks(|| {
        for reading in readings().iter().filter(|it| !it.key.ends_with("_tps")) {
            assert_ne!(signals::name(reading), reading.name, "{} is in no resource", reading.key);
        }
    });
}
