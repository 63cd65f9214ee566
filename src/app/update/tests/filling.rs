//! Prompts of the library, and files, in a draft.

use super::Chat;
use crate::app::Effect;
use crate::app::Model;
use crate::app::Msg;
use crate::app::Settings;
use crate::chat::Fault;
use crate::chat::SessionId;
use crate::prompt::Form;

fn chat() -> Chat {
    let mut chat = Chat::new();
    let form = |text: &str| Form::parse(text);
    let prompts = vec![
        ("haiku".to_owned(), form("A haiku, please.")),
        ("review".to_owned(), form("Review this {{language}} for {{focus}}:\n{{input}}")),
    ];
    let settings = Settings { prompts, ..chat.model.settings().clone() };
    chat.model = Model::new(settings, SessionId(0), 80, 24);
    chat
}

fn asked(effects: &[Effect]) -> String {
    match effects {
        [Effect::Generate { generation, .. }] => {
            generation.messages.last().expect("a message").plain()
        }
        effects => panic!("{effects:?}"),
    }
}

#[test]
fn a_prompt_of_the_library_is_asked_by_its_name() {
    let mut chat = chat();
    assert_eq!(asked(&chat.keys("/haiku<Enter>")), "A haiku, please.");
    assert!(chat.keys("/ha").is_empty());
    assert_eq!(chat.model.completions()[0].0, "/haiku");
}

#[test]
fn fields_are_filled_in_where_they_are_missing() {
    let mut chat = chat();
    assert!(chat.keys("/review let x;<Enter>").is_empty());
    assert_eq!(chat.draft(), "/review\nlanguage=\nfocus=\nlet x;");
    chat.keys("Rust<Down>speed");
    assert_eq!(asked(&chat.keys("<Enter>")), "Review this Rust for speed:\nlet x;");
    assert_eq!(chat.draft(), "");
}

#[test]
fn fields_stand_before_the_question() {
    let mut chat = chat();
    let effects = chat.keys("/review language=Rust focus=speed let x = 1;<Enter>");
    assert_eq!(asked(&effects), "Review this Rust for speed:\nlet x = 1;");
}

#[test]
fn files_are_read_before_a_question_is_asked_and_the_draft_stays_if_they_cannot() {
    let mut chat = chat();
    let attach = |chat: &mut Chat| {
        let effects = chat.keys("<Enter>");
        let [Effect::Attach { question, words }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        (question.clone(), words.clone())
    };
    chat.send(Msg::Paste("what is in @src/lib.rs and a@b.example?".into()));
    let (question, words) = attach(&mut chat);
    assert_eq!(words, ["src/lib.rs"]);
    assert!(chat.send(Msg::Attached(Err(Fault::new("no file src/lib.rs")))).is_empty());
    assert_eq!(chat.draft(), question);
    attach(&mut chat);
    let effects = chat.send(Msg::Attached(Ok(format!("file\n\n{question}"))));
    assert_eq!(asked(&effects), format!("file\n\n{question}"));
    assert_eq!(chat.draft(), "");
}

#[test]
fn what_was_written_meanwhile_is_not_lost() {
    let mut chat = chat();
    chat.send(Msg::Paste("@a.rs".into()));
    assert_eq!(chat.keys("<Enter>").len(), 1);
    chat.keys("x");
    assert!(chat.send(Msg::Attached(Ok("whole".into()))).is_empty());
    assert_eq!(chat.draft(), "@a.rsx");
}

#[test]
fn the_name_of_a_file_is_completed() {
    let mut chat = chat();
    let effects = chat.keys("see @sr");
    assert_eq!(effects.last(), Some(&Effect::Files("sr".into())));
    let names = vec!["src/".to_owned(), "Cargo.toml".to_owned(), "bad\u{1b}[2J".to_owned()];
    chat.send(Msg::Files { asked: "sr".into(), names });
    assert_eq!(chat.model.completions()[0].0, "@src/");
    assert_eq!(chat.keys("<Tab>"), [Effect::Files("src/".into())]);
    assert_eq!(chat.draft(), "see @src/");
    chat.send(Msg::Files { asked: "sr".into(), names: vec!["old".into()] });
    assert!(chat.model.completions().is_empty(), "an answer to an older question");
    chat.send(Msg::Files { asked: "src/".into(), names: vec!["src/lib.rs".into()] });
    chat.keys("<Tab>");
    assert_eq!(chat.draft(), "see @src/lib.rs ");
}
