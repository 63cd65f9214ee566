//! Why a conversation could not be put into words for the model, one line each.

use std::error::Error as _;
use std::fmt;

use minijinja::Error;
use minijinja::ErrorKind;

/// A chat template, or a conversation that it does not take. What a template says is escaped and
/// shortened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The source is no template.
    #[error("the model's chat template does not parse: line {line}: {reason}")]
    Syntax {
        /// Line in the template, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The template itself refuses the conversation.
    #[error("the model's chat template refuses this conversation: {0}")]
    Refused(String),
    /// The template failed on the way.
    #[error("the model's chat template fails at line {line}: {reason}")]
    Failed {
        /// Line in the template, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The fuel ran out.
    #[error("the model's chat template does not come to an end")]
    Endless,
    /// The output is too long.
    #[error("the model's chat template writes more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// There is no room for another thread.
    #[error("no thread to render the chat template on: {0}")]
    NoThread(String),
    /// A message has an attachment.
    #[error("this model takes text only")]
    Media,
}

/// Marks an error as the template's own decision.
#[derive(Debug)]
pub(super) struct Raised(pub(super) String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

impl TemplateError {
    /// Words an error of compiling.
    pub(super) fn syntax(error: &Error) -> Self {
        Self::Syntax { line: error.line().unwrap_or(1), reason: reason(error) }
    }

    /// Words an error of rendering, whose output was limited to `limit` bytes.
    pub(super) fn rendering(error: &Error, limit: usize) -> Self {
        // Errors inside macros and blocks are wrapped: the innermost one says what happened.
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            if let Some(Raised(message)) = source.downcast_ref() {
                return Self::Refused(shown(message));
            }
            let Some(inner) = source.downcast_ref() else { break };
            innermost = inner;
        }
        match innermost.kind() {
            ErrorKind::OutOfFuel => Self::Endless,
            ErrorKind::WriteFailure => Self::TooLong { limit },
            _ => {
                let line = innermost.line().or(error.line()).unwrap_or(1);
                Self::Failed { line, reason: reason(innermost) }
            }
        }
    }
}

fn reason(error: &Error) -> String {
    let kind = error.kind().to_string();
    shown(&error.detail().map_or(kind.clone(), |detail| format!("{kind}: {detail}")))
}

/// Shows words out of a template: no byte can drive a terminal, and they stay short.
fn shown(words: &str) -> String {
    const LONGEST: usize = 200;
    let escape = |c: char| match c {
        '\'' | '"' | '\\' => c.to_string(),
        other => other.escape_debug().to_string(),
    };
    let mut shown: String = words.chars().take(LONGEST).map(escape).collect();
    if words.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
