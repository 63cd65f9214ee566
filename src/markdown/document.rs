//! A growing text and its blocks.

use crate::markdown::block::Block;
use crate::markdown::block::Code;
use crate::markdown::block::Placed;
use crate::markdown::fence::Fence;
use crate::markdown::parse;
use crate::markdown::parse::Definitions;
use crate::markdown::parse::Piece;
use crate::markdown::parse::Unit;
use crate::text::Clean;

/// A tail of as many lines is looked at even where no line begins a block for certain, and again
/// when it has doubled: items of a tight list, for one, follow each other without a sign.
const FIRST_LOOK_LINES: usize = 16;

/// The longest tail in bytes that may stay open: a longer one is cut at a blank and closed as it
/// is, so that no text makes a frame dear. About 1,300 words in one paragraph.
const OPEN_MAX: usize = 8 * 1024;

/// A table of as many lines is closed, and its further rows stand for themselves: a few screens, so
/// that the widths of columns are those of what is seen together.
const TABLE_LINES: usize = 64;

/// A text that only grows at its end, as blocks.
#[derive(Clone, Debug, Default)]
pub struct Document {
    closed: Vec<Placed>,
    open: Vec<Placed>,
    /// Where the open tail begins.
    start: usize,
    /// The end of the last line that was complete.
    seen: usize,
    /// The length of the text at the last call.
    bytes: usize,
    /// Complete lines in the tail.
    lines: usize,
    after_blank: bool,
    fence: Option<Open>,
    /// The number of the item that the tail begins with, in a numbered list that goes on.
    number: Option<u64>,
    /// The head of the table whose further rows the tail begins with, as it was written.
    head: Option<String>,
    definitions: Definitions,
}

/// The outermost fenced code block that the tail is; its text stands in `open`, so that no look at
/// a long one copies it.
#[derive(Clone, Debug)]
struct Open {
    fence: Fence,
    /// Bytes of the block's complete lines.
    complete: usize,
}

impl Document {
    /// Takes in what was added to `text` since the last call; returns the bytes that were read.
    ///
    /// `text` must begin with the text of the last call.
    pub fn extend(&mut self, clean: &Clean) -> usize {
        let text = clean.as_str();
        if text.len() == self.bytes {
            return 0;
        }
        let known = std::mem::replace(&mut self.bytes, text.len());
        let mut read = 0;
        loop {
            // What was here before had no end of a line but those that were seen.
            let from = self.seen.max(known);
            let line = text[from..].find('\n').map(|at| from + at + 1);
            let limit = floor(text, self.start + OPEN_MAX);
            read += match line {
                Some(end) if self.fence.is_some() => self.fenced(clean, end),
                Some(end) if end <= limit => self.line(text, end),
                _ if self.fence.is_none() && limit < text.len() => self.cut(text, limit),
                _ => break,
            };
        }
        read + self.look(clean)
    }

    /// Returns the blocks that no later text changes.
    pub fn closed(&self) -> &[Placed] {
        &self.closed
    }

    /// Returns the blocks that more text may change.
    pub fn open(&self) -> &[Placed] {
        &self.open
    }

    /// Returns all blocks.
    pub fn blocks(&self) -> impl Iterator<Item = &Placed> {
        self.closed.iter().chain(&self.open)
    }

    /// Takes a complete line of an open code block in.
    fn fenced(&mut self, text: &Clean, end: usize) -> usize {
        let from = self.seen;
        let line = &text.as_str()[from..end];
        let (Some(open), Some(code)) = (&mut self.fence, code(&mut self.open)) else { return 0 };
        code.text.truncate(open.complete);
        if open.fence.is_closed_by(line) {
            code.ended = true;
            let mut block = std::mem::take(&mut self.open);
            block[0].range = self.start..end;
            self.closed.append(&mut block);
            self.fence = None;
            self.number = None;
            self.restart(end);
        } else {
            code.text.push(&text.slice(end - open.fence.content(line).len()..end));
            open.complete = code.text.len();
        }
        self.seen = end;
        self.after_blank = false;
        end - from
    }

    /// Takes a complete line of the tail in and closes what it ends.
    fn line(&mut self, text: &str, end: usize) -> usize {
        let from = self.seen;
        let line = &text[from..end];
        let blank = line.trim().is_empty();
        let fence = Fence::open(line);
        let follows_blank = std::mem::replace(&mut self.after_blank, blank);
        self.seen = end;
        self.lines += 1;
        if blank && self.start == from {
            self.restart(end);
            return 0;
        }
        let grown = self.lines >= FIRST_LOOK_LINES && self.lines.is_power_of_two();
        let begins = follows_blank && !blank || fence.is_some();
        let read = if self.start < from && (begins || grown) { self.close(text) } else { 0 };
        if let (Some((fence, info)), true) = (fence, self.start == from) {
            let info = Clean::one_line(info, usize::MAX);
            let block = Block::Code(Code { info, ..Code::default() });
            let spaced = !self.closed.is_empty();
            self.open = vec![Placed { block, range: self.start..end, spaced }];
            self.fence = Some(Open { fence, complete: 0 });
        }
        read
    }

