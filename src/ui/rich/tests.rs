use proptest::prelude::*;

use super::*;
use crate::text::width;
use crate::theme::Role;

fn laid(text: &str, columns: usize) -> Rich {
    let mut rich = Rich::default();
    rich.extend(&Clean::new(text), columns, &mut Stats::default());
    coloured(rich, columns)
}

fn coloured(mut rich: Rich, columns: usize) -> Rich {
    rich.end();
    rich.colour(0..rich.rows().len(), columns);
    rich
}

fn plain(row: &Row) -> String {
    row.iter().map(|piece| piece.text.as_str()).collect::<String>().trim_end().to_owned()
}

fn rows(text: &str, columns: usize) -> Vec<String> {
    laid(text, columns).rows().iter().map(plain).collect()
}

#[test]
fn blocks_stand_apart_and_items_do_not() {
    let text = "# Title\nWords.\n- one\n- two\n  words\n\n1. a\n2. b\n\n> said\n";
    let wanted = [
        "# Title", "", "Words.", "", "• one", "• two", "  words", "", "1. a", "2. b", "", "│ said",
    ];
    assert_eq!(rows(text, 40), wanted);
}

#[test]
fn margins_go_on_below_and_deep_ones_leave_room() {
    assert_eq!(rows("- one two three\n", 10), ["• one two", "  three"]);
    assert_eq!(rows("10. a\n\n    b\n", 20), ["10. a", "", "    b"]);
    assert_eq!(rows("> a\n>\n> - b c d e f g\n", 16), ["│ a", "│", "│ • b c d e f g"]);
    let deep = "> > > > > > > > > > word word";
    assert!(rows(deep, 20).iter().all(|row| width(row) <= 20));
    assert!(rows(deep, 20).concat().contains("word"));
}

#[test]
fn a_link_shows_its_host_unless_the_text_does() {
    let one = |text| rows(text, 60).concat();
    assert_eq!(one("[here](https://a.example/x)"), "here (a.example)");
    assert_eq!(one("[bank.example](https://u@evil.example:1/)"), "bank.example (evil.example:1)");
    assert_eq!(one("<https://a.example>"), "https://a.example");
    assert_eq!(one("![a cat](cat.png)"), "▣ a cat (cat.png)");
}

#[test]
fn code_is_highlighted_wrapped_and_named() {
    let rich = laid("```rust\nlet x = 1;\n```\n", 40);
    assert_eq!(rich.rows().iter().map(plain).collect::<Vec<_>>(), ["  rust", "  let x = 1;"]);
    assert!(rich.rows()[1].iter().any(|piece| piece.role == Role::Number));
    assert_eq!(rows("```\nabcdefgh\n```", 8), ["  abcdef", "  gh"]);
}

#[test]
fn a_table_fits_as_it_is_wrapped_or_as_records() {
    let text = "| name | what it is |\n|---|--:|\n| a | one two three |\n";
    let wide = ["name │    what it is", "─────┼──────────────", "a    │ one two three"];
    assert_eq!(rows(text, 40)[0], wide[0]);
    assert_eq!(rows(text, 40)[2], wide[2]);
    let narrow = rows(text, 14);
    assert!(narrow.iter().all(|row| width(row) <= 14), "{narrow:?}");
    assert!(narrow.iter().any(|row| row.ends_with("three")), "{narrow:?}");
    assert_eq!(rows(text, 8)[0], "name: a");
}

#[test]
fn a_long_code_block_costs_its_new_lines_only() {
    let mut text = Clean::new("```rust\n");
    let (mut rich, mut stats) = (Rich::default(), Stats::default());
    for line in 0..500 {
        text.push(&Clean::new(&format!("let x{line} = {line};\n")));
        rich.extend(&text, 60, &mut stats);
    }
    assert!(stats.wrapped_bytes <= 3 * text.len(), "{} of {}", stats.wrapped_bytes, text.len());
    assert_eq!(rich.rows().len(), 501);
}

#[test]
fn a_long_table_stands_in_columns_that_only_grow_wider() {
    let row = |row: usize| format!("| {row} | {} |\n", "word ".repeat(1 + row % 7));
    let text: String = (0..300).map(row).collect();
    let text =
        format!("| n | what |\n|---|---|\n{text}\n| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n");
    for columns in [80, 9] {
        let mut grown = Rich::default();
        let mut some = Clean::default();
        for piece in text.split_inclusive(' ') {
            some.push(&Clean::new(piece));
            grown.extend(&some, columns, &mut Stats::default());
        }
        let rows: Vec<String> = grown.rows().iter().map(plain).collect();
        assert_eq!(rows, self::rows(&text, columns));
        if columns == 80 {
            let gap = |row: &String| row.chars().position(|c| c == '│' || c == '┼');
            assert_eq!(rows.len(), 302 + 4);
            let gaps: Vec<_> = rows[..302].iter().map(gap).collect();
            assert!(gaps.is_sorted() && gaps[0] == Some(3) && gaps[301] == Some(4), "{rows:?}");
        }
    }
}

