//! Streaming `Clean` text to blocks. Plain paragraphs are enough for now: `ui` wraps them itself.
//!
//! Never: colours, widths.
