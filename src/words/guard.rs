//! What a resource may not hold, so that reading and using it ends: the parser goes down as deep as
//! braces are nested, and the rules of plurals take whole numbers of 64 bits only.

use crate::words::Broken;
use crate::words::Value;

/// Braces within braces.
const DEEPEST: usize = 50;
/// The most digits in a row: what more has is no number that a plural is chosen by.
const DIGITS: usize = 15;

/// Checks a resource line by line.
///
/// # Errors
/// The first line that goes too deep, or has too long a number.
pub(super) fn check(text: &str) -> Result<(), Broken> {
    let mut depth = 0_usize;
    for (line, words) in (1..).zip(text.lines()) {
        // A message begins at the left edge; whatever the one before left open ends there.
        if words.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-' || c == '#') {
            depth = 0;
        }
        let broken = |what: &str| Err(Broken { line, what: what.to_owned() });
        let mut digits = 0;
        for c in words.chars() {
            digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
            depth = match c {
                '{' => depth + 1,
                '}' => depth.saturating_sub(1),
                _ => depth,
            };
            if digits > DIGITS {
                return broken("a number of more than 15 digits");
            }
            if depth > DEEPEST {
                return broken("too many braces within braces");
            }
        }
    }
    Ok(())
}

/// Gives a number that plurals are chosen by; a larger one is text.
pub(super) fn small<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::Number(number) if number.value.is_nan() || number.value.abs() >= 1e15 => {
            Value::String(number.as_string())
        }
        value => value.clone(),
    }
}
