use std::iter;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vt100::Callbacks;
use vt100::Parser;
use vt100::Screen;

use super::*;

fn clean(raw: &str) -> String {
    Clean::new(raw).into_string()
}

/// Gives what each push lets through, and then `finish`.
fn pushes(chunks: &[&str]) -> Vec<String> {
    let mut cleaner = Cleaner::new();
    let mut given: Vec<_> = chunks.iter().map(|raw| cleaner.push(raw).into_string()).collect();
    given.push(cleaner.finish().into_string());
    given
}

#[track_caller]
fn assert_cleaned(samples: &[(&str, &str)]) {
    for (raw, shown) in samples {
        assert_eq!(clean(raw), *shown, "{raw:?}");
    }
}

#[test]
fn sequences_are_dropped_whole() {
    assert_cleaned(&[
        ("a\x1b[31;1mb\x1b[0mc", "abc"),
        ("a\x1b[?1049hb\x1b[>4;2mc\x1b[2 qd", "abcd"),
        ("a\u{9b}31mb", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1b]52;c;ZXZpbA==\u{9c}b", "ab"),
        ("a\u{9d}0;title\x07b", "ab"),
        ("a\x1bPq#0;2;0;0;0\x1b\\b\u{90}1$r\u{9c}c", "abc"),
        ("a\x1bXsos\x07still\x1b\\b\u{98}sos\u{9c}c", "abc"),
        ("a\x1b^pm\x1b\\b\u{9e}pm\x1b\\c", "abc"),
        ("a\x1b_Gf=100;AAAA\x1b\\b\u{9f}apc\u{9c}c", "abc"),
        ("a\x1bktitle\x1b\\b", "ab"),
        ("a\x1b(Bb\x1b%Gc\x1b#8d", "abcd"),
        ("a\x1bcb\x1b7c\x1b=d\x1bMe", "abcde"),
        ("a\x1bPtmux;\x1b\x1b]52;c;ZXZpbA==\x07\x1b\\b", "ab"),
    ]);
}

#[test]
fn a_sequence_ends_early_where_a_terminal_ends_it() {
    assert_cleaned(&[
        ("a\x1b[31\x18b\x1b]0;t\x1ac", "abc"),
        ("a\x1b[3\x1b[4mb", "ab"),
        ("a\x1b]0;t\x1b[1mb", "ab"),
        ("a\x1b[3\n1mb", "a\nb"),
        ("a\x1b[31éb", "aéb"),
        ("a\x1bé", "aé"),
        ("a\x1b[31", "a"),
        ("a\x1b", "a"),
        ("a\u{85}b\u{84}c", "abc"),
    ]);
}

#[test]
fn a_stray_introducer_swallows_no_answer() {
    let answer = "word ".repeat(1000);
    for introducer in ["\x1b]", "\x1bP", "\x1b_", "\x1bk", "\u{98}"] {
        assert_eq!(clean(&format!("{introducer}{answer}")), answer);
        assert_eq!(clean(&format!("{introducer}short")), "short");
    }
    // Quotation marks in UTF-8 that were read as Latin-1.
    let quotes = "â\u{80}\u{9c}one\u{e2}\u{80}\u{9d} two â\u{80}\u{9d} three";
    assert_eq!(clean(quotes), "âoneâ two â three");
    let digits = "1".repeat(5000);
    assert_eq!(clean(&format!("\x1b[{digits}")), digits);
    // At the cap it shows; it does not wait for the end.
    let given = pushes(&["\x1b]", &"x".repeat(4096), "y", "z"]);
    assert_eq!(given[..2], ["", ""]);
    assert_eq!(given[2].len(), 4097);
    assert_eq!(given[3..], ["z", ""]);
    // Up to the cap a sequence is one.
    assert_eq!(clean(&format!("\x1b]{}\x07b", "x".repeat(4096))), "b");
}

#[test]
fn line_ends_become_newlines_and_other_controls_go() {
    assert_cleaned(&[
        ("a\r\nb\rc\n\rd\r\r\ne", "a\nb\nc\n\nd\n\ne"),
        ("a\u{2028}b\u{2029}c", "a\nb\nc"),
        ("a\tb\0c\x07d\x08e\x0bf\x0cg\x7fh", "a\tbcdefgh"),
        ("a\r\x1b[K\nb", "a\nb"),
    ]);
}

#[test]
fn the_invisible_is_shown() {
    assert_cleaned(&[
        ("a\u{202e}b", "a<U+202E>b"),
        ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "<U+2066><U+2069><U+200E><U+200F><U+061C>"),
        ("\u{e0041}\u{e007f}", "<U+E0041><U+E007F>"),
        ("\u{180e}\u{2060}\u{2064}\u{206a}\u{206f}", "<U+180E><U+2060><U+2064><U+206A><U+206F>"),
        ("\u{feff}a\u{feff}b", "a<U+FEFF>b"),
        ("a\u{fff9}b\u{fffb}", "a<U+FFF9>b<U+FFFB>"),
        ("a\u{3164}b\u{200b}c", "a<U+3164>b<U+200B>c"),
        ("hy\u{ad}phen", "hyphen"),
    ]);
}

