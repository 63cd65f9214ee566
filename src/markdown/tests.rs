use proptest::prelude::*;

use super::*;
use crate::text::Clean;

fn read(text: &str) -> Document {
    let mut document = Document::default();
    document.extend(&Clean::new(text));
    document
}

fn blocks(text: &str) -> Vec<Block> {
    read(text).blocks().map(|placed| placed.block.clone()).collect()
}

fn spans(spans: &[Span]) -> String {
    let span = |span: &Span| {
        let marks = [
            (Look::STRONG, "s"),
            (Look::EMPHASIS, "e"),
            (Look::STRUCK, "x"),
            (Look::CODE, "c"),
            (Look::MATH, "m"),
            (Look::IMAGE, "i"),
            (Look::NOTE, "n"),
        ];
        let marks: String =
            marks.iter().filter(|(look, _)| span.look.has(*look)).map(|(_, mark)| *mark).collect();
        let link = span.link.as_ref().map(|link| format!("->{link}")).unwrap_or_default();
        let text = span.text.as_str();
        if marks.is_empty() && link.is_empty() {
            text.to_owned()
        } else {
            format!("<{marks} {text}{link}>")
        }
    };
    spans.iter().map(span).collect()
}

/// Writes blocks in a form that is easy to read: one a line, nested ones behind their container.
fn show(blocks: &[Block]) -> String {
    let one = |block: &Block| match block {
        Block::Heading(level, text) => format!("h{level}({})", spans(text)),
        Block::Paragraph(text) => format!("p({})", spans(text)),
        Block::Code(code) => {
            let end = if code.ended { "" } else { "…" };
            format!("code:{}({:?}{end})", code.info, code.text.as_str())
        }
        Block::Quote(inner) => format!("q[{}]", show(inner)),
        Block::List(list) => {
            let item = |item: &Item| {
                let task = match item.task {
                    None => "",
                    Some(true) => "✓",
                    Some(false) => "☐",
                };
                format!("{task}{}", show(&item.blocks))
            };
            let items: Vec<_> = list.items.iter().map(item).collect();
            let loose = if list.loose { " loose" } else { "" };
            format!(
                "li{}{loose}[{}]",
                list.start.map_or("-".into(), |n| n.to_string()),
                items.join("; ")
            )
        }
        Block::Table(table) => {
            let row = |row: &Vec<Vec<Span>>| {
                row.iter().map(|cell| spans(cell)).collect::<Vec<_>>().join("|")
            };
            let rows: Vec<_> = table.rows.iter().map(row).collect();
            format!("t{:?}({} / {})", table.columns, row(&table.head), rows.join(" / "))
        }
        Block::Rule => "rule".to_owned(),
        Block::Html(html) => format!("html({:?})", html.as_str()),
        Block::Footnote(label, inner) => format!("note {label}[{}]", show(inner)),
        Block::Definition(label, url) => format!("def {label}={url}"),
    };
    blocks.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn shown(text: &str) -> String {
    show(&blocks(text))
}

#[test]
fn blocks_are_read() {
    let cases = [
        ("# One\n\nTwo **b** *i* ~~x~~ `c`.\n", "h1(One) p(Two <s b> <e i> <x x> <c c>.)"),
        ("a\nb\n", "p(a\nb)"),
        ("[t](http://a.b) ![alt](c.png)", "p(<t->http://a.b> <i alt->c.png>)"),
        ("```rust\nfn x() {}\n```\nafter", "code:rust(\"fn x() {}\\n\") p(after)"),
        ("    indented\n", "code:(\"indented\\n\")"),
        ("> q\n> > r\n", "q[p(q) q[p(r)]]"),
        (
            "- a\n- b\n  - c\n- [x] d\n- [ ] e\n",
            "li-[p(a)] li-[p(b) li-[p(c)]] li-[✓p(d)] li-[☐p(e)]",
        ),
        ("3. a\n3. b\n\n3. c\n", "li3[p(a)] li4[p(b)] li5[p(c)]"),
        ("| a | b |\n|:-:|--:|\n| 1 | *2* |\n", "t[Center, Right](a|b / 1|<e 2>)"),
        ("---\n", "rule"),
        ("a <b>x</b> &lt;\n\n<!-- c -->\n", "p(a <b>x</b> <) html(\"<!-- c -->\\n\")"),
        ("$a_b$ and $$x$$", "p(<m $a_b$> and <m $$x$$>)"),
        ("[^1]: note\n", "note 1[p(note)]"),
        ("[a]: http://x.y\n\n[a]\n", "def a=http://x.y p(<a->http://x.y>)"),
        ("- a\n\n  b\n- [x] c\n\n  - [ ] d\n", "li- loose[p(a) p(b)] li- loose[✓p(c) li-[☐p(d)]]"),
    ];
    for (text, wanted) in cases {
        let shown = shown(text).replace("< ", "<");
        assert_eq!(shown, wanted, "{text:?}");
    }
}

#[test]
fn an_entity_cannot_smuggle_a_control_character_in() {
    let text = shown("a&#27;[2Jb [x](y&#10;z&#x1b;) `&#27;` &#x202e;\n\n[l&#27;]: u&#27;\n");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
}

#[test]
fn an_open_code_block_grows_by_its_lines_and_is_not_read_again() {
    let (mut document, mut text) = (Document::default(), Clean::new("Code:\n\n```py\n"));
    document.extend(&text);
    let mut read = 0;
    for line in 0..2000 {
        text.push(&Clean::new(&format!("print({line})\n")));
        read += document.extend(&text);
    }
    assert!(read <= 3 * text.len(), "{read} of {}", text.len());
    assert_eq!(document.closed().len(), 1);
    let [Placed { block: Block::Code(code), .. }] = document.open() else { panic!("no code") };
    assert!(!code.ended && code.text.as_str().ends_with("print(1999)\n"));
    text.push(&Clean::new("```"));
    document.extend(&text);
    let [Placed { block: Block::Code(code), .. }] = document.open() else { panic!("no code") };
    assert!(code.ended && code.text.as_str().ends_with("print(1999)\n"));
}

#[test]
fn a_long_answer_costs_the_same_at_its_end() {
    let turn = "Some words with **strong** ones and `code`.\n\n- one\n- two\n- three\n\n```rust\nlet x = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n";
    let (mut document, mut text) = (Document::default(), Clean::default());
    let mut cost = |count: usize| {
        let mut read = 0;
        for piece in turn.repeat(count).split_inclusive([' ', '\n']) {
            text.push(&Clean::new(piece));
            read += document.extend(&text);
        }
        read
    };
    let first = cost(20);
    cost(1000);
    assert!(cost(20) <= first + first / 10);
}

#[test]
fn a_paragraph_without_end_is_cut() {
    let (mut document, mut text) = (Document::default(), Clean::default());
    for _ in 0..200 {
        text.push(&Clean::new(&"word ".repeat(200)));
        assert!(document.extend(&text) <= 24 * 1024);
    }
    assert!(document.closed().len() >= 5);
}

#[test]
fn a_line_of_code_without_end_is_not_read_again() {
    let (mut document, mut text) = (Document::default(), Clean::new("```json\n"));
    let mut read = document.extend(&text);
    for number in 0..5000 {
        text.push(&Clean::new(&format!("{number}, ")));
        read += document.extend(&text);
    }
    assert!(read <= 2 * text.len(), "{read} of {}", text.len());
    let [Placed { block: Block::Code(code), .. }] = document.open() else { panic!("no code") };
    assert_eq!(format!("```json\n{}", code.text), text.as_str());
}

/// Returns a table of so many rows, and what else stands below it.
fn table(rows: usize, below: &str) -> String {
    let row = |row: usize| format!("| {row} | *some* words |\n");
    format!("| n | what |\n|--:|---|\n{}{below}", (0..rows).map(row).collect::<String>())
}

#[test]
fn a_long_table_comes_in_parts_of_one_head() {
    for (below, next) in [
        ("\nText.\n", "p(Text.)"),
        ("# Heading\n", "h1(Heading)"),
        ("```\ncode\n```\n", "code:(\"code\\n\")"),
        ("- item\n", "li-[p(item)]"),
        ("\n| not | a | row |\n", "p(| not | a | row |)"),
        ("", ""),
    ] {
        for rows in [60, 61, 62, 63, 64, 78, 500] {
            let blocks = blocks(&table(rows, below));
            let tables = blocks.iter().map_while(|block| match block {
                Block::Table(table) => Some(table),
                _ => None,
            });
            let tables: Vec<&Table> = tables.collect();
            let first: Vec<&str> = tables
                .iter()
                .flat_map(|table| &table.rows)
                .map(|row| row[0][0].text.as_str())
                .collect();
            assert_eq!(first, (0..rows).map(|row| row.to_string()).collect::<Vec<_>>());
            assert!(tables.iter().all(|table| table.head == tables[0].head), "{below:?}");
            assert!(tables.iter().skip(1).all(|table| table.goes_on) && !tables[0].goes_on);
            assert_eq!(show(&blocks[tables.len()..]), next, "{rows} rows, {below:?}");
        }
    }
}

#[test]
fn a_long_table_is_not_read_again() {
    let (mut document, mut text, mut most) = (Document::default(), Clean::default(), 0);
    for (index, piece) in table(2000, "").split_inclusive(' ').enumerate() {
        text.push(&Clean::new(piece));
        let read = document.extend(&text);
        // The first part, by which columns are made, is longer.
        most = if index > 1000 { read.max(most) } else { 0 };
    }
    assert!((1..=4 * 1024).contains(&most), "{most}");
}

#[test]
fn wide_rows_are_cut_between_two_of_them() {
    let row = |row: usize| format!("| {row} | {} |\n", "word ".repeat(60));
    let rows: String = (0..100).map(row).collect();
    let blocks = blocks(&format!("| n | what |\n|---|---|\n{rows}"));
    let rows = |block: &Block| match block {
        Block::Table(table) => table.rows.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(blocks.iter().map(rows).sum::<usize>(), 100);
}

#[test]
fn nesting_without_end_is_read_and_its_text_is_there() {
    let text = format!("{}deep\n", ">".repeat(20_000));
    assert!(shown(&text).contains("p(deep)"));
    let item = |depth: usize| format!("{}- x{depth}\n", "  ".repeat(depth));
    let list = (0..500).map(item).collect::<Vec<_>>().concat();
    assert!(shown(&list).contains("x499"));
    assert!(shown(&"*a **b ".repeat(5000)).contains('b'));
}

#[test]
fn places_are_those_of_the_source() {
    let text = "para\n\n1. a\n2. b\n\n```\nx\n```\nend";
    let document = read(text);
    let places: Vec<_> = document
        .blocks()
        .map(|placed| (text[placed.range.clone()].trim(), placed.spaced))
        .collect();
    let wanted =
        [("para", false), ("1. a", true), ("2. b", false), ("```\nx\n```", true), ("end", true)];
    assert_eq!(places, wanted);
}

/// Markdown as models write it, in small pieces.
fn soup() -> impl Strategy<Value = Vec<&'static str>> {
    let pieces = [
        "a",
        "word ",
        " ",
        "\n",
        "\n\n",
        "\n",
        "# ",
        "- ",
        "  - ",
        "1. ",
        "2. ",
        "> ",
        "```",
        "```rs\n",
        "~~~",
        "    ",
        "\t",
        "| a | b |\n|---|---|\n",
        "| 1 | 2 |\n",
        "---\n",
        "===\n",
        "**",
        "*",
        "`",
        "[x](u)",
        "[x]",
        "[x]: u\n",
        "[^1]",
        "[^1]: n\n",
        "<b>",
        "<!-- ",
        "-->",
        "- [ ] ",
        "$",
        "\\",
        "&amp;",
        "漢",
        "👍🏽",
        "<U+202E>",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60)
}

proptest! {
    /// However a text arrives, its blocks are those of the whole.
    #[test]
    fn any_chunking_gives_the_blocks_of_the_whole(pieces in soup(), every in 1_usize..9) {
        let (mut grown, mut text) = (Document::default(), Clean::default());
        for chunk in pieces.concat().chars().collect::<Vec<_>>().chunks(every) {
            text.push(&Clean::new(&chunk.iter().collect::<String>()));
            grown.extend(&text);
        }
        let mut whole = Document::default();
        whole.extend(&text);
        prop_assert_eq!(grown.closed(), whole.closed());
        prop_assert_eq!(grown.open(), whole.open());
    }

    /// The same for tables that come in parts.
    #[test]
    fn any_chunking_gives_the_rows_of_the_whole(
        rows in 55_usize..100,
        below in soup(),
        every in 1_usize..40,
    ) {
        let all = table(rows, &below.concat());
        let (mut grown, mut text) = (Document::default(), Clean::default());
        for chunk in all.chars().collect::<Vec<_>>().chunks(every) {
            text.push(&Clean::new(&chunk.iter().collect::<String>()));
            grown.extend(&text);
        }
        let mut whole = Document::default();
        whole.extend(&text);
        prop_assert_eq!(grown.closed(), whole.closed());
        prop_assert_eq!(grown.open(), whole.open());
    }

    /// What is closed stays as it is, and its text is where it says.
    #[test]
    fn closed_blocks_never_change(pieces in soup()) {
        let (mut document, mut text) = (Document::default(), Clean::default());
        let mut closed: Vec<Placed> = Vec::new();
        for piece in pieces {
            text.push(&Clean::new(piece));
            document.extend(&text);
            prop_assert_eq!(&document.closed()[..closed.len()], &closed[..]);
            closed = document.closed().to_vec();
            let mut end = 0;
            for placed in document.blocks() {
                prop_assert!(placed.range.start >= end || matches!(placed.block, Block::Definition(..)));
                prop_assert!(placed.range.end <= text.len());
                end = end.max(placed.range.start);
            }
        }
    }

    /// No word of a text is lost.
    #[test]
    fn every_word_is_shown(words in prop::collection::vec("[a-z]{4,8}", 1..30), marks in soup()) {
        let mut text = String::new();
        for (index, word) in words.iter().enumerate() {
            text.push_str(marks.get(index).copied().unwrap_or("\n"));
            text.push_str(word);
        }
        let shown = shown(&text);
        for word in &words {
            prop_assert!(shown.contains(word.as_str()), "{word} of {text:?} in {shown:?}");
        }
    }
}
