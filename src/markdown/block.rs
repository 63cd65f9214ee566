//! What a text consists of.

use std::ops::Range;

use crate::markdown::inline::Span;
use crate::text::Clean;

/// A block of text; everything in it is clean again after entities were decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading of level 1 to 6.
    Heading(u8, Vec<Span>),
    /// Running text; `\n` inside is a line break.
    Paragraph(Vec<Span>),
    /// A code block.
    Code(Code),
    /// Somebody else's words.
    Quote(Vec<Self>),
    /// A list; outermost lists come item by item.
    List(List),
    /// A table.
    Table(Table),
    /// A line across.
    Rule,
    /// HTML, shown as it was written.
    Html(Clean),
    /// The text of a footnote.
    Footnote(Clean, Vec<Self>),
    /// Where a link reference leads: its label and its address.
    Definition(Clean, Clean),
}

/// A code block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// What stands behind the fence: by habit its first word is the language.
    pub info: Clean,
    /// The lines, each with its `\n` but perhaps the last of an open block.
    pub text: Clean,
    /// Whether the end of the block was seen.
    pub ended: bool,
}

impl Code {
    /// Returns the language; empty when none is named.
    pub fn language(&self) -> &str {
        self.info.as_str().split([' ', ',', '{']).next().unwrap_or_default()
    }
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The first item's number; `None` for bullets.
    pub start: Option<u64>,
    /// Whether blank lines stand between the blocks of an item or between items.
    pub loose: bool,
    /// The items.
    pub items: Vec<Item>,
}

/// An item of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// `Some` for a task: whether it is done.
    pub task: Option<bool>,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// How a column of a table is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// To the left.
    #[default]
    Left,
    /// In the middle.
    Center,
    /// To the right.
    Right,
}

/// A table. Rows may have fewer or more cells than there are columns. Of a long one come so many rows
/// at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// One for each column.
    pub columns: Vec<Column>,
    /// The cells of the first row.
    pub head: Vec<Vec<Span>>,
    /// The cells of the others.
    pub rows: Vec<Vec<Vec<Span>>>,
    /// Whether these are further rows of the table before it, which has the same head.
    pub goes_on: bool,
}

/// An outermost block and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The block.
    pub block: Block,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Whether it is to be set apart from the block before it.
    pub spaced: bool,
}
