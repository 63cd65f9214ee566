//! What went wrong, in words for a person.

use std::fmt;

/// What kind of failure it is; the exit code follows from it (`cli::exit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// It was tried and did not work.
    #[default]
    Failed,
    /// The request or the configuration is wrong, a missing model included.
    Usage,
    /// No route is allowed.
    NoRoute,
    /// The input does not fit the context.
    TooLong,
    /// The answer does not match the schema.
    Schema,
}

/// A failure in words: one lower-case line that names the thing, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What kind of failure this is.
    pub kind: FaultKind,
    /// One line, lower case, without a trailing full stop.
    pub message: String,
    /// What the user can do, if anything.
    pub hint: Option<String>,
}

impl Fault {
    /// Makes a fault of the kind `Failed` without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::Failed, message: message.into(), hint: None }
    }

    /// Says what kind it is.
    #[must_use]
    pub fn kind(mut self, kind: FaultKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
