//! Running text: spans of one look.

use std::ops::Range;

use crate::text::Clean;

/// How a span looks: any of the constants together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Look(u8);

impl Look {
    /// Nothing special.
    pub const PLAIN: Self = Self(0);
    /// `**strong**`
    pub const STRONG: Self = Self(1);
    /// `*emphasis*`
    pub const EMPHASIS: Self = Self(2);
    /// `~~struck~~`
    pub const STRUCK: Self = Self(4);
    /// `` `code` ``
    pub const CODE: Self = Self(8);
    /// `$formula$`, with its dollars.
    pub const MATH: Self = Self(16);
    /// What stands in a picture's place.
    pub const IMAGE: Self = Self(32);
    /// The mark of a footnote.
    pub const NOTE: Self = Self(64);

    /// Returns whether all of `other` is in it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Text of one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The text; `\n` is a line break.
    pub text: Clean,
    /// How it looks.
    pub look: Look,
    /// Where it leads, for links and pictures.
    pub link: Option<Clean>,
}

/// Gathers spans; neighbours of one look become one.
#[derive(Debug, Default)]
pub(super) struct Spans {
    done: Vec<Span>,
    looks: Vec<Look>,
    links: Vec<Clean>,
}

impl Spans {
    /// Begins a stretch that adds `look`.
    pub(super) fn open(&mut self, look: Look) {
        let look = self.look().with(look);
        self.looks.push(look);
    }

    /// Ends the stretch that began last.
    pub(super) fn close(&mut self) {
        self.looks.pop();
    }

    /// Begins a link or a picture.
    pub(super) fn link(&mut self, address: &str, look: Look) {
        self.open(look);
        self.links.push(Clean::one_line(address, usize::MAX));
    }

    /// Ends the link or picture that began last.
    pub(super) fn unlink(&mut self) {
        self.close();
        self.links.pop();
    }

    /// Adds text that also looks like `look`. Decoded entities may be anything, so it is cleaned.
    pub(super) fn push(&mut self, text: &str, look: Look) {
        let look = self.look().with(look);
        let (text, link) = (Clean::new(text), self.links.last());
        match self.done.last_mut() {
            Some(last) if last.look == look && last.link.as_ref() == link => last.text.push(&text),
            _ if text.is_empty() => {}
            _ => self.done.push(Span { text, look, link: link.cloned() }),
        }
    }

    /// Gives the spans away.
    pub(super) fn take(&mut self) -> Vec<Span> {
        let done = std::mem::take(&mut self.done);
        if done.iter().all(|span| bare(span).is_none()) {
            return done;
        }
        done.into_iter().flat_map(linked).collect()
    }

    fn look(&self) -> Look {
        self.looks.last().copied().unwrap_or_default()
    }
}

/// Returns where in a span an address stands by itself.
fn bare(span: &Span) -> Option<Range<usize>> {
    let stays = span.link.is_some() || span.look.has(Look::CODE) || span.look.has(Look::MATH);
    let text = Some(span.text.as_str()).filter(|_| !stays)?;
    let mut from = 0;
    while let Some(at) = text[from..].find("http").map(|at| from + at) {
        from = at + 4;
        let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric());
        let scheme = ["https://", "http://"].into_iter().find(|it| text[at..].starts_with(it));
        let Some(scheme) = scheme.filter(|_| begins) else { continue };
        let stop = |c: char| c.is_whitespace() || "<>\"`".contains(c);
        let end = text[at..].find(stop).map_or(text.len(), |end| at + end);
        // What ends a sentence or a bracket around it is no part of an address.
        let address = text[at..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
        let open = address.contains('(');
        let address = if open { address } else { address.trim_end_matches([')', ']']) };
        if address.len() > scheme.len() {
            return Some(at..at + address.len());
        }
    }
    None
}

/// Makes links of the addresses that stand in a span by themselves.
fn linked(mut span: Span) -> Vec<Span> {
    let mut parts = Vec::new();
    while let Some(range) = bare(&span) {
        let part = |range: Range<usize>| Span { text: span.text.slice(range), ..span.clone() };
        parts.extend(Some(part(0..range.start)).filter(|part| !part.text.is_empty()));
        let address = span.text.slice(range.clone());
        parts.push(Span { link: Some(address), ..part(range.clone()) });
        span = part(range.end..span.text.len());
    }
    parts.extend(Some(span).filter(|part| !part.text.is_empty()));
    parts
}
