//! Acting on text: what is marked, copied, saved and followed; lists; large pastes; deletions.

use super::Chat;
use crate::app::Effect;
use crate::app::Msg;
use crate::app::Overlay;
use crate::chat::StopReason;
use crate::text::Clean;

const CODE: &str = "Two ways:\n\n```rust\nfn a() {}\n```\n\n- or\n\n  ```sh\n  ls\n  ```\n";

fn copied(effects: &[Effect]) -> (String, String) {
    match effects {
        [Effect::Copy { text, what }] => (text.as_str().to_owned(), what.clone()),
        effects => panic!("{effects:?}"),
    }
}

fn said(chat: &Chat) -> String {
    chat.model.notice().map(|notice| notice.text.as_str().to_owned()).unwrap_or_default()
}

#[test]
fn what_is_marked_is_copied_as_it_was_written() {
    let mut chat = Chat::new();
    chat.answered(0, "How?", "**So** it [is](https://a.example).");
    chat.answered(1, "Code?", CODE);
    assert_eq!(copied(&chat.keys("<Esc>y")), (CODE.to_owned(), "the message".into()));
    assert_eq!(copied(&chat.keys("c")), ("ls\n".to_owned(), "the sh block".into()));
    assert_eq!(copied(&chat.keys("<Tab>y")), ("fn a() {}\n".to_owned(), "the rust block".into()));
    assert_eq!(copied(&chat.keys("]c")), ("ls\n".to_owned(), "the sh block".into()));
    assert!(chat.keys("]").is_empty());
    assert_eq!(said(&chat), "no code block behind this one");
    assert_eq!(copied(&chat.keys("[y")).0, "fn a() {}\n");
    assert_eq!(copied(&chat.keys("ky")).0, "Code?", "another message has no marked block");
    assert_eq!(copied(&chat.keys("ky")).0, "**So** it [is](https://a.example).");
    let (session, what) = copied(&chat.keys("Y"));
    assert_eq!(what, "the session");
    assert_eq!(
        session,
        format!(
            "# How?\n\n## You\n\nHow?\n\n## Answer\n\n**So** it [is](https://a.example).\n\n\
             ## You\n\nCode?\n\n## Answer\n\n{}\n",
            CODE.trim_end()
        )
    );
}

#[test]
fn nothing_hostile_is_copied() {
    let mut chat = Chat::new();
    chat.answered(0, "x", "```\n\u{1b}]52;c;eA==\u{7}rm\u{202e} -rf\n```\n");
    assert_eq!(copied(&chat.keys("<Esc>c")).0, "rm<U+202E> -rf\n");
}

#[test]
fn a_block_is_saved_to_the_file_that_is_named() {
    let mut chat = Chat::new();
    chat.answered(0, "Code?", CODE);
    assert!(chat.keys("<Esc><Tab>w").is_empty());
    assert_eq!((chat.model.overlay(), chat.model.line()), (Some(Overlay::SaveTo), "answer.rs"));
    let effects = chat.keys("<C-u>~/x.rs<Enter>");
    let write = Effect::Write { path: "~/x.rs".into(), text: Clean::new("fn a() {}\n") };
    assert_eq!(effects, [write]);
    assert!(chat.keys("w<Esc>").is_empty());
    assert_eq!(chat.model.overlay(), None);
    assert!(chat.model.current().reading().is_some(), "one step back, and no further");
}

#[test]
fn one_link_is_opened_and_of_several_one_is_chosen() {
    let mut chat = Chat::new();
    chat.answered(0, "Where?", "[here](https://a.example/x), not [this](file:///etc/passwd)");
    let opened = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Follow(address)] => address.as_str().to_owned(),
        effects => panic!("{effects:?}"),
    };
    assert_eq!(opened(chat.keys("<Esc>o")), "https://a.example/x");
    chat.keys("<Esc>");
    chat.answered(1, "More?", "<https://b.example> and https://c.example/d.");
    assert!(chat.keys("<Esc>o").is_empty());
    assert_eq!(chat.model.palette().shown().len(), 2);
    assert_eq!(opened(chat.keys("c.ex<Enter>")), "https://c.example/d");
    chat.keys("k");
    assert!(chat.keys("o").is_empty());
    assert_eq!(said(&chat), "there is no link in it");
}

