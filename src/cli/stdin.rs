//! What stdin means: pure rules, and the reading of text.
//!
//! Never: the real descriptors; they come in as facts and readers.

use std::io::Read;

use crate::chat::Fault;
use crate::chat::FaultKind;

/// The most that stdin may bring. More fits no context, nor one frame to the engine (16 MiB).
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Who looks at what the program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminals {
    /// Whether stdin is a terminal.
    pub stdin: bool,
    /// Whether stdout is a terminal.
    pub stdout: bool,
}

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whether only one turn is wanted: `ask`, or output that no chat has (`--json`).
    pub one_turn: bool,
    /// Whether there is a PROMPT that is not blank.
    pub prompt: bool,
    /// Whether `--no-stdin` was given.
    pub no_stdin: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Open the chat; PROMPT, if there is one, is its first message.
    Chat,
    /// Answer PROMPT, if there is one, and the text on stdin.
    AskWithStdin,
    /// Answer PROMPT; stdin is left alone.
    AskWithout,
}

/// Decides what to do.
///
/// # Errors
/// There is nothing to answer; the hint says how to give it something.
pub fn plan(wish: Wish, terminals: Terminals) -> Result<Plan, Fault> {
    let Wish { one_turn, prompt, no_stdin } = wish;
    if !one_turn && !no_stdin && terminals.stdin && terminals.stdout {
        return Ok(Plan::Chat);
    }
    if !no_stdin && !terminals.stdin {
        return Ok(Plan::AskWithStdin);
    }
    if prompt {
        return Ok(Plan::AskWithout);
    }
    let nothing =
        |message: &str, hint: &str| Err(Fault::new(message).kind(FaultKind::Usage).hint(hint));
    let ask = "edgewise ask \"a question\"";
    match (one_turn, no_stdin) {
        (_, true) => nothing("nothing to answer: --no-stdin without a PROMPT", ask),
        (true, false) => nothing("nothing to answer: no PROMPT and nothing piped in", ask),
        (false, false) => nothing("the chat needs a terminal, and stdout is none", ask),
    }
}

/// Reads all of stdin as text; NUL and escape characters are text.
///
/// # Errors
/// Reading fails, there is more than [`MAX_BYTES`], or a byte is not UTF-8: the message gives its
/// offset from 0.
pub fn read(input: impl Read) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that too much is noticed and an endless stream ends.
    input
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::new(format!("cannot read stdin: {error}")))?;
    if bytes.len() > MAX_BYTES {
        let message = format!("stdin holds more than {} MiB", MAX_BYTES / (1024 * 1024));
        return Err(Fault::new(message).kind(FaultKind::TooLong).hint("send a part of it"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Fault::new(format!("stdin is not UTF-8: the byte at offset {offset}"))
            .kind(FaultKind::Usage)
            .hint("convert it with iconv -t utf-8")
    })
}

/// Joins PROMPT and the text from stdin, which is appended after an empty line.
///
/// Newlines at the end of stdin's text are the tools', not the question's.
///
/// # Errors
/// Both are blank.
pub fn join(prompt: Option<&str>, input: Option<&str>) -> Result<String, Fault> {
    let prompt = prompt.filter(|text| !text.trim().is_empty());
    let input = input.map(|text| text.trim_end_matches(['\n', '\r']));
    match (prompt, input.filter(|text| !text.trim().is_empty())) {
        (Some(prompt), Some(input)) => Ok(format!("{prompt}\n\n{input}")),
        (Some(text), None) | (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => Err(Fault::new("nothing to answer: no PROMPT, and stdin is blank")
            .kind(FaultKind::Usage)
            .hint("edgewise ask \"a question\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_plan() {
        use Plan::AskWithStdin;
        use Plan::AskWithout;
        use Plan::Chat;
        // one_turn, prompt, no_stdin -> by (stdin, stdout): both terminals, pipe out, pipe in, none
        let table = [
            ((false, false, false), [Some(Chat), None, Some(AskWithStdin), Some(AskWithStdin)]),
            (
                (false, true, false),
                [Some(Chat), Some(AskWithout), Some(AskWithStdin), Some(AskWithStdin)],
            ),
            ((false, false, true), [None; 4]),
            ((false, true, true), [Some(AskWithout); 4]),
            ((true, false, false), [None, None, Some(AskWithStdin), Some(AskWithStdin)]),
            (
                (true, true, false),
                [Some(AskWithout), Some(AskWithout), Some(AskWithStdin), Some(AskWithStdin)],
            ),
            ((true, false, true), [None; 4]),
            ((true, true, true), [Some(AskWithout); 4]),
        ];
        let sides = [(true, true), (true, false), (false, true), (false, false)];
        for ((one_turn, prompt, no_stdin), plans) in table {
            for ((stdin, stdout), expected) in sides.into_iter().zip(plans) {
                let wish = Wish { one_turn, prompt, no_stdin };
                let terminals = Terminals { stdin, stdout };
                let found = plan(wish, terminals);
                if let Err(fault) = &found {
                    assert_eq!(fault.kind, FaultKind::Usage);
                    assert!(fault.hint.is_some());
                }
                assert_eq!(found.ok(), expected, "{wish:?} {terminals:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_offset() {
        let fault = read(&b"gr\xc3\xbc\xc3\xfe"[..]).expect_err("not UTF-8");
        assert_eq!(fault.message, "stdin is not UTF-8: the byte at offset 4");
        assert_eq!(fault.kind, FaultKind::Usage);
        assert_eq!(read(&b"a\0b\x1b[31m"[..]).expect("text"), "a\0b\u{1b}[31m");
    }

    #[test]
    fn an_endless_stream_ends() {
        let fault = read(std::io::repeat(b'a')).expect_err("too much");
        assert_eq!(fault.message, "stdin holds more than 8 MiB");
        assert_eq!(fault.kind, FaultKind::TooLong);
        let most = std::io::repeat(b'a').take(MAX_BYTES as u64);
        assert_eq!(read(most).expect("just fits").len(), MAX_BYTES);
    }

    #[test]
    fn stdin_is_appended_to_the_prompt() {
        let table = [
            (Some("sum up"), Some("a\nb\r\n\n"), Some("sum up\n\na\nb")),
            (Some("sum up"), Some(" \n"), Some("sum up")),
            (Some("sum up"), None, Some("sum up")),
            (None, Some("  why?\n"), Some("  why?")),
            (Some(" "), Some("why?"), Some("why?")),
            (None, Some("\n\t "), None),
            (Some(""), None, None),
            (None, None, None),
        ];
        for (prompt, input, expected) in table {
            assert_eq!(join(prompt, input).ok().as_deref(), expected, "{prompt:?} {input:?}");
        }
    }
}
