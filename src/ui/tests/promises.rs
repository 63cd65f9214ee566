//! What holds for every screen, and what drawing it costs.

use super::*;

#[test]
fn without_colour_everything_is_there() {
    let mut stage = Stage::ready(80, 24);
    stage.answered(0, "Why is the sky blue?", RAYLEIGH);
    let coloured = stage.shot();
    stage.theme = Theme::plain();
    stage.send(Msg::Redraw);
    assert_eq!(stage.shot(), coloured);
    let cells = stage.terminal.backend().buffer().content();
    let ink = |cell: &ratatui::buffer::Cell| cell.fg == ratatui::style::Color::Reset;
    assert!(cells.iter().all(ink));
}

#[test]
fn any_size_draws_and_a_small_one_says_so() {
    for width in 0..45 {
        for height in 0..14 {
            let mut stage = Stage::ready(width.max(1), height.max(1));
            stage.answered(0, "Why is the sky 漢字 blue?", RAYLEIGH);
            stage.send(Msg::Paste("a\nb\nc\nd\ne 漢字".into()));
            let small = width < 20 || height < 5;
            assert_eq!(stage.shot().contains("window"), small && width >= 6);
            stage.plain(KeyCode::F(1));
        }
    }
}

#[test]
fn another_width_keeps_what_is_read_on_the_screen() {
    let mut stage = Stage::ready(80, 24);
    let numbers = (0..300).map(|n| format!("sentence number {n} of many.")).collect::<Vec<_>>();
    let text = numbers.join(" ");
    stage.answered(0, "Count", &text);
    stage.plain(KeyCode::PageUp);
    stage.plain(KeyCode::PageUp);
    let first = |stage: &Stage| {
        let rows = body(stage);
        let number = rows[0].split("number ").nth(1).and_then(|rest| rest.split(' ').next());
        number.and_then(|number| number.parse::<i32>().ok()).expect("a sentence")
    };
    let before = first(&stage);
    for width in [40, 120, 57, 80] {
        stage.terminal.backend_mut().resize(width, 24);
        stage.send(Msg::Resize { width, height: 24 });
        let now = first(&stage);
        // Each change may go up by what a row holds.
        assert!((now - before).abs() <= 6, "{width}: {now} instead of {before}");
        let shown = body(&stage);
        stage.send(Msg::Redraw);
        assert_eq!(body(&stage), shown, "the next frame is the same");
    }
}

/// The most bytes of an answer that its next token can change: one endless paragraph's.
const OPEN_TAIL: usize = 8 * 1024;

#[test]
fn a_frame_costs_what_is_on_the_screen_however_long_the_answer_is() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Write 50,000 words");
    stage.prefilled(0);
    let at = stage.at();
    for _ in 0..50_000 {
        let event = TurnEvent::Token(TokenEvent::Delta("word ".into()));
        stage.model.update(Msg::Turn { turn: TurnId(0), event, at });
    }
    stage.draw();
    let cost = |before: Stats, after: Stats| {
        (after.wrapped_bytes - before.wrapped_bytes, after.drawn_rows - before.drawn_rows)
    };
    let before = stage.view.stats();
    stage.send(Msg::Redraw);
    assert_eq!(cost(before, stage.view.stats()), (0, 19), "nothing new: nothing is wrapped");

    let before = stage.view.stats();
    stage.token(0, TokenEvent::Delta("more".into()));
    let (wrapped, rows) = cost(before, stage.view.stats());
    assert!(wrapped <= OPEN_TAIL && rows == 19, "{wrapped} bytes, {rows} rows");

    let before = stage.view.stats();
    stage.plain(KeyCode::PageUp);
    stage.finished(0, StopReason::EndOfTurn);
    stage.ask("short");
    let (wrapped, _) = cost(before, stage.view.stats());
    assert!(wrapped <= 2 * 80, "{wrapped} bytes");
}

#[test]
fn a_frame_looks_at_no_turn_that_has_ended() {
    let mut stage = Stage::ready(80, 24);
    for turn in 0..50 {
        stage.answered(turn, "again", "answer");
    }
    let before = stage.view.stats();
    stage.plain(KeyCode::Home);
    assert_eq!(stage.view.stats().laid_turns, before.laid_turns);
    stage.ask("more");
    stage.token(50, TokenEvent::Delta("word".into()));
    assert_eq!(stage.view.stats().laid_turns, before.laid_turns + 2);
}

#[test]
fn a_box_over_wide_characters_is_whole() {
    for width in [40, 41] {
        let mut stage = Stage::ready(width, 12);
        stage.ask("?");
        stage.streamed(0, &"漢".repeat(200));
        stage.key(Key::ctrl('d'));
        let shot = stage.shot();
        let edges = shot.lines().filter(|row| row.matches('│').count() == 2).count();
        assert_eq!(edges, 3, "{shot}");
    }
}

/// A terminal's screen that ratatui writes escape sequences to.
#[derive(Clone)]
struct Emulated(std::rc::Rc<std::cell::RefCell<vt100::Parser>>);

