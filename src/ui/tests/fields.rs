//! Where the cursor stands while something is typed on top: where the next character goes.

use super::*;

/// What an overlay is called, and what opens it.
type Field = (&'static str, fn(&mut Stage));

/// Opens each overlay that is typed into.
fn fields() -> Vec<Field> {
    vec![
        ("palette", |stage| stage.key(Key::ctrl('p'))),
        ("sessions", |stage| {
            stage.key(Key::ctrl('o'));
            stage.send(Msg::Listed(vec![]));
        }),
        ("title", |stage| {
            let mut info = SessionInfo::new(SessionId(9), "quick", Timestamp(0));
            info.title = "old".into();
            stage.key(Key::ctrl('o'));
            stage.send(Msg::Listed(vec![Listed { info, messages: 2, answering: false }]));
            stage.key(Key::ctrl('e'));
        }),
        ("search", |stage| stage.key(Key::ctrl('s'))),
        ("save to", |stage| {
            stage.plain(KeyCode::Esc);
            stage.plain(KeyCode::Char('w'));
        }),
    ]
}

fn cursor(stage: &mut Stage) -> (u16, u16) {
    let position = stage.terminal.get_cursor_position().expect("a cursor");
    (position.x, position.y)
}

/// Returns what stands before the cursor in its row.
fn before(stage: &mut Stage) -> String {
    let (x, y) = cursor(stage);
    let buffer = stage.terminal.backend().buffer();
    let mut shown = String::new();
    let mut at = 0;
    while at < x {
        let symbol = buffer[(at, y)].symbol();
        shown.push_str(symbol);
        at += u16::try_from(crate::text::width(symbol)).expect("small").max(1);
    }
    shown
}

#[test]
fn the_cursor_stands_behind_what_is_typed_in_every_field() {
    for (width, height) in SIZES {
        for (name, open) in fields() {
            let mut stage = Stage::ready(width, height);
            stage.answered(0, "Why?", "So.");
            open(&mut stage);
            for typed in ["漢", "字", "e\u{301}", " b"] {
                typed.chars().for_each(|c| stage.plain(KeyCode::Char(c)));
                let before = before(&mut stage);
                assert!(before.ends_with(typed), "{name} at {width}x{height}: {before:?}");
            }
            let (x, y) = cursor(&mut stage);
            stage.plain(KeyCode::Backspace);
            assert_eq!(cursor(&mut stage), (x - 1, y), "{name}");
            // More than fits: the end is what is seen.
            stage.send(Msg::Paste("x".repeat(150) + "end"));
            let before = before(&mut stage);
            assert!(before.ends_with("xend") && before.contains('…'), "{name}: {before:?}");
            assert!(cursor(&mut stage).0 < width, "{name}");
        }
    }
}

#[test]
fn what_is_only_read_has_no_cursor() {
    for key in [Key::plain(KeyCode::F(1)), Key::plain(KeyCode::F(2)), Key::ctrl('c')] {
        let mut stage = Stage::ready(80, 24);
        stage.key(key);
        let Stage { model, view, theme, .. } = &mut stage;
        let area = Rect::new(0, 0, 80, 24);
        let drawn = draw(model, theme, view, area, &mut Buffer::empty(area));
        assert_eq!(drawn.cursor, None, "{key:?}");
    }
}
