//! Decides what of the text between escape sequences is shown, and how.
//!
//! Never: escape sequences; `escape` has taken them out.

use std::fmt::Write as _;
use std::mem;

use super::hidden::Hidden;
use super::scripts;
use super::scripts::ZWJ;
use super::scripts::ZWNJ;
use super::scripts::ZWSP;

/// Characters that may extend one base. Real writing needs fewer; a family of four in skin tones
/// needs seven.
const MAX_EXTENDERS: usize = 8;

/// The judge: remembers of the text so far only what the next character depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Visible {
    /// Something was seen, so a byte order mark is none any more.
    started: bool,
    /// The last character was `\r`, shown as a newline already.
    after_cr: bool,
    /// The last character kept as it is, if nothing stands between.
    last: Option<char>,
    /// The character that the next mark would extend.
    base: Option<char>,
    /// What extends it so far.
    extenders: usize,
    /// A joiner that waits for its right neighbour.
    joiner: Option<char>,
    /// What was not shown as it is.
    hidden: Hidden,
}

impl Visible {
    /// Copies the printable ASCII that `text` begins with and gives the rest: the fast path.
    pub(super) fn plain_run<'a>(&mut self, text: &'a str, out: &mut String) -> &'a str {
        let len = text.bytes().take_while(|byte| matches!(byte, b' '..=b'~')).count();
        let (run, rest) = text.split_at(len);
        if let (Some(first), Some(last)) = (run.chars().next(), run.chars().next_back()) {
            self.settle(Some(first), out);
            out.push_str(run);
            let (last, hidden) = (Some(last), self.hidden);
            *self = Self { started: true, last, base: last, hidden, ..Self::default() };
        }
        rest
    }

    /// Takes one character.
    pub(super) fn push(&mut self, c: char, out: &mut String) {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            return;
        }
        let after_cr = mem::take(&mut self.after_cr);
        let started = mem::replace(&mut self.started, true);
        match c {
            '\n' if after_cr => {}
            '\u{feff}' if !started => {}
            '\u{ad}' => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                self.after_cr = c == '\r';
                self.settle(None, out);
                self.separate('\n', out);
            }
            '\t' => {
                self.settle(None, out);
                self.separate('\t', out);
            }
            ZWJ | ZWNJ | ZWSP => {
                self.settle(Some(c), out);
                self.joiner = Some(c);
            }
            _ => {
                self.settle(Some(c), out);
                self.settled(c, out);
            }
        }
    }

    /// Ends the text and starts anew; returns what of it was not shown as it is.
    pub(super) fn finish(&mut self, out: &mut String) -> Hidden {
        self.settle(None, out);
        mem::take(self).hidden
    }

    /// Takes a character that is no separator and no joiner, none waiting.
    fn settled(&mut self, c: char, out: &mut String) {
        let directly = self.base.filter(|_| self.base == self.last);
        let kept = match c {
            '\u{fe0e}' | '\u{fe0f}' => {
                if directly.is_some_and(scripts::takes_presentation) {
                    self.extend(c, out);
                }
                return;
            }
            '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => {
                directly.is_some_and(scripts::is_ideographic)
            }
            '\u{180b}'..='\u{180d}' | '\u{180f}' => {
                directly.is_some_and(scripts::is_mongolian_letter)
            }
            _ => !scripts::is_hidden(c),
        };
        if !kept {
            self.spell(c, out);
        } else if scripts::is_mark(c) {
            self.extend(c, out);
        } else {
            // A chain of joined emoji is one base, however long.
            if !(self.last == Some(ZWJ) && scripts::is_pictographic(c)) {
                self.extenders = 0;
            }
            out.push(c);
            (self.last, self.base) = (Some(c), Some(c));
        }
    }

    /// Decides about the joiner that waits, now that its right neighbour is known.
    fn settle(&mut self, next: Option<char>, out: &mut String) {
        let Some(joiner) = self.joiner.take() else { return };
        // What may itself not stay is no neighbour.
        let next = next.filter(|c| !scripts::is_mark(*c) && !scripts::is_hidden(*c));
        let beside = |needs: fn(char) -> bool| [self.last, next].into_iter().flatten().any(needs);
        let needed = match joiner {
            _ if matches!(self.last, Some(ZWJ | ZWNJ | ZWSP)) => false,
            ZWSP => beside(scripts::needs_zero_width_space),
            ZWJ if self.base.is_some_and(scripts::is_pictographic) => {
                next.is_some_and(scripts::is_pictographic)
            }
            _ => beside(scripts::needs_joiners),
        };
        if !needed || self.extenders == MAX_EXTENDERS {
            self.spell(joiner, out);
        } else if joiner == ZWSP {
            self.separate(joiner, out);
            self.last = Some(joiner);
        } else {
            self.extend(joiner, out);
        }
    }

    fn extend(&mut self, c: char, out: &mut String) {
        if self.extenders < MAX_EXTENDERS {
            out.push(c);
            self.extenders += 1;
            self.last = Some(c);
        }
    }

    fn separate(&mut self, c: char, out: &mut String) {
        out.push(c);
        self.forget();
    }

    fn spell(&mut self, c: char, out: &mut String) {
        self.hidden.count(c);
        write!(out, "<U+{:04X}>", u32::from(c)).expect("a string takes all that is written to it");
        self.forget();
    }

    fn forget(&mut self) {
        (self.last, self.base, self.extenders) = (None, None, 0);
    }
}
