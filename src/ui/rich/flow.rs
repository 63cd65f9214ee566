//! Running text of many looks, wrapped.

use std::ops::Range;

use crate::markdown::Look;
use crate::markdown::Span;
use crate::text;
use crate::text::Address;
use crate::text::Clean;
use crate::text::TAB_WIDTH;
use crate::text::width;
use crate::theme::Role;
use crate::ui::rich::Row;

/// Text of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Piece {
    /// The text, without breaks.
    pub(in crate::ui) text: Clean,
    /// What gives it its colour.
    pub(in crate::ui) role: Role,
    /// What makes it bold and the like.
    pub(in crate::ui) look: Look,
    /// Where it leads.
    pub(in crate::ui) link: Option<Address>,
}

impl Piece {
    /// Makes a piece without a special look.
    pub(super) fn new(text: &str, role: Role) -> Self {
        Self { text: untabbed(&Clean::new(text)), role, look: Look::PLAIN, link: None }
    }

    /// Returns the columns that it takes.
    pub(super) fn columns(&self) -> usize {
        width(self.text.as_str())
    }
}

/// Returns spans as pieces; `base` is the role of text without a look of its own. Behind a link
/// stands its host where the text does not show it.
pub(super) fn pieces(spans: &[Span], base: Role) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        let Span { text, look, link } = span;
        let look = *look;
        let role = match () {
            () if link.is_some() => Role::Link,
            () if look.has(Look::CODE) || look.has(Look::MATH) => Role::Code,
            () if look.has(Look::NOTE) => Role::Dim,
            () => base,
        };
        let mark = look.has(Look::IMAGE).then(|| Piece::new("▣ ", Role::Dim));
        pieces.extend(mark);
        let address = link.as_ref().and_then(|link| Address::new(link.as_str()));
        pieces.push(Piece { text: untabbed(text), role, look, link: address });
        let goes_on = spans.get(index + 1).is_some_and(|next| next.link == *link);
        if let (Some(link), false) = (link, goes_on) {
            let host = host(link.as_str());
            if !host.is_empty() && !text.as_str().contains(host) {
                pieces.push(Piece::new(&format!(" ({host})"), Role::Dim));
            }
        }
    }
    pieces
}

/// Margins and looks move the stops of tabs: in running text a tab is a few blanks.
pub(super) fn untabbed(text: &Clean) -> Clean {
    if text.as_str().contains('\t') {
        return Clean::new(&text.as_str().replace('\t', &" ".repeat(TAB_WIDTH)));
    }
    text.clone()
}

/// Returns the host of an address, all of it where there is no host.
fn host(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else { return address };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// Wraps pieces into rows of at most `columns`.
pub(super) fn wrap(pieces: &[Piece], columns: usize) -> Vec<Row> {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let rows = text::wrap(&text, columns.max(1));
    let mut first = 0;
    let mut start = 0;
    let mut cut = |row: Range<usize>| {
        let mut cut = Row::new();
        let (mut at, mut index) = (start, first);
        while let Some(piece) = pieces.get(index).filter(|_| at < row.end) {
            let end = at + piece.text.len();
            let inside = row.start.max(at)..row.end.min(end);
            if inside.start < inside.end {
                let text = piece.text.slice(inside.start - at..inside.end - at);
                let (role, look, link) = (piece.role, piece.look, piece.link.clone());
                cut.push(Piece { text, role, look, link });
            }
            if end > row.end {
                break;
            }
            (at, index) = (end, index + 1);
        }
        (start, first) = (at, index);
        cut
    };
    rows.into_iter().map(&mut cut).collect()
}