#[test]
fn reasoning_is_no_part_of_the_answer() {
    let mut chat = Chat::new();
    chat.ask("Why?");
    for text in ["<th", "ink>\nlet me", " see\n</thi"] {
        chat.delta(0, text);
    }
    assert!(chat.turn(0).is_thinking());
    chat.wait(1500);
    chat.delta(0, "nk>\n\nBecause.");
    assert_eq!(chat.turn(0).shown_thought().as_str().trim(), "let me see");
    assert_eq!(chat.turn(0).shown_answer().as_str(), "Because.");
    assert_eq!(chat.turn(0).thought_for().map(|took| took.as_millis()), Some(1500));
    chat.finish(0, StopReason::EndOfTurn);
    assert_eq!(chat.turn(0).answer(), "<think>\nlet me see\n</think>\n\nBecause.");
    assert_eq!(copied(&chat.keys("<Esc>y")).0, "Because.");
}

#[test]
fn every_command_is_in_the_palette_and_some_key_leads_there() {
    let mut chat = Chat::new();
    chat.keys("<C-p>");
    assert_eq!(chat.model.overlay(), Some(Overlay::Palette));
    assert!(chat.model.palette().shown().len() > 30);
    chat.keys("searchall<Enter>");
    assert_eq!(chat.model.overlay(), Some(Overlay::Search));
    chat.keys("<Esc><C-p>rename<Enter>");
    assert_eq!(chat.draft(), "/rename ", "what needs words waits for them");
    chat.keys("<C-u><C-p>zzzz<Enter>");
    assert_eq!(chat.model.overlay(), Some(Overlay::Palette), "nothing is chosen");
    chat.keys("<Esc>");
    assert_eq!(chat.model.overlay(), None);
}

#[test]
fn a_command_is_completed() {
    let mut chat = Chat::new();
    chat.keys("/se");
    let names: Vec<_> = chat.model.completions().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["/sessions", "/search"]);
    chat.keys("<Tab>");
    assert_eq!(chat.draft(), "/sessions ");
    assert!(chat.model.completions().is_empty());
    chat.keys("<C-u>/srch<Tab>");
    assert_eq!(chat.draft(), "/search ");
    chat.keys("<C-u>/usr/bin<Tab>");
    assert_eq!(chat.draft(), "/usr/bin");
}

#[test]
fn earlier_prompts_are_found_and_come_back() {
    let mut chat = Chat::new();
    assert!(chat.keys("<C-r>").is_empty());
    assert_eq!(chat.model.overlay(), None);
    chat.answered(0, "Why is the sky blue?", "So.");
    chat.answered(1, "And the sea?", "So.");
    chat.keys("<C-r>blue<Enter>");
    assert_eq!(chat.draft(), "Why is the sky blue?");
    chat.keys("<C-u><C-r>");
    let shown: Vec<_> =
        chat.model.palette().shown().map(|choice| choice.label.as_str().to_owned()).collect();
    assert_eq!(shown, ["And the sea?", "Why is the sky blue?"], "the newest first, each once");
}

#[test]
fn what_was_deleted_is_put_back() {
    let mut chat = Chat::new();
    chat.keys("one two three<C-w><C-w>");
    assert_eq!(chat.draft(), "one ");
    chat.keys("<C-a><C-y>");
    assert_eq!(chat.draft(), "two threeone ", "deletions that follow each other are one");
    chat.keys("<End>x<C-u>");
    assert_eq!(chat.draft(), "");
    chat.keys("<C-y>");
    assert_eq!(chat.draft(), "two threeone x");
    chat.keys("<A-y>");
    assert_eq!(chat.draft(), "two three");
    chat.keys("<A-y>");
    assert_eq!(chat.draft(), "two threeone x", "round the ring");
    chat.keys("<C-_><C-_>");
    assert!(chat.keys("<C-n><C-y>").is_empty());
    assert_eq!(chat.draft(), "two threeone x", "in another session as well");
}

