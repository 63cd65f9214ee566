//! Lines of stdin, one by one, in bounded memory.

use std::io;
use std::io::BufRead;
use std::os::fd::AsFd;

use crate::chat::Fault;
use crate::chat::FaultKind;

/// The longest line; more fits no context.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Reads lines that are not blank.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    /// The next line's place.
    index: u64,
    /// Bytes read so far.
    bytes: u64,
    failed: bool,
}

/// One line: its place from 0, the bytes of the input up to its end, its text without the newline.
type Read = (u64, u64, Result<String, Fault>);

impl<R: BufRead> Lines<R> {
    /// Begins at the first line.
    pub(super) fn new(input: R) -> Self {
        Self { input, index: 0, bytes: 0, failed: false }
    }

    /// Reads up to the end of the next line that is not blank; `None` at the end of the input, or
    /// after a line that says that it could not be read.
    pub(super) fn next(&mut self) -> Option<Read> {
        loop {
            let text = match self.raw()? {
                Ok(bytes) => text(bytes),
                Err(fault) => Err(fault),
            };
            let index = self.index;
            self.index += 1;
            if !text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
                return Some((index, self.bytes, text));
            }
        }
    }

    /// Reads one line with its newline; what is too much of it is read and dropped.
    fn raw(&mut self) -> Option<Result<Vec<u8>, Fault>> {
        let mut line = Vec::new();
        let mut length = 0;
        while !self.failed {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(Fault::new(format!("cannot read stdin: {error}"))));
                }
            };
            let newline = buffer.iter().position(|byte| *byte == b'\n');
            let taken = newline.map_or(buffer.len(), |at| at + 1);
            let kept = taken.min(LINE_BYTES_MAX.saturating_sub(line.len()));
            line.extend_from_slice(&buffer[..kept]);
            let ends = newline.is_some() || buffer.is_empty();
            self.input.consume(taken);
            self.bytes += taken as u64;
            length += taken;
            if ends {
                break;
            }
        }
        match length {
            0 => None,
            _ if length > line.len() => Some(Err(too_long())),
            _ => Some(Ok(line)),
        }
    }
}

/// Returns how many bytes are still to be read, where that is known.
pub(super) fn length(input: impl AsFd) -> Option<u64> {
    let stat = rustix::fs::fstat(&input).ok()?;
    if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() {
        return None;
    }
    let at = rustix::fs::tell(&input).ok()?;
    u64::try_from(stat.st_size).ok()?.checked_sub(at)
}

fn text(mut line: Vec<u8>) -> Result<String, Fault> {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'));
    line.truncate(end.map_or(0, |at| at + 1));
    String::from_utf8(line).map_err(|error| {
        let column = error.utf8_error().valid_up_to();
        Fault::new(format!("not UTF-8: the byte at offset {column} of the line"))
            .kind(FaultKind::Usage)
            .hint("convert it with iconv -t utf-8")
    })
}

fn too_long() -> Fault {
    let most = LINE_BYTES_MAX / (1024 * 1024);
    Fault::new(format!("longer than {most} MiB")).kind(FaultKind::TooLong)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;
    use std::io::Cursor;
    use std::io::Read as _;

    use super::*;

    fn all(input: impl BufRead) -> Vec<Read> {
        let mut lines = Lines::new(input);
        std::iter::from_fn(|| lines.next()).collect()
    }

    #[test]
    fn lines_are_counted_and_blank_ones_skipped() {
        let text = "a\r\n\n \t\n b \nc";
        // However the bytes come.
        for capacity in [1, 2, 3, 64] {
            let lines = all(BufReader::with_capacity(capacity, text.as_bytes()));
            let ok = |text: &str| Ok(text.to_owned());
            assert_eq!(lines, [(0, 3, ok("a")), (3, 11, ok(" b ")), (4, 12, ok("c"))]);
        }
        assert_eq!(all(&b""[..]), []);
        assert_eq!(all(&b"\n\n"[..]), []);
    }

    #[test]
    fn a_line_that_is_no_text_or_too_long_is_a_fault_and_the_next_is_read() {
        let mut text = b"ok\n\xff\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', LINE_BYTES_MAX + 1));
        text.extend(b"\nlast");
        let lines = all(Cursor::new(text));
        let kinds: Vec<_> =
            lines.iter().map(|(_, _, text)| text.as_ref().map_err(|fault| fault.kind)).collect();
        let expected = [
            Ok(&"ok".to_owned()),
            Err(FaultKind::Usage),
            Err(FaultKind::TooLong),
            Ok(&"last".to_owned()),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_memory_than_a_long_one() {
        let endless = io::repeat(b'x').take(8 * LINE_BYTES_MAX as u64);
        let lines = all(BufReader::new(endless));
        assert_eq!((lines.len(), lines[0].1), (1, 8 * LINE_BYTES_MAX as u64));
        assert_eq!(lines[0].2.as_ref().expect_err("too long").kind, FaultKind::TooLong);
    }

    #[test]
    fn an_input_that_cannot_be_read_is_said_once() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::IsADirectory.into())
            }
        }
        let lines = all(BufReader::new(Broken));
        assert_eq!(lines.len(), 1);
        let fault = lines[0].2.as_ref().expect_err("a fault");
        assert!(fault.message.starts_with("cannot read stdin: "), "{}", fault.message);
    }

    #[test]
    fn the_length_of_a_file_is_known_from_where_it_is_read() {
        let mut file = tempfile::tempfile().expect("a file");
        io::Write::write_all(&mut file, b"12345").expect("written");
        assert_eq!(length(&file), Some(0));
        io::Seek::rewind(&mut file).expect("at its beginning");
        assert_eq!(length(&file), Some(5));
        let (pipe, _) = io::pipe().expect("a pipe");
        assert_eq!(length(&pipe), None);
    }
}
