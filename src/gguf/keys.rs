//! The keys and their values: scalars and strings are kept, arrays are walked over.

use std::collections::BTreeMap;
use std::io::Read;

use super::error::GgufError;
use super::error::shown;
use super::source::Part;
use super::source::Source;

const MAX_KEYS: u64 = 1 << 16;
const MAX_ARRAY_ELEMENTS: u64 = 10_000_000;
const MAX_ALIGNMENT: u64 = 1 << 20;

/// Name length, one byte of name, type, value: the least that a pair takes.
const MIN_PAIR_BYTES: u64 = 8 + 1 + 4 + 1;

/// The bytes of an empty string.
const LENGTH_BYTES: u64 = 8;

pub(super) const INT32: u32 = 5;
pub(super) const FLOAT32: u32 = 6;
pub(super) const STRING: u32 = 8;
const ARRAY: u32 = 9;

pub(super) type Values = BTreeMap<String, Value>;

/// A value in a model file's header.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any unsigned integer.
    Unsigned(u64),
    /// Any signed integer.
    Signed(i64),
    /// Any floating-point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string; what is no UTF-8 in it is replaced.
    Text(String),
    /// An array, whose elements are not kept.
    Array {
        /// How many elements it has.
        len: u64,
        /// The format's number for their type; 8 is a string.
        kind: u32,
    },
}

impl Value {
    /// Returns a whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::Unsigned(number) => Some(number),
            Self::Signed(number) => u64::try_from(number).ok(),
            Self::Float(_) | Self::Bool(_) | Self::Text(_) | Self::Array { .. } => None,
        }
    }

    /// Returns the string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            Self::Bool(truth) => Some(truth),
            _ => None,
        }
    }
}

/// Reads the `count` pairs that `source` stands before.
pub(super) fn read<R: Read>(source: &mut Source<R>, count: u64) -> Result<Values, GgufError> {
    source.limit("the number of keys", count, MAX_KEYS)?;
    source.promise(count * MIN_PAIR_BYTES)?;
    let mut values = Values::new();
    for index in 0..count {
        source.at = Part::Key(index);
        let key = String::from_utf8(source.string()?).ok().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| GgufError::BadName(source.at.to_string()))?;
        source.at = Part::Value(key.clone());
        let kind = source.u32()?;
        let value = match kind {
            ARRAY => array(source, &key)?,
            kind => scalar(source, &key, kind)?,
        };
        if values.contains_key(&key) {
            return Err(GgufError::DuplicateKey(shown(&key)));
        }
        values.insert(key, value);
    }
    Ok(values)
}

/// Returns what the tensors' offsets are multiples of.
pub(super) fn alignment(values: &Values) -> Result<u64, GgufError> {
    let key = "general.alignment";
    let Some(value) = values.get(key) else { return Ok(32) };
    let &Value::Unsigned(alignment) = value else {
        return Err(GgufError::WrongValue { key: key.into(), expected: "a number" });
    };
    if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
        return Err(GgufError::Alignment(alignment));
    }
    Ok(alignment)
}

fn scalar<R: Read>(source: &mut Source<R>, key: &str, kind: u32) -> Result<Value, GgufError> {
    Ok(match kind {
        0 => Value::Unsigned(u8::from_le_bytes(source.array()?).into()),
        1 => Value::Signed(i8::from_le_bytes(source.array()?).into()),
        2 => Value::Unsigned(u16::from_le_bytes(source.array()?).into()),
        3 => Value::Signed(i16::from_le_bytes(source.array()?).into()),
        4 => Value::Unsigned(u32::from_le_bytes(source.array()?).into()),
        5 => Value::Signed(i32::from_le_bytes(source.array()?).into()),
        6 => Value::Float(f32::from_le_bytes(source.array()?).into()),
        7 => Value::Bool(source.array::<1>()? != [0]),
        STRING => Value::Text(String::from_utf8_lossy(&source.string()?).into_owned()),
        10 => Value::Unsigned(u64::from_le_bytes(source.array()?)),
        11 => Value::Signed(i64::from_le_bytes(source.array()?)),
        12 => Value::Float(f64::from_le_bytes(source.array()?)),
        kind => return Err(GgufError::UnknownKind { key: shown(key), kind }),
    })
}

/// Walks over an array. An array of arrays is refused, as llama.cpp does.
fn array<R: Read>(source: &mut Source<R>, key: &str) -> Result<Value, GgufError> {
    let kind = source.u32()?;
    let len = source.u64()?;
    let element_bytes = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        STRING => LENGTH_BYTES,
        10..=12 => 8,
        kind => return Err(GgufError::UnknownKind { key: shown(key), kind }),
    };
    source.limit("the array's length", len, MAX_ARRAY_ELEMENTS)?;
    if kind == STRING {
        source.promise(len * element_bytes)?;
        for _ in 0..len {
            source.skip_string()?;
        }
    } else {
        source.skip(len * element_bytes)?;
    }
    Ok(Value::Array { len, kind })
}
