//! Text that is safe to show, and its measure: `Clean`, graphemes, widths, wrapping.
//!
//! Never: colours.
