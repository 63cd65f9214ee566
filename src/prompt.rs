//! Chat templates: a conversation to the text that the model was trained on.
//!
//! Never: tokenising.