#[test]
fn joiners_stay_where_they_are_needed() {
    let kept = [
        "👨\u{200d}👩\u{200d}👧",
        "👩🏽\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨🏿",
        "👨🏻\u{200d}👩🏻\u{200d}👧🏻\u{200d}👦🏻",
        "🏳\u{fe0f}\u{200d}🌈",
        "می\u{200c}خواهم",
        "PDF\u{200c}ها",
        "क\u{94d}\u{200d}ष",
        "ภา\u{200b}ษา",
        "ه\u{200d}",
    ];
    for text in kept {
        assert_eq!(clean(text), text);
    }
    assert_cleaned(&[
        ("a\u{200d}b\u{200c}c", "a<U+200D>b<U+200C>c"),
        ("👩\u{200d}x", "👩<U+200D>x"),
        ("👩\u{200d}", "👩<U+200D>"),
        ("ه\u{200d}\u{200d}\u{200c}", "ه\u{200d}<U+200D><U+200C>"),
        ("ه\u{200c}\u{200c}ه", "ه\u{200c}<U+200C>ه"),
        ("\u{200d}👩", "<U+200D>👩"),
    ]);
}

#[test]
fn selectors_stay_where_they_are_needed() {
    for text in ["❤\u{fe0f}", "1\u{fe0f}\u{20e3}", "⌚\u{fe0e}", "葛\u{e0100}", "\u{1820}\u{180b}"]
    {
        assert_eq!(clean(text), text);
    }
    assert_cleaned(&[
        ("a\u{fe0f}b\u{fe0e}", "ab"),
        ("❤\u{fe0f}\u{fe0f}", "❤\u{fe0f}"),
        ("😀\u{e0100}\u{fe00}", "😀<U+E0100><U+FE00>"),
        ("葛\u{e0100}\u{e0101}", "葛\u{e0100}<U+E0101>"),
    ]);
}

#[test]
fn marks_are_capped() {
    let marks = |count| "\u{301}".repeat(count);
    assert_eq!(
        clean(&format!("a{}b{}", marks(9), marks(3))),
        format!("a{}b{}", marks(8), marks(3))
    );
    assert_eq!(
        clean(&format!("a{}\n{}", marks(8), marks(9))),
        format!("a{}\n{}", marks(8), marks(8))
    );
    // A chain of emoji is one base; what exceeds it begins another.
    let chain = clean(&["👩"; 12].join("\u{200d}"));
    let nine = ["👩"; 9].join("\u{200d}");
    let three = ["👩"; 3].join("\u{200d}");
    assert_eq!(chain, format!("{nine}<U+200D>{three}"));
}

#[test]
fn visible_text_leaves_with_its_push() {
    assert_eq!(pushes(&["a", "\x1b[3", "1mb", "\r", "\nc"]), ["a", "", "b", "\n", "c", ""]);
    assert_eq!(pushes(&["👩", "\u{200d}", "👩"]), ["👩", "", "\u{200d}👩", ""]);
    assert_eq!(pushes(&["a", "\u{301}", "b"]), ["a", "\u{301}", "b", ""]);
    assert_eq!(pushes(&["x\u{200d}"]), ["x", "<U+200D>"]);
}

/// Everything that some rule names, apart from plain text, divided by bars.
const NASTY: &str = "\x1b|\x1b[|\x1b]|\x1bP|\x1bk|\x1b\\|\x1b(|\x07|\x18|\u{9b}|\u{9d}|\u{90}|\u{9c}\
    |\u{85}|31;1|m|0;t|\r|\n|\r\n|\t|\0|\x7f|\u{2028}|\u{202e}|\u{feff}|\u{ad}|\u{200b}|\u{200c}\
    |\u{200d}|\u{fe0f}|\u{fe00}|\u{e0100}|\u{180b}|\u{61c}|\u{e0041}|\u{301}|\u{1f3fd}|👩|❤|1\
    |\u{20e3}|a|é|漢|ه|\u{64b}|क|\u{94d}|ภ|\u{1820}| |\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}";