#[test]
fn a_long_line_of_code_is_laid_out_piece_by_piece() {
    let line = |last: &str| format!("```rust\n{}\"\n{last}", "let x = 1;\t".repeat(2000));
    for text in [line(""), line("let y = 2;\n"), line("let y = 2;\n```\n")] {
        let (mut grown, mut some) = (Rich::default(), Clean::default());
        for piece in text.split_inclusive(' ') {
            some.push(&Clean::new(piece));
            grown.extend(&some, 60, &mut Stats::default());
        }
        let (grown, whole) = (coloured(grown, 60), laid(&text, 60));
        assert_eq!(grown.rows(), whole.rows());
        assert!(whole.rows().iter().all(|row| width(&plain(row)) <= 60));
        let has = |role: Role| whole.rows().iter().any(|row| row.iter().any(|it| it.role == role));
        assert_eq!(has(Role::Number), text.contains("y = 2"), "only a short line has colours");
    }
}

#[test]
fn a_place_is_found_again_at_another_width() {
    let text =
        "para one two three four five six seven\n\n- item one\n- item two\n\nlast words here";
    let (narrow, wide) = (laid(text, 12), laid(text, 60));
    for row in 0..narrow.rows().len() {
        let there = wide.row_of(narrow.anchor(row));
        assert!(there < wide.rows().len());
        let back = narrow.row_of(wide.anchor(there));
        assert!(back <= row, "{row} to {there} to {back}");
    }
    let last = wide.rows().len() - 1;
    let found = wide.row_of(wide.anchor(last));
    assert!(found == last || found + 1 == last, "the blank row before a block belongs to it");
}

fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "word ",
        "\n",
        "\n\n",
        "# ",
        "- ",
        "  - ",
        "1. ",
        "> ",
        "```",
        "```rs\n",
        "let x = 1;\n",
        "| a | b |\n|---|---|\n",
        "| 1 | 漢字漢字 |\n",
        "---\n",
        "**",
        "`",
        "[x](http://u.v)",
        "- [ ] ",
        "漢",
        "👍🏽",
        "\t",
        "    ",
        "[^1]: n\n",
        "<b>",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|it| it.concat())
}

#[test]
fn code_has_its_colours_where_it_is_looked_at() {
    let code =
        "```rust\nlet x = 1;\nlet y = 2;\n```\n\n1. item\n\n   ```rust\n   let z = 3;\n   ```\n";
    let text = Clean::new(&code.repeat(3));
    let mut rich = Rich::default();
    rich.extend(&text, 40, &mut Stats::default());
    let bare: Vec<String> = rich.rows().iter().map(plain).collect();
    let has = |row: &Row| row.iter().any(|piece| piece.role == Role::Number);
    let bright = |rich: &Rich| -> Vec<usize> {
        rich.rows().iter().enumerate().filter(|(_, row)| has(row)).map(|(at, _)| at).collect()
    };
    assert!(bright(&rich).is_empty());
    rich.colour(2..3, 40);
    assert_eq!(bright(&rich), [1, 2], "the block that is looked at, and no other");
    rich.colour(0..bare.len(), 40);
    rich.end();
    rich.colour(0..bare.len(), 40);
    let lines = |line: &str| line.contains("let ");
    let wanted: Vec<usize> = (0..bare.len()).filter(|at| lines(&bare[*at])).collect();
    assert_eq!(bright(&rich), wanted);
    assert_eq!(rich.rows().iter().map(plain).collect::<Vec<_>>(), bare, "the text is the same");
}

proptest! {
    /// However an answer arrives, its rows are those of the whole, but for the colours of a code
    /// line that is still being written.
    #[test]
    fn any_chunking_gives_the_rows_of_the_whole(text in soup(), every in 1_usize..7) {
        let (mut grown, mut whole) = (Rich::default(), Clean::default());
        for chunk in text.chars().collect::<Vec<_>>().chunks(every) {
            whole.push(&Clean::new(&chunk.iter().collect::<String>()));
            grown.extend(&whole, 24, &mut Stats::default());
        }
        let mut at_once = Rich::default();
        at_once.extend(&whole, 24, &mut Stats::default());
        let shown = |rich: &Rich| rich.rows().iter().map(plain).collect::<Vec<_>>();
        prop_assert_eq!(shown(&grown), shown(&at_once));
    }

    /// No row is wider than the screen, but for a single wide character or a cluster.
    #[test]
    fn rows_fit(text in soup(), columns in 8_usize..40) {
        for row in laid(&text, columns).rows() {
            let row = plain(row);
            prop_assert!(width(&row) <= columns, "{row:?} in {columns}");
        }
    }
}
