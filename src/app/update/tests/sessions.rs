//! Several sessions at once.

use super::*;
use crate::chat::Listed;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;

#[test]
fn each_streams_on_while_another_is_in_front() {
    let mut chat = Chat::new();
    chat.ask("one");
    chat.keys("draft one<C-n>");
    assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (2, 1));
    assert_eq!(chat.draft(), "");
    let second = chat.ask("two");
    assert_eq!(second.session, chat.model.current().id());
    let version = chat.model.version();
    chat.delta(0, "answer");
    assert_eq!(chat.model.version(), version, "not on the screen");
    chat.finish(0, StopReason::EndOfTurn);
    assert!(chat.model.sessions()[0].has_news());
    chat.keys("<A-p>");
    assert!(!chat.model.sessions()[0].has_news());
    assert_eq!((chat.draft(), chat.turn(0).answer()), ("draft one", "answer"));
    assert!(chat.model.sessions()[1].running().is_some());
}

#[test]
fn next_and_previous_go_around() {
    let mut chat = Chat::new();
    chat.keys("<C-n><C-n>");
    for (keys, wanted) in
        [("<A-n>", 0), ("<A-p>", 2), ("<C-PgUp>", 1), ("<C-PgDn>", 2), ("<A-1>", 0), ("<A-9>", 0)]
    {
        chat.keys(keys);
        assert_eq!(chat.model.current_index(), wanted, "{keys}");
    }
}

#[test]
fn closing_cancels_and_forgets() {
    let mut chat = Chat::ephemeral();
    chat.keys("<C-n>");
    let second = chat.ask("two").session;
    assert!(chat.keys("<A-w>").is_empty());
    assert_eq!(chat.model.overlay(), Some(Overlay::Close));
    assert!(chat.keys("n").is_empty());
    let effects = chat.keys("/close<Enter>y");
    assert_eq!(effects, [Effect::Cancel(TurnId(0)), Effect::Forget(second)]);
    assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (1, 0));
    chat.delta(0, "late");
    assert_eq!(chat.model.open_turns().collect::<Vec<_>>(), [TurnId(0)]);
    chat.finish(0, StopReason::Cancelled);
    assert_eq!(chat.model.open_turns().count(), 0);
}

#[test]
fn the_only_session_makes_way_for_a_new_one() {
    let mut chat = Chat::ephemeral();
    chat.answered(0, "one", "answer");
    assert_eq!(chat.keys("<A-w>y"), [Effect::Forget(SessionId(0))]);
    assert_eq!((chat.model.sessions().len(), chat.model.current_index()), (1, 0));
    assert_ne!(chat.model.current().id(), SessionId(0));
    assert!(chat.model.current().turns().is_empty());
}

#[test]
fn the_sidebar_is_gone_to_and_put_away_where_there_is_room_and_a_click_leads_to_its_session() {
    let mut chat = Chat::new();
    let settings = Settings { sidebar: true, ..Settings::default() };
    chat.model = Model::new(settings, SessionId(0), 120, 40);
    assert!(chat.model.has_sidebar());
    chat.keys("<F3>");
    assert_eq!(chat.model.overlay(), Some(Overlay::Sidebar(0)));
    chat.keys("<F3>");
    assert_eq!((chat.model.has_sidebar(), chat.model.overlay()), (false, None));
    chat.keys("/sidebar<Enter><Esc>");
    assert_eq!((chat.model.has_sidebar(), chat.model.overlay()), (true, None));
    chat.keys("<C-n>");
    assert_eq!(chat.model.current_index(), 1);
    chat.send(Msg::ClickSession(SessionId(0)));
    assert_eq!(chat.model.current_index(), 0);
    let other = chat.model.sessions()[1].id();
    chat.keys("<F1>");
    chat.send(Msg::ClickSession(other));
    assert_eq!(chat.model.current_index(), 0, "what lies on top has the mouse");
    chat.keys("<Esc>");
    // One that is not open is read.
    assert_eq!(chat.send(Msg::ClickSession(SessionId(99))), [Effect::Open(SessionId(99))]);
    assert_eq!(chat.model.current_index(), 0);
    // Where there is no room the key shows the picker.
    chat.send(Msg::Resize { width: 80, height: 24 });
    assert_eq!(chat.keys("<F3>"), [Effect::List]);
    assert_eq!(chat.model.overlay(), Some(Overlay::Sessions));
    assert!(chat.model.has_sidebar());
}

fn saved(id: u128, title: &str) -> Listed {
    let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
    info.title = title.to_owned();
    Listed { info, messages: 2, answering: false }
}

#[test]
fn saved_sessions_stand_below_the_open_ones_and_enter_opens_them() {
    let mut chat = Chat::new();
    let settings = Settings { sidebar: true, ..Settings::default() };
    chat.model = Model::new(settings, SessionId(0), 120, 40);
    let effects = chat.send(Msg::Redraw);
    assert_eq!(effects, [Effect::Recent]);
    assert_eq!(chat.send(Msg::Changed), [Effect::Recent]);
    chat.send(Msg::Recent(vec![saved(7, "a\u{1b}[2Jb"), saved(0, "open"), saved(8, "")]));
    let titles = |chat: &Chat| -> Vec<String> {
        chat.model.recent().map(|it| it.title.as_str().to_owned()).collect()
    };
    assert_eq!(titles(&chat), ["ab", "(no question yet)"], "the open one stands above");
    let version = chat.model.version();
    chat.send(Msg::Recent(vec![saved(7, "a\u{1b}[2Jb"), saved(0, "open"), saved(8, "")]));
    assert_eq!(chat.model.version(), version, "nothing new, nothing to draw");
    assert_eq!(chat.keys("<F3><Down><Down><Down><Enter>"), [Effect::Open(SessionId(8))]);
    assert_eq!(chat.model.overlay(), None);
    assert_eq!(chat.keys("<F3><Down><Esc>"), []);
    chat.keys("<F3><Up><Enter>");
    assert_eq!((chat.model.overlay(), chat.model.current_index()), (None, 0));
    // A smaller screen has no sidebar that could keep the keys, nor asks for what stands there.
    chat.keys("<F3>");
    assert_eq!(chat.send(Msg::Resize { width: 80, height: 24 }), []);
    assert_eq!((chat.model.overlay(), chat.send(Msg::Changed)), (None, Vec::new()));
}

#[test]
fn an_ephemeral_chat_shows_no_saved_sessions() {
    let mut chat = Chat::new();
    let settings = Settings { sidebar: true, ephemeral: true, ..Settings::default() };
    chat.model = Model::new(settings, SessionId(0), 120, 40);
    assert_eq!(chat.send(Msg::Redraw), []);
}
