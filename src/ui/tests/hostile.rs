//! Hostile text in every place that shows text: nothing but cells change.

use unicode_segmentation::UnicodeSegmentation as _;

use super::*;

/// Sequences, controls and invisible characters that drive, fool or break terminals.
pub(super) fn payloads() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    // Every CSI by its last byte, with and without parameters, in both forms.
    for last in 0x40..=0x7e_u8 {
        let last = char::from(last);
        all.push(format!("\x1b[2{last}"));
        all.push(format!("\u{9b}?1049;5{last}"));
    }
    // Commands to the operating system: titles, colours, links, the clipboard, files, prompts.
    let osc = [
        "0;t",
        "1;t",
        "2;t",
        "4;1;red",
        "7;file://x",
        "8;;http://x",
        "9;note",
        "10;?",
        "11;?",
        "12;?",
        "50;font",
        "52;c;cm0gLXJm",
        "52;p;?",
        "104",
        "133;A",
        "633;E;rm",
        "777;notify;a;b",
        "1337;File=inline=1:AA==",
        "1337;SetProfile=x",
        "L;x",
        "l;x",
    ];
    for body in osc {
        for end in ["\x07", "\x1b\\", "\u{9c}", "", "\x18", "\x1b"] {
            all.push(format!("\x1b]{body}{end}"));
        }
        all.push(format!("\u{9d}{body}\u{9c}"));
    }
    // Strings for devices, programs and nobody.
    for begin in
        ["\x1bP", "\x1bX", "\x1b^", "\x1b_", "\x1bk", "\u{90}", "\u{98}", "\u{9e}", "\u{9f}"]
    {
        for body in ["$q\"p", "+q544e", "Gf=100;AAAA", "tmux;\x1b\x1b]52;c;eA==\x07", "title"] {
            all.push(format!("{begin}{body}\x1b\\"));
            all.push(format!("{begin}{body}"));
        }
    }
    // Every other escape, every control.
    all.extend((0x20..=0x7e_u8).map(|byte| format!("\x1b{}", char::from(byte))));
    all.extend((0..=0x1f_u8).chain([0x7f]).map(|byte| char::from(byte).to_string()));
    all.extend((0x80..=0x9f_u32).filter_map(char::from_u32).map(String::from));
    // What reorders, hides or smuggles.
    let hidden = (0x200b..=0x200f).chain(0x2028..=0x202e).chain(0x2060..=0x206f);
    let hidden = hidden.chain([0xad, 0x180e, 0xfeff, 0xfff9, 0xfffb, 0xe0001, 0xe0041, 0xe007f]);
    all.extend(hidden.filter_map(char::from_u32).map(|c| format!("a{c}b")));
    all.push(format!("e{}", "\u{301}".repeat(500)));
    all.push("\x1b]52;c;".to_owned() + &"QUFB".repeat(2000));
    all.push("\x1b\x1b\x1b[[[2J\x1b[3\x18J\x1b[".to_owned());
    all
}

/// Counts whatever a terminal is asked for beside cells.
#[derive(Default)]
struct Asked(Vec<String>);

impl vt100::Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".into());
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {data:?}"));
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.0.push(format!("character {c:?}"));
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("control {byte}"));
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, a: Option<u8>, b: Option<u8>, c: u8) {
        self.0.push(format!("escape {a:?} {b:?} {c}"));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parts: &[&[u8]]) {
        self.0.push(format!("osc {parts:?}"));
    }
}

