//! Printers for one turn: text for people ([`Plain`]), NDJSON for programs ([`Json`]).
//!
//! Both are state machines from events to text; [`deliver`] hands the text to the streams.
//!
//! Never: the terminal itself; text of a model, a file or an endpoint that is not clean.

mod color;
mod json;
mod plain;

pub use color::{ColorFlag, use_color};
pub use json::Json;
pub use plain::{Plain, Style, fault_lines};

use std::io;
use std::io::Write;

use crate::chat::Fault;
use crate::chat::Timings;
use crate::chat::TurnEvent;

/// What one event brings to the two streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// For stdout.
    pub stdout: String,
    /// For stderr, after stdout.
    pub stderr: String,
}

/// The printer of one turn.
#[derive(Clone, Debug)]
pub enum Printer {
    /// Text.
    Plain(Plain),
    /// NDJSON.
    Json(Json),
}

impl Printer {
    /// Takes the next event; `timings` are what the front has measured up to it.
    pub fn event(&mut self, event: &TurnEvent, timings: Timings) -> Printed {
        match self {
            Self::Plain(plain) => plain.event(event, timings),
            Self::Json(json) => json.event(event, timings),
        }
    }

    /// Ends a turn that never began, or whose events will not come: prints `fault` as its end.
    /// Prints nothing after an end that was printed already.
    pub fn fail(&mut self, fault: &Fault, timings: Timings) -> Printed {
        match self {
            Self::Plain(plain) => plain.fail(fault),
            Self::Json(json) => json.fail(fault, timings),
        }
    }
}

/// Whether somebody still reads stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// It was written and flushed.
    Listens,
    /// The pipe is closed: stop and exit 0.
    Gone,
}

/// Writes and flushes what was printed. A closed stderr loses its lines and nothing else.
///
/// # Errors
/// stdout cannot be written, other than because its reader is gone; a full disk, for one.
pub fn deliver(
    printed: &Printed,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<Reader> {
    let reader = match write(&printed.stdout, stdout) {
        Ok(()) => Reader::Listens,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Reader::Gone,
        Err(error) => return Err(error),
    };
    // Nobody is left to tell that stderr is closed.
    write(&printed.stderr, stderr).ok();
    Ok(reader)
}

fn write(text: &str, stream: &mut impl Write) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that always fails in one way.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        let printed = Printed { stdout: "a".to_owned(), stderr: "b".to_owned() };
        let mut stderr = Vec::new();
        let reader = deliver(&printed, &mut Broken(io::ErrorKind::BrokenPipe), &mut stderr);
        assert_eq!(reader.expect("no error"), Reader::Gone);
        assert_eq!(stderr, b"b");
        let full = deliver(&printed, &mut Broken(io::ErrorKind::StorageFull), &mut stderr);
        assert_eq!(full.expect_err("an error").kind(), io::ErrorKind::StorageFull);
        let mut stdout = Vec::new();
        let reader = deliver(&printed, &mut stdout, &mut Broken(io::ErrorKind::BrokenPipe));
        assert_eq!((reader.expect("no error"), stdout), (Reader::Listens, b"a".to_vec()));
    }
}
