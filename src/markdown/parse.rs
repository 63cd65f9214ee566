//! A piece of text to blocks, by pulldown-cmark.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;

use pulldown_cmark::Alignment;
use pulldown_cmark::BrokenLink;
use pulldown_cmark::CodeBlockKind;
use pulldown_cmark::CowStr;
use pulldown_cmark::Event;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;

use crate::markdown::block::Block;
use crate::markdown::block::Code;
use crate::markdown::block::Column;
use crate::markdown::block::Item;
use crate::markdown::block::List;
use crate::markdown::block::Table;
use crate::markdown::inline::Look;
use crate::markdown::inline::Span;
use crate::markdown::inline::Spans;
use crate::text::Clean;

/// Quotes and lists that are nested deeper are read as if they were not there: nobody can see such
/// a structure, and reading it takes stack.
const MAX_DEPTH: usize = 16;

/// The most link references that are remembered.
const MAX_DEFINITIONS: usize = 1000;

/// Link references that were defined earlier: address by folded label.
pub(super) type Definitions = BTreeMap<String, String>;

/// An outermost block of a piece; each item of an outermost list is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) block: Block,
    /// Bytes within the piece.
    pub(super) range: Range<usize>,
    /// Which outermost list of the piece it is an item of.
    pub(super) list: Option<usize>,
}

/// What stands in a piece, and the link references that it defines: labels and addresses.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) units: Vec<Unit>,
    pub(super) defined: Vec<(String, String)>,
}