    /// Closes all blocks of the tail but the last; returns the bytes that were read.
    fn close(&mut self, text: &str) -> usize {
        let tail = &text[self.start..self.seen];
        let Piece { units, .. } = self.read(tail);
        let [.., before, last] = units.as_slice() else {
            let long = self.head.is_some() || self.lines >= TABLE_LINES;
            return tail.len() + if long { self.close_rows(text, &units) } else { 0 };
        };
        let goes_on = last.list.is_some() && last.list == before.list;
        let number = if goes_on { number(&last.block) } else { None };
        // A unit may begin behind its indent; the tail begins with the line.
        let at = tail[..last.range.start].rfind('\n').map_or(0, |at| at + 1);
        if at == 0 {
            return tail.len();
        }
        self.close_up_to(text, self.start + at);
        self.number = number.and_then(|_| self.following());
        2 * tail.len()
    }

    /// Closes the complete rows of a table, if the tail is one; returns the bytes that were read.
    fn close_rows(&mut self, text: &str, units: &[Unit]) -> usize {
        let tail = &text[self.start..self.seen];
        if !matches!(units, [Unit { block: Block::Table(_), .. }]) || self.after_blank {
            return 0;
        }
        let head = self.head.clone();
        let head = head.unwrap_or_else(|| tail.split_inclusive('\n').take(2).collect());
        self.close_up_to(text, self.seen);
        self.number = None;
        self.head = Some(head);
        tail.len()
    }

    fn close_up_to(&mut self, text: &str, end: usize) {
        let (placed, defined) = self.place(text, end);
        parse::learn(&mut self.definitions, defined);
        self.closed.extend(placed);
        self.restart(end);
    }

    /// Cuts a tail that is too long, and closes it.
    fn cut(&mut self, text: &str, limit: usize) -> usize {
        let Piece { units, .. } = self.read(&text[self.start..self.seen]);
        let read = self.close_rows(text, &units);
        if read > 0 {
            return read;
        }
        let blank = text[self.seen..limit].rfind([' ', '\t']).map(|at| self.seen + at + 1);
        let end = blank.unwrap_or(limit);
        let read = end - self.start;
        self.close_up_to(text, end);
        self.number = None;
        self.seen = end;
        self.after_blank = false;
        read
    }

    fn restart(&mut self, at: usize) {
        self.start = at;
        self.head = None;
        self.lines = usize::from(at < self.seen);
    }

    /// Returns the number that follows the last closed item.
    fn following(&self) -> Option<u64> {
        self.closed.last().and_then(|placed| number(&placed.block)).map(|n| n.saturating_add(1))
    }

    /// Reads the tail as it stands for now; returns the bytes that were read.
    fn look(&mut self, clean: &Clean) -> usize {
        let text = clean.as_str();
        if let (Some(open), Some(code)) = (&self.fence, code(&mut self.open)) {
            let rest = &text[self.seen..];
            code.ended = open.fence.is_closed_by(rest);
            if code.ended {
                code.text.truncate(open.complete);
            }
            // Of a line that grows, only what is new: it may be long.
            let here = if code.ended { rest.len() } else { code.text.len() - open.complete };
            let new = open.fence.content(rest).len().saturating_sub(here);
            code.text.push(&clean.slice(text.len() - new..text.len()));
            self.open[0].range = self.start..text.len();
            return new;
        }
        (self.open, _) = self.place(text, text.len());
        text.len() - self.start
    }

    /// Reads a piece of the tail from its beginning on: the rows of a table that goes on behind its head.
    fn read(&self, piece: &str) -> Piece {
        let Some(head) = &self.head else { return parse::read(piece, &self.definitions) };
        let mut read = parse::read(&(head.clone() + piece), &self.definitions);
        for Unit { range, .. } in &mut read.units {
            *range = range.start.saturating_sub(head.len())..range.end.saturating_sub(head.len());
        }
        if let Some(Unit { block: Block::Table(table), .. }) = read.units.first_mut() {
            table.goes_on = true;
            let ended = table.rows.is_empty();
            read.units.drain(..usize::from(ended));
        }
        read
    }

    /// Reads the tail up to `end` into blocks with their places; returns as well what it defines.
    fn place(&self, text: &str, end: usize) -> (Vec<Placed>, Vec<(String, String)>) {
        let start = self.start;
        let Piece { units, defined } = self.read(&text[start..end]);
        let mut number = self.number;
        let mut list = units.first().and_then(|unit| unit.list);
        let mut placed: Vec<Placed> = Vec::with_capacity(units.len());
        for Unit { mut block, range, list: this } in units {
            if this != list {
                (list, number) = (this, None);
            }
            if let (Block::List(list), Some(counted)) = (&mut block, number) {
                list.start = list.start.map(|_| counted);
                number = Some(counted.saturating_add(1));
            }
            let range = range.start + start..range.end + start;
            let before = placed.last().or(self.closed.last());
            let item = |block: &Block| matches!(block, Block::List(_));
            let items = item(&block) && before.is_some_and(|before| item(&before.block));
            let goes_on = matches!(&block, Block::Table(table) if table.goes_on);
            let apart = !goes_on && (!items || after_blank(text, range.start));
            let spaced = before.is_some() && apart;
            placed.push(Placed { block, range, spaced });
        }
        (placed, defined)
    }
}

/// Returns the code block that the tail is.
fn code(open: &mut [Placed]) -> Option<&mut Code> {
    match open {
        [Placed { block: Block::Code(code), .. }] => Some(code),
        _ => None,
    }
}

/// Returns whether the line before the one at `at` is blank.
fn after_blank(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = text[..line].strip_suffix('\n').map(|lines| lines.rsplit('\n').next());
    before.flatten().is_some_and(|line| line.trim().is_empty())
}

/// Returns the number of a numbered item.
fn number(block: &Block) -> Option<u64> {
    match block {
        Block::List(list) => list.start,
        _ => None,
    }
}

/// Returns the last boundary of a character up to `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