impl std::io::Write for Emulated {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().process(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn frame_upon_frame_leaves_nothing_behind() {
    let (width, height) = (40, 12);
    let screen = Emulated(std::rc::Rc::new(vt100::Parser::new(height, width, 0).into()));
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(screen.clone()), TerminalOptions { viewport })
            .expect("a terminal");
    let mut stage = Stage::ready(width, height);
    stage.ask("夜空はなぜ暗いのですか");
    stage.prefilled(0);
    let mut compare = |stage: &mut Stage| {
        let Stage { model, view, theme, .. } = stage;
        let drawn = terminal.draw(|frame| {
            draw(model, theme, view, frame.area(), frame.buffer_mut());
        });
        drawn.expect("a terminal draws");
        let rows = screen.0.borrow().screen().rows(0, width).collect::<Vec<_>>();
        let rows = rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n");
        assert_eq!(rows, stage.shot());
    };
    for _ in 0..6 {
        compare(&mut stage);
        stage.streamed(0, "これは夜空の話です。a漢b字c ");
        compare(&mut stage);
        for key in [KeyCode::F(1), KeyCode::Esc, KeyCode::PageUp, KeyCode::Char('漢')] {
            stage.plain(key);
            compare(&mut stage);
        }
        stage.key(Key::ctrl('d'));
        stage.key(Key::ctrl('u'));
        stage.key(Key::ctrl('d'));
        compare(&mut stage);
        stage.plain(KeyCode::Esc);
    }
}

#[test]
fn the_cursor_is_where_the_next_character_goes() {
    let mut stage = Stage::ready(40, 12);
    let cursor = |stage: &mut Stage| {
        let position = stage.terminal.get_cursor_position().expect("a cursor");
        (position.x, position.y)
    };
    assert_eq!(cursor(&mut stage), (2, 10));
    stage.send(Msg::Paste("漢字e\u{301}".into()));
    assert_eq!(cursor(&mut stage), (7, 10));
    stage.key(Key::alt(KeyCode::Enter));
    assert_eq!(cursor(&mut stage), (2, 10));
    stage.plain(KeyCode::Left);
    assert_eq!(cursor(&mut stage), (7, 9));
    stage.send(Msg::Paste("x".repeat(300)));
    let (x, y) = cursor(&mut stage);
    assert!(x < 40 && (7..11).contains(&y), "{x},{y}");
    let end = Key { code: KeyCode::Char('u'), mods: Mods { ctrl: true, ..Mods::default() } };
    stage.key(end);
    assert_eq!(cursor(&mut stage).0, 2);
}

#[test]
fn what_a_model_writes_is_drawn_clean() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Clear \u{1b}[2J my screen\u{7}");
    stage.prefilled(0);
    for part in ["\u{1b}", "]0;owned\u{7}a\u{9b}31mb", "\u{202e}c\u{8}"] {
        stage.token(0, TokenEvent::Delta(part.into()));
    }
    let shot = stage.shot();
    assert!(shot.contains("ab<U+202E>c"), "{shot}");
    assert!(!shot.contains("owned"), "{shot}");
    let cells = stage.terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| !cell.symbol().contains(char::is_control)));
}

/// One step of a random conversation on the screen.
#[derive(Clone, Debug)]
enum Step {
    Ask,
    Grow(String),
    Finish,
    Key(Key),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = vec![
        Key::plain(KeyCode::PageUp),
        Key::plain(KeyCode::PageDown),
        Key::plain(KeyCode::End),
        Key::plain(KeyCode::F(1)),
        Key::plain(KeyCode::Esc),
        Key::plain(KeyCode::Char('x')),
        Key::plain(KeyCode::Char('r')),
        Key::plain(KeyCode::Up),
        Key::plain(KeyCode::Left),
        Key::ctrl('n'),
        Key::alt(KeyCode::Char('p')),
    ];
    prop_oneof![
        2 => Just(Step::Ask),
        6 => "[a-c \n漢。👍🏽é\u{301}]{0,30}".prop_map(Step::Grow),
        2 => Just(Step::Finish),
        3 => prop::sample::select(keys).prop_map(Step::Key),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is kept between frames changes no cell of them.
    #[test]
    fn a_kept_view_draws_what_a_new_one_draws(steps in prop::collection::vec(step(), 0..60)) {
        let area = Rect::new(0, 0, 40, 12);
        let mut stage = Stage::ready(area.width, area.height);
        for step in steps {
            let running = stage.model.current().running().map(|turn| turn.id().0);
            match (step, running) {
                (Step::Ask, None) => stage.ask("why?"),
                (Step::Grow(text), Some(turn)) => stage.token(turn, TokenEvent::Delta(text)),
                (Step::Finish, Some(turn)) => stage.finished(turn, StopReason::EndOfTurn),
                (Step::Key(key), _) => stage.key(key),
                (Step::Ask, Some(_)) | (Step::Grow(_) | Step::Finish, None) => {}
            }
            let frame = |view: &mut View| {
                let mut buf = Buffer::empty(area);
                let drawn = draw(&stage.model, &stage.theme, view, area, &mut buf);
                (drawn, buf)
            };
            prop_assert_eq!(frame(&mut stage.view), frame(&mut View::default()));
        }
    }
}