/// Draws the stage into bytes and has them read by a terminal: what it shows is what was drawn, and
/// nothing else was asked of it.
pub(super) fn check(stage: &mut Stage, what: &str) {
    let area = *stage.terminal.backend().buffer().area();
    let mut bytes = Vec::new();
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    let backend = CrosstermBackend::new(&mut bytes);
    let mut terminal = Terminal::with_options(backend, options).expect("a terminal of bytes");
    let (mut view, model, theme) = (View::default(), &stage.model, &stage.theme);
    let drawn = terminal.draw(|frame| {
        draw(model, theme, &mut view, frame.area(), frame.buffer_mut());
    });
    drawn.expect("it draws");
    drop(terminal);
    let mut parser =
        vt100::Parser::new_with_callbacks(area.height, area.width, 0, Asked::default());
    // This terminal has no cell for the replacement character.
    let held = |text: &str| text.replace('\u{fffd}', "?");
    parser.process(held(&String::from_utf8(bytes).expect("text")).as_bytes());
    assert_eq!(parser.callbacks().0, Vec::<String>::new(), "{what:?}");
    let screen = parser.screen();
    assert!(!screen.alternate_screen() && !screen.bracketed_paste(), "{what:?}");
    let shot = held(&stage.shot());
    // Nor does it know that characters are joined: where they are, its columns are others.
    let wide = |c: char| crate::text::width(c.encode_utf8(&mut [0; 4]));
    if shot.graphemes(true).any(|it| crate::text::width(it) != it.chars().map(wide).sum::<usize>())
    {
        return;
    }
    for (y, line) in (0..).zip(shot.lines()) {
        let Rect { width, .. } = area;
        let shown = screen.rows(0, width).nth(y).unwrap_or_default();
        assert_eq!(shown.trim_end(), line.trim_end(), "row {y} with {what:?}");
    }
}

#[test]
fn nothing_but_cells_change_whatever_a_text_holds() {
    let payloads = payloads();
    assert!(payloads.len() >= 300, "{} payloads", payloads.len());
    for payload in &payloads {
        let mut stage = Stage::ready(80, 24);
        stage.answered(0, &format!("q {payload} q"), &format!("a {payload} a\n\n```x{payload}\nc{payload}c\n```\n\n[l{payload}](https://x{payload}/)\n"));
        stage.send(Msg::Paste(format!("/rename t{payload}t")));
        stage.plain(KeyCode::Enter);
        stage.send(Msg::Told(format!("n{payload}n")));
        stage.send(Msg::Paste(format!("d{payload}d")));
        check(&mut stage, payload);
    }
}

#[test]
fn a_link_is_only_ever_a_link() {
    for payload in payloads() {
        let mut stage = Stage::ready(60, 12);
        stage.view = View::with_hyperlinks();
        stage.answered(0, "q", &format!("[l](https://x{payload}/) [m](file:///{payload})"));
        let buffer = stage.terminal.backend().buffer();
        for cell in buffer.content() {
            let symbol = cell.symbol();
            let bare = symbol.strip_prefix("\x1b]8;;").and_then(|rest| {
                let (address, rest) = rest.split_once("\x1b\\")?;
                assert!(address.starts_with("https://x"), "{address:?}");
                assert!(address.bytes().all(|byte| (0x21..0x7f).contains(&byte)), "{address:?}");
                rest.strip_suffix("\x1b]8;;\x1b\\")
            });
            let bare = bare.unwrap_or(symbol);
            assert!(!bare.contains(|c: char| c.is_control()), "{symbol:?} of {payload:?}");
        }
    }
}

#[test]
fn a_storm_of_sizes_leaves_the_last_frame_right() {
    let mut stage = Stage::ready(80, 24);
    stage.answered(0, "Why is the sky blue?", &RAYLEIGH.repeat(3));
    stage.ask("Again?");
    stage.prefilled(1);
    let mut seed = 7_u32;
    let mut random = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u16::try_from((seed >> 8) % most + 1).expect("small")
    };
    for round in 0..2000 {
        let (width, height) = match round % 250 {
            0 => (500, 200),
            1 => (1, 1),
            _ => (random(90), random(30)),
        };
        stage.terminal.backend_mut().resize(width, height);
        stage.send(Msg::Resize { width, height });
        if round % 20 == 0 {
            stage.token(1, TokenEvent::Delta("word ".into()));
        }
    }
    stage.terminal.backend_mut().resize(80, 24);
    stage.send(Msg::Resize { width: 80, height: 24 });
    let kept: Vec<String> = rows_of(stage.terminal.backend().buffer());
    let fresh: Vec<String> = stage.shot().lines().map(|line| line.trim_end().to_owned()).collect();
    assert_eq!(kept, fresh);
}

/// Returns the rows of a buffer as text.
fn rows_of(buffer: &Buffer) -> Vec<String> {
    let area = *buffer.area();
    let row = |y: u16| {
        let mut text = String::new();
        let mut x = 0;
        while x < area.width {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(crate::text::width(symbol)).unwrap_or(1).max(1);
        }
        text.trim_end().to_owned()
    };
    (0..area.height).map(row).collect()
}
