//! Esc: from wherever the chat is, one step back, and nothing else.

use super::*;
use crate::app::Asks;
use crate::app::Level;
use crate::chat::Listed;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;

/// Counts the steps from where the chat is to the draft.
fn depth(model: &Model) -> usize {
    let asks = match (model.overlay(), model.picker().asks()) {
        (None, _) => 0,
        (Some(Overlay::Sessions), Asks::Delete | Asks::Title(_)) => 2,
        (Some(_), _) => 1,
    };
    let session = model.current();
    let bad = model.notice().is_some_and(|notice| notice.level == Level::Bad);
    let offers = !model.completions().is_empty();
    let editing = session.editing().is_some();
    let states = [bad, offers, session.block().is_some(), editing, session.reading().is_some()];
    asks + states.into_iter().filter(|state| *state).count()
}

/// A chat with an answer that has a block of code, and room for a sidebar.
fn chat() -> Chat {
    let mut chat = Chat::new();
    chat.send(Msg::Resize { width: 140, height: 40 });
    let state = LoadState::Ready(ModelInfo { pool_tokens: 4096, ..ModelInfo::default() });
    chat.send(Msg::Load { state, at: Duration::ZERO });
    chat.answered(0, "Why?", "So:\n\n```rust\nfn a() {}\n```\n[a](https://a.example)");
    chat
}

/// Where the chat may be when something is opened.
const BASES: [&str; 6] = ["", "a draft", "/se", "<Esc>", "<Esc><Tab>", "<Esc>e"];

/// What opens something, by key or by command.
const OPENS: [&str; 13] = [
    "<F1>",
    "<F2>",
    "<F3>",
    "<F4>",
    "<C-p>",
    "<C-p>sess",
    "<C-o>",
    "<C-o><C-e>",
    "<C-o><Del>",
    "<C-s>",
    "<C-s>words",
    "<C-r>",
    "<C-c>",
];

/// Tells the picker what is saved, as soon as it is open.
fn list(chat: &mut Chat) {
    let info = SessionInfo::new(SessionId(9), "quick", Timestamp(0));
    chat.send(Msg::Listed(vec![Listed { info, messages: 2, answering: false }]));
}

/// Presses keys; the picker gets its list when it is open.
fn press(chat: &mut Chat, keys: &str) {
    for key in parse(keys) {
        chat.key(key);
        if chat.model.overlay() == Some(Overlay::Sessions) && !chat.model.picker().is_listed() {
            list(chat);
        }
    }
}

fn steps_back(chat: &mut Chat, way: &str) {
    for _ in 0..8 {
        let before = depth(&chat.model);
        let (draft, sessions) = (chat.draft().to_owned(), chat.model.sessions().len());
        let rewords = chat.model.current().editing().is_some();
        let covered = chat.model.overlay().is_some();
        let effects = chat.keys("<Esc>");
        assert!(!effects.iter().any(|it| matches!(it, Effect::Generate { .. } | Effect::Exit)));
        assert_eq!(chat.model.sessions().len(), sessions, "{way}");
        if !rewords || covered {
            assert_eq!(chat.draft(), draft, "{way}");
        }
        if before == 0 {
            let reads = chat.model.current().reading().is_some();
            assert_eq!(reads, draft.is_empty(), "{way}: at the end the transcript gets the keys");
            return;
        }
        assert_eq!(depth(&chat.model), before - 1, "{way}: from {before}");
    }
    panic!("{way}: it does not lead back");
}

#[test]
fn esc_goes_one_step_back_from_everything_that_can_be_opened() {
    for base in BASES {
        for open in OPENS {
            let mut chat = chat();
            press(&mut chat, base);
            press(&mut chat, open);
            steps_back(&mut chat, &format!("{base}{open}"));
        }
    }
}

#[test]
fn esc_puts_completions_away_until_the_draft_changes() {
    let mut chat = chat();
    press(&mut chat, "/se");
    assert!(!chat.model.completions().is_empty());
    press(&mut chat, "<Esc>");
    assert_eq!((chat.model.completions(), chat.draft()), (Vec::new(), "/se"));
    press(&mut chat, "s");
    assert!(!chat.model.completions().is_empty());
}

#[test]
fn esc_leaves_a_question_about_a_file_a_session_or_a_failure() {
    let mut chat = chat();
    press(&mut chat, "<Esc>w");
    assert_eq!((chat.model.overlay(), depth(&chat.model)), (Some(Overlay::SaveTo), 2));
    steps_back(&mut chat, "save to");
    let mut chat = self::chat();
    press(&mut chat, "/route why<Enter>");
    steps_back(&mut chat, "why");
    let mut chat = self::chat();
    press(&mut chat, "<Esc>R");
    assert_eq!(depth(&chat.model), 2);
    steps_back(&mut chat, "answer once more");
    let mut chat = self::chat();
    chat.send(Msg::Lost(Fault::new("gone")));
    press(&mut chat, "<C-p>");
    assert_eq!(depth(&chat.model), 2);
    steps_back(&mut chat, "a failure");
    let mut chat = self::chat();
    chat.ask("More?");
    press(&mut chat, "<A-w>");
    assert_eq!(chat.model.overlay(), Some(Overlay::Close));
    press(&mut chat, "<Esc>");
    assert_eq!((chat.model.overlay(), chat.model.open_turns().count()), (None, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// However the chat came to be where it is.
    #[test]
    fn esc_leads_back_from_anywhere(
        keys in prop::collection::vec(
            prop::sample::select(vec![
                "<Esc>", "<F1>", "<F2>", "<F3>", "<F4>", "<C-p>", "<C-o>", "<C-s>", "<C-r>",
                "<C-c>", "<C-e>", "<Del>", "<Tab>", "<Up>", "<Down>", "<Left>", "<PgUp>", "<BS>",
                "a", "e", "w", "R", "h", "o", "/", "漢", "<C-u>", "<A-v>", "<A-t>",
            ]),
            0..16,
        ),
    ) {
        let mut chat = chat();
        let way = keys.concat();
        press(&mut chat, &way);
        if !chat.model.is_leaving() {
            steps_back(&mut chat, &way);
        }
    }
}