fn nasty() -> impl Strategy<Value = String> {
    let named = select(NASTY.split('|').collect::<Vec<_>>()).prop_map(str::to_owned);
    let piece = prop_oneof![10 => named, 1 => any::<char>().prop_map(String::from)];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A sequence that is complete, and no part of the text.
fn sequence() -> impl Strategy<Value = String> {
    let string = ("[\x20-~\n\r\t漢]{0,8}", select(&["\x1b\\", "\u{9c}"]));
    prop_oneof![
        "[\x1b][\\[][0-?]{0,6}[ -/]{0,2}[@-~]",
        "\u{9b}[0-?]{0,6}[@-~]",
        "\x1b[ -/]{1,2}[0-~]",
        "\x1b[0-OQ-WYZ`-jl-~]",
        (
            select(&["\x1b]", "\x1bP", "\x1bX", "\x1b^", "\x1b_", "\x1bk", "\u{9d}", "\u{90}"]),
            string
        )
            .prop_map(|(begin, (content, end))| format!("{begin}{content}{end}")),
    ]
}

/// Notices everything that a terminal does beyond printing.
#[derive(Default)]
struct Driven(Vec<&'static str>);

impl Callbacks for Driven {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.0.push("bell");
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.0.push("visual bell");
    }
    fn resize(&mut self, _: &mut Screen, _: (u16, u16)) {
        self.0.push("resize");
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("icon name");
    }
    fn set_window_title(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("title");
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], _: &[u8]) {
        self.0.push("copy");
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("paste");
    }
    fn unhandled_char(&mut self, _: &mut Screen, c: char) {
        // It also reports U+FFFD and unassigned characters, which are text.
        if c.is_control() {
            self.0.push("control character");
        }
    }
    fn unhandled_control(&mut self, _: &mut Screen, _: u8) {
        self.0.push("control");
    }
    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, _: u8) {
        self.0.push("escape");
    }
    fn unhandled_csi(
        &mut self,
        _: &mut Screen,
        _: Option<u8>,
        _: Option<u8>,
        _: &[&[u16]],
        _: char,
    ) {
        self.0.push("control sequence");
    }
    fn unhandled_osc(&mut self, _: &mut Screen, _: &[&[u8]]) {
        self.0.push("operating system command");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_chunking_gives_the_whole(raw in nasty(), sizes in vec(1_usize..6, 1..8)) {
        let mut cleaner = Cleaner::new();
        let mut text = Clean::default();
        let mut chars = raw.chars();
        for size in sizes.into_iter().cycle() {
            let chunk: String = chars.by_ref().take(size).collect();
            text.push(&cleaner.push(&chunk));
            if chunk.is_empty() {
                break;
            }
        }
        text.push(&cleaner.finish());
        prop_assert_eq!(text.as_str(), clean(&raw));
        prop_assert_eq!(cleaner.push("\u{feff}a"), Clean::new("a"), "finish starts anew");
    }

    #[test]
    fn cleaning_again_changes_nothing(raw in nasty()) {
        let once = clean(&raw);
        prop_assert_eq!(clean(&once), once);
    }

    #[test]
    fn sequences_go_and_text_stays(parts in vec((sequence(), "[ -~\n\t漢é]{0,6}"), 0..8)) {
        let raw: String = parts.iter().flat_map(|(sequence, text)| [&**sequence, text]).collect();
        let text: String = parts.iter().map(|(_, text)| text.as_str()).collect();
        prop_assert_eq!(clean(&raw), text);
    }

    #[test]
    fn a_terminal_only_prints(raw in nasty()) {
        let text = clean(&raw);
        prop_assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{text:?}");
        let (rows, columns) = (32, 256);
        let mut fed = Parser::new_with_callbacks(rows, columns, 0, Driven::default());
        fed.process(text.replace('\n', "\r\n").as_bytes());
        let untouched = Parser::new(rows, columns, 0);
        prop_assert_eq!(&fed.callbacks().0, &Vec::<&str>::new());
        let (screen, blank) = (fed.screen(), untouched.screen());
        prop_assert_eq!(screen.input_mode_formatted(), blank.input_mode_formatted());
        prop_assert_eq!(screen.attributes_formatted(), blank.attributes_formatted());
        prop_assert_eq!(screen.alternate_screen(), blank.alternate_screen());
        prop_assert_eq!(screen.hide_cursor(), blank.hide_cursor());
        prop_assert_eq!(usize::from(screen.cursor_position().0), text.matches('\n').count());
        let printed: String = screen.rows(0, columns).collect();
        let ink = |text: &str| text.matches(|c: char| c.is_ascii_graphic()).collect::<String>();
        prop_assert_eq!(ink(&printed), ink(&text), "all is printed, in order");
    }
}

#[test]
fn what_is_held_stays_small() {
    let mut cleaner = Cleaner::new();
    let given =
        iter::repeat_n("\x1b]x\u{301}", 10_000).map(|raw| cleaner.push(raw).len()).sum::<usize>();
    assert_eq!(0_usize, given);
    assert_eq!(cleaner.finish().as_str(), "x\u{301}");
}