/// Reads a piece that begins where a block begins, behind what defined `known`.
pub(super) fn read(piece: &str, known: &Definitions) -> Piece {
    let resolve = |link: BrokenLink<'_>| {
        let address = known.get(&folded(&link.reference))?;
        Some((CowStr::from(address.clone()), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(piece, options(), Some(resolve));
    let mut defined = Vec::new();
    for (label, definition) in parser.reference_definitions().iter() {
        defined.push((definition.span.clone(), label.to_owned(), definition.dest.to_string()));
    }
    let mut units = Reader::new(shallow(parser.into_offset_iter())).units();
    for (range, label, address) in &defined {
        let one_line = |text: &str| Clean::one_line(text, usize::MAX);
        let block = Block::Definition(one_line(label), one_line(address));
        units.push(Unit { block, range: range.clone(), list: None });
    }
    units.sort_by_key(|unit| unit.range.start);
    let defined = defined.into_iter().map(|(_, label, address)| (label, address)).collect();
    Piece { units, defined }
}

/// Adds what a piece defines to what is known; what was defined first holds.
pub(super) fn learn(known: &mut Definitions, defined: Vec<(String, String)>) {
    for (label, address) in defined {
        if known.len() < MAX_DEFINITIONS {
            known.entry(folded(&label)).or_insert(address);
        }
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
}

/// Labels match without regard to case and blanks (`CommonMark` 0.31.2, section 4.7).
fn folded(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Leaves out the containers that lie too deep, not what stands in them.
fn shallow<'a>(
    events: impl Iterator<Item = (Event<'a>, Range<usize>)>,
) -> impl Iterator<Item = (Event<'a>, Range<usize>)> {
    let mut depth = 0_usize;
    events.filter(move |(event, _)| match event {
        Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item) => {
            depth += 1;
            depth <= MAX_DEPTH
        }
        Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) => {
            depth -= 1;
            depth < MAX_DEPTH
        }
        _ => true,
    })
}

struct Reader<I: Iterator> {
    events: Peekable<I>,
    spans: Spans,
    /// The mark of the task that is being read.
    task: Option<bool>,
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Reader<I> {
    fn new(events: I) -> Self {
        Self { events: events.peekable(), spans: Spans::default(), task: None }
    }

    fn units(mut self) -> Vec<Unit> {
        let (mut units, mut lists) = (Vec::new(), 0);
        while let Some((event, range)) = self.events.next() {
            if let Event::Start(Tag::List(start)) = event {
                self.list_units(start, lists, &mut units);
                lists += 1;
            } else {
                units.push(Unit { block: self.block(event), range, list: None });
            }
        }
        units
    }

    /// Reads an outermost list: each item becomes a list of its own.
    fn list_units(&mut self, start: Option<u64>, list: usize, units: &mut Vec<Unit>) {
        let mut number = start;
        while let Some((Event::Start(Tag::Item), range)) = self.events.next() {
            let (item, loose) = self.item();
            let block = Block::List(List { start: number, loose, items: vec![item] });
            units.push(Unit { block, range, list: Some(list) });
            number = number.map(|number| number.saturating_add(1));
        }
    }

    /// Reads the block that `event` begins.
    fn block(&mut self, event: Event<'a>) -> Block {
        match event {
            Event::Start(Tag::Heading { level, .. }) => Block::Heading(level as u8, self.text()),
            Event::Start(Tag::Paragraph) => Block::Paragraph(self.text()),
            Event::Start(Tag::CodeBlock(kind)) => Block::Code(self.code(&kind)),
            Event::Start(Tag::HtmlBlock) => Block::Html(Clean::new(&self.raw())),
            Event::Start(Tag::BlockQuote(_)) => Block::Quote(self.blocks()),
            Event::Start(Tag::List(start)) => Block::List(self.list(start)),
            Event::Start(Tag::FootnoteDefinition(label)) => {
                Block::Footnote(Clean::one_line(&label, usize::MAX), self.blocks())
            }
            Event::Start(Tag::Table(alignments)) => Block::Table(self.table(&alignments)),
            Event::Rule => Block::Rule,
            // Running text without a paragraph around it, as in the items of a tight list.
            inline => {
                self.inline(inline);
                Block::Paragraph(self.running())
            }
        }
    }

    /// Reads blocks up to the end of what holds them, and that end.
    fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some((event, _)) = self.events.next() {
            if matches!(event, Event::End(_)) {
                break;
            }
            blocks.push(self.block(event));
        }
        blocks
    }

    fn list(&mut self, start: Option<u64>) -> List {
        let mut list = List { start, loose: false, items: Vec::new() };
        while let Some((Event::Start(Tag::Item), _)) = self.events.next() {
            let (item, loose) = self.item();
            list.items.push(item);
            list.loose |= loose;
        }
        list
    }

    /// Reads an item, and whether its list is loose: only then its text stands in a paragraph.
    fn item(&mut self) -> (Item, bool) {
        let outer = self.task.take();
        let first = self.events.peek();
        let loose = first.is_some_and(|(event, _)| *event == Event::Start(Tag::Paragraph));
        let blocks = self.blocks();
        (Item { task: std::mem::replace(&mut self.task, outer), blocks }, loose)
    }

    /// Reads running text up to the end of its block, and that end.
    fn text(&mut self) -> Vec<Span> {
        let spans = self.running();
        self.events.next();
        spans
    }

    /// Reads running text up to what is none.
    fn running(&mut self) -> Vec<Span> {
        while let Some((event, _)) = self.events.next_if(|(event, _)| is_inline(event)) {
            self.inline(event);
        }
        self.spans.take()
    }

    fn inline(&mut self, event: Event<'a>) {
        let spans = &mut self.spans;
        match event {
            Event::Start(Tag::Strong) => spans.open(Look::STRONG),
            Event::Start(Tag::Strikethrough) => spans.open(Look::STRUCK),
            Event::Start(Tag::Link { dest_url, .. }) => spans.link(&dest_url, Look::PLAIN),
            Event::Start(Tag::Image { dest_url, .. }) => spans.link(&dest_url, Look::IMAGE),
            Event::Start(_) => spans.open(Look::EMPHASIS),
            Event::End(TagEnd::Link | TagEnd::Image) => spans.unlink(),
            Event::End(_) => spans.close(),
            Event::Code(text) => spans.push(&text, Look::CODE),
            Event::InlineMath(text) => spans.push(&format!("${text}$"), Look::MATH),
            Event::DisplayMath(text) => spans.push(&format!("$${text}$$"), Look::MATH),
            Event::FootnoteReference(label) => spans.push(&format!("[^{label}]"), Look::NOTE),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                spans.push(&text, Look::PLAIN);
            }
            Event::SoftBreak | Event::HardBreak => spans.push("\n", Look::PLAIN),
            Event::TaskListMarker(done) => self.task = Some(done),
            Event::Rule => {}
        }
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>) -> Code {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "",
        };
        let info = Clean::one_line(info.trim(), usize::MAX);
        Code { info, text: Clean::new(&self.raw()), ended: true }
    }

    /// Reads text as it stands, up to the end of its block, and that end.
    fn raw(&mut self) -> String {
        let mut raw = String::new();
        while let Some((Event::Text(text) | Event::Html(text), _)) = self.events.next() {
            raw.push_str(&text);
        }
        raw
    }

    fn table(&mut self, alignments: &[Alignment]) -> Table {
        let columns = alignments.iter().map(|alignment| match alignment {
            Alignment::None | Alignment::Left => Column::Left,
            Alignment::Center => Column::Center,
            Alignment::Right => Column::Right,
        });
        let mut table = Table { columns: columns.collect(), ..Table::default() };
        while let Some((Event::Start(tag), _)) = self.events.next() {
            let mut cells = Vec::new();
            while let Some((Event::Start(_), _)) = self.events.next() {
                cells.push(self.text());
            }
            match tag {
                Tag::TableHead => table.head = cells,
                _ => table.rows.push(cells),
            }
        }
        table
    }
}

/// Returns whether an event belongs to running text.
fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Start(tag) => is_inline_end(tag.to_end()),
        Event::End(end) => is_inline_end(*end),
        Event::Rule => false,
        _ => true,
    }
}

fn is_inline_end(end: TagEnd) -> bool {
    use TagEnd::{Emphasis, Image, Link, Strikethrough, Strong};
    matches!(end, Emphasis | Strong | Strikethrough | Link | Image)
}
