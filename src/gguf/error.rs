//! Why a file is not taken, one line each. Names out of the file are escaped and shortened.

use std::io;

/// A file that is no usable model.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// Nothing in it.
    #[error("an empty file")]
    Empty,
    /// Another magic number; the text is what the file starts with, escaped.
    #[error("not a model file: it starts with \"{0}\"")]
    NotGguf(String),
    /// A version that this reader does not know.
    #[error("a GGUF file of version {0}; versions 2 and 3 can be read")]
    Version(u32),
    /// Byte order of another machine.
    #[error("a GGUF file for big-endian machines")]
    BigEndian,
    /// Something begins in the file and ends behind it.
    #[error("truncated: {part} ends at byte {end} but the file has {file_bytes}")]
    Truncated {
        /// What is cut, in words.
        part: String,
        /// Where it would end, counted from the file's start.
        end: u64,
        /// The file's length.
        file_bytes: u64,
    },
    /// A number over its limit.
    #[error("{part}: {what} is {value}, more than {limit}")]
    TooMuch {
        /// Where it stands, in words.
        part: String,
        /// What is counted, like `the string's length`.
        what: &'static str,
        /// The file's number.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// A name that is empty or no UTF-8.
    #[error("{0}: its name is not readable text")]
    BadName(String),
    /// The same key twice.
    #[error("the key {0} is there twice")]
    DuplicateKey(String),
    /// The same tensor twice.
    #[error("the tensor {0} is there twice")]
    DuplicateTensor(String),
    /// A number that stands for no type of value.
    #[error("key {key}: {kind} is no type of value")]
    UnknownKind {
        /// The key.
        key: String,
        /// The file's number.
        kind: u32,
    },
    /// A number that stands for no type of tensor.
    #[error("tensor {tensor}: {kind} is no type of tensor")]
    UnknownTensorKind {
        /// The tensor.
        tensor: String,
        /// The file's number.
        kind: u32,
    },
    /// Sizes whose product does not fit 63 bits.
    #[error("tensor {0}: its sizes multiply beyond any file")]
    Overflow(String),
    /// A row that is no whole number of quantisation blocks.
    #[error("tensor {tensor}: rows of {row} elements do not divide into blocks of {block}")]
    RaggedRow {
        /// The tensor.
        tensor: String,
        /// Elements in a row.
        row: u64,
        /// Elements in a block of the tensor's type.
        block: u64,
    },
    /// A tensor that overlaps its neighbour or leaves a hole.
    #[error("tensor {tensor}: it starts at offset {offset} where {expected} was expected")]
    Misplaced {
        /// The tensor.
        tensor: String,
        /// Where the file puts it, from the start of the tensor data.
        offset: u64,
        /// Where the one before it ends, aligned.
        expected: u64,
    },
    /// An alignment that is no power of two or over 1 MiB.
    #[error("general.alignment is {0}, not a power of two up to 1048576")]
    Alignment(u64),
    /// A key that every language model has.
    #[error("the key {0} is missing")]
    MissingKey(String),
    /// A key with a value of another type or out of its range.
    #[error("the key {key} is not {expected}")]
    WrongValue {
        /// The key.
        key: String,
        /// What it should be, with an article.
        expected: &'static str,
    },
    /// An adapter, a projector or another file around a model.
    #[error("not a language model but a file of type {0}")]
    NotAModel(String),
    /// A vocabulary without weights.
    #[error("it holds no tensors")]
    NoTensors,
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Shows a name out of the file: no byte of it can drive a terminal, and it stays short.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
