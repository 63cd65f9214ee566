//! Bytes in order, counted against the file's length before they are asked for.

use std::fmt;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;

use super::error::GgufError;
use super::error::shown;

/// The longest string in a model file. Chat templates are the longest: some reach 40 KB.
const MAX_STRING_BYTES: u64 = 1 << 20;

/// The longest header; real ones, vocabulary included, have up to some 20 MB.
const MAX_HEADER_BYTES: u64 = 128 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// What is being read, for the words of an error.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// The fixed fields.
    Header,
    /// The n-th key, before its name is known.
    Key(u64),
    /// The value of the named key.
    Value(String),
    /// The n-th tensor, before its name is known.
    Tensor(u64),
    /// The entry of the named tensor.
    Shape(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Key(index) => write!(f, "key {index}"),
            Self::Value(name) => write!(f, "the value of {}", shown(name)),
            Self::Tensor(index) => write!(f, "the entry of tensor {index}"),
            Self::Shape(name) => write!(f, "the entry of tensor {}", shown(name)),
        }
    }
}

/// A reader that knows where it is and never goes behind the end.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: BufReader<R>,
    position: u64,
    file_bytes: u64,
    /// What is being read now.
    pub(super) at: Part,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R, file_bytes: u64) -> Self {
        let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        Self { reader, position: 0, file_bytes, at: Part::Header }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Checks the first four bytes.
    pub(super) fn magic(&mut self) -> Result<(), GgufError> {
        let mut start = Vec::new();
        self.reader.by_ref().take(4).read_to_end(&mut start)?;
        self.position = 4;
        if start == b"GGUF" {
            return Ok(());
        }
        let printable = start.iter().take_while(|byte| matches!(byte, b' '..=b'~')).count();
        let telling = if printable > 0 { &start[..printable] } else { &start };
        Err(GgufError::NotGguf(telling.escape_ascii().to_string()))
    }

    pub(super) fn u32(&mut self) -> Result<u32, GgufError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, GgufError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a string's bytes: a length, then as many.
    pub(super) fn string(&mut self) -> Result<Vec<u8>, GgufError> {
        let length = self.string_length()?;
        self.promise(length)?;
        let length = usize::try_from(length).expect("at most 1 MiB");
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Passes over a string.
    pub(super) fn skip_string(&mut self) -> Result<(), GgufError> {
        let length = self.string_length()?;
        self.skip(length)
    }

    /// Passes over `count` bytes.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), GgufError> {
        self.promise(count)?;
        let mut left = count;
        while left > 0 {
            let buffered = self.reader.fill_buf()?.len();
            if buffered == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(buffered);
            self.reader.consume(step);
            left -= step as u64;
        }
        self.position += count;
        Ok(())
    }

    /// Fails if the file cannot hold `count` more bytes.
    pub(super) fn promise(&self, count: u64) -> Result<(), GgufError> {
        let end = self.position.saturating_add(count);
        if end > self.file_bytes {
            let (part, file_bytes) = (self.at.to_string(), self.file_bytes);
            return Err(GgufError::Truncated { part, end, file_bytes });
        }
        self.limit("the header's length up to here", end, MAX_HEADER_BYTES)
    }

    /// Fails if `value` is over `limit`.
    pub(super) fn limit(
        &self,
        what: &'static str,
        value: u64,
        limit: u64,
    ) -> Result<(), GgufError> {
        if value > limit {
            return Err(GgufError::TooMuch { part: self.at.to_string(), what, value, limit });
        }
        Ok(())
    }

    fn string_length(&mut self) -> Result<u64, GgufError> {
        let length = self.u64()?;
        self.limit("a string's length", length, MAX_STRING_BYTES)?;
        Ok(length)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), GgufError> {
        self.promise(bytes.len() as u64)?;
        self.reader.read_exact(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}