#[test]
fn a_large_paste_is_one_line_and_is_sent_whole() {
    let mut chat = Chat::new();
    let paste = "line of text\n".repeat(40);
    chat.keys("look: ");
    chat.send(Msg::Paste(paste.clone()));
    assert_eq!(chat.draft(), "look: [paste 1: 40 lines, 520 B, ~130 tok]");
    chat.keys("<Left>");
    assert_eq!(chat.model.current().composer().cursor(), 6, "the cursor goes over it at once");
    chat.keys("<End><BS>");
    assert_eq!(chat.draft(), "look: ");
    chat.keys("<C-_>");
    assert_eq!(chat.model.current().composer().whole(), format!("look: {paste}"));
    let effects = chat.keys("<Enter>");
    let [Effect::Generate { generation, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let sent = generation.messages.last().expect("a message").plain();
    assert_eq!(sent, format!("look: {}", paste.trim_end()));
}

#[test]
fn a_large_paste_is_unfolded_on_demand() {
    let mut chat = Chat::new();
    let paste = "x".repeat(3000);
    chat.send(Msg::Paste(paste.clone()));
    assert!(chat.draft().starts_with("[paste 1: 1 lines, 3.0 kB"), "{}", chat.draft());
    chat.keys("<A-e>");
    assert_eq!(chat.draft(), paste);
    chat.keys("<C-_>");
    assert!(chat.draft().starts_with("[paste 1"));
}

#[test]
fn the_editor_gets_the_whole_draft_and_gives_one_back() {
    let mut chat = Chat::new();
    chat.keys("abc");
    assert_eq!(chat.keys("<C-g>"), [Effect::Edit("abc".into())]);
    chat.send(Msg::Edited("abc\ndef\n".into()));
    assert_eq!(chat.draft(), "abc\ndef");
    chat.keys("<C-_><C-_>");
    assert_eq!(chat.draft(), "abc", "it can be undone");
}

#[test]
fn the_mouse_scrolls_marks_and_copies_and_is_let_go() {
    let mut chat = Chat::new();
    chat.answered(0, "Code?", CODE);
    let answer = chat.turn(0).replied().expect("an answer").id;
    assert!(chat.send(Msg::Click { message: answer, block: None }).is_empty());
    assert_eq!(chat.model.current().reading(), Some(answer));
    let effects = chat.send(Msg::Click { message: answer, block: Some(1) });
    assert_eq!(copied(&effects).0, "ls\n");
    assert_eq!(chat.keys("<A-m>"), [Effect::Mouse(false)]);
    assert_eq!(chat.keys("<A-m>"), [Effect::Mouse(true)]);
}

#[test]
fn esc_goes_one_step_back_and_nothing_is_lost() {
    let mut chat = Chat::new();
    chat.answered(0, "Code?", CODE);
    chat.keys("<Esc><Tab>");
    assert!(chat.model.current().block().is_some());
    chat.keys("<Esc>");
    assert!(chat.model.current().block().is_none(), "from the block to its message");
    assert!(chat.model.current().reading().is_some());
    chat.keys("<Esc>");
    assert!(chat.model.current().reading().is_none(), "from the message to the draft");
    for overlay in ["<F1>", "<C-p>", "<C-s>", "<C-o>"] {
        chat.keys(overlay);
        assert!(chat.model.overlay().is_some(), "{overlay}");
        chat.keys("<Esc>");
        assert!(chat.model.overlay().is_none(), "{overlay}");
    }
}
