//! Streaming Markdown: [`Clean`](crate::text::Clean) text that grows at its end to blocks.
//!
//! A [`Document`] closes a block as soon as no later text can change it, and reads only the open
//! tail again, so a token costs the same at the end of a long answer as at its beginning. What is
//! closed depends on complete lines alone: any chunking gives the blocks of the whole.
//!
//! Where a stream has to differ from `CommonMark`: a link reference that is defined later stays as
//! it was written; a definition is shown, not swallowed; a line break in a paragraph stays one;
//! and each item of an outermost list stands alone, so that a long list can be closed piecewise.
//!
//! Never: colours, widths, a terminal library, I/O.

mod block;
mod document;
mod fence;
mod find;
mod inline;
mod parse;
#[cfg(test)]
mod tests;

pub use block::Block;
pub use block::Code;
pub use block::Column;
pub use block::Item;
pub use block::List;
pub use block::Placed;
pub use block::Table;
pub use document::Document;
pub use find::code_blocks;
pub use find::links;
pub use inline::Look;
pub use inline::Span;
