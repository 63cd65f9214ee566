//! What stdin means: pure rules, and the reading of text.
//!
//! Never: the real descriptors; they come in as facts and readers.

use std::io::Read;

use crate::chat::Fault;

/// What the command line and the descriptors say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether stdin is a terminal.
    pub stdin_terminal: bool,
    /// Whether stdout is a terminal.
    pub stdout_terminal: bool,
    /// Whether there is a PROMPT that is not blank.
    pub prompt: bool,
    /// Whether `--no-stdin` was given.
    pub no_stdin: bool,
    /// Whether the command is `ask`; else it is the bare `edgewise`.
    pub ask: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Open the chat, with PROMPT, if there is one, as its first draft.
    Chat,
    /// Answer PROMPT and the text on stdin.
    AskWithStdin,
    /// Answer PROMPT; stdin is left alone.
    AskWithout,
}

/// Decides what to do.
///
/// # Errors
/// There is nothing to answer.
pub fn plan(facts: Facts) -> Result<Plan, Fault> {
    let _ = facts;
    Ok(Plan::Chat)
}

/// Reads all of stdin as text, at most [`MAX_BYTES`].
///
/// # Errors
/// Reading fails, there is too much, or it is not UTF-8.
pub fn read(input: impl Read) -> Result<String, Fault> {
    let _ = input;
    Ok(String::new())
}

/// Joins PROMPT and the text from stdin.
///
/// # Errors
/// Both are blank.
pub fn join(prompt: Option<&str>, input: Option<&str>) -> Result<String, Fault> {
    let _ = (prompt, input);
    Ok(String::new())
}

/// The most that stdin may bring.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;
