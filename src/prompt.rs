//! Chat templates: a conversation to the text that the model was trained on.
//!
//! A template comes out of a model file and is untrusted: it runs on limited fuel, with a limit on
//! nesting and output, and reaches nothing but the values handed to it. The contents of messages are
//! untrusted too: they cannot write a control token (see [`SpecialTexts`]).
//!
//! Beside it, the user's side of a prompt: files in front of a question, and forms with fields.
//!
//! Owns rendering, the comparison of prompts as tokens, what of a conversation is sent, and what a context would drop. Never: tokenising, a clock.

mod attach;
mod breaker;
mod chat;
mod conversation;
mod error;
mod form;
mod functions;
mod json;
mod template;
#[cfg(test)]
mod tests;
mod unit;
mod window;

pub use attach::{Attachment, NoText, attached, text_of};
pub use breaker::SpecialTexts;
pub use conversation::{messages, sent, sent_from};
pub use error::TemplateError;
pub use form::{Form, FormError};
pub use template::{RenderOptions, Rendered, Template};
pub use unit::{Unit, common_prefix};
pub use window::{Density, oldest_to_drop};
