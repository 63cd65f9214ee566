//! Readers of single values: the type, then the range.
//!
//! Never: keys and places; `source` adds them to a refusal.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use crate::config::AUTO_LANGUAGE;
use crate::config::duration;
use crate::config::hint::quoted;
use crate::config::nearest;
use crate::config::source::Refusal;
use crate::privacy;
use crate::words;

/// What a reader returns.
pub(super) type Read<T> = Result<T, Refusal>;

/// Reads any text.
pub(super) fn text(value: &DeValue<'_>) -> Read<String> {
    let text = value.as_str().ok_or_else(|| Refusal::kind("a string", value))?;
    Ok(text.to_owned())
}

/// Reads text that is not blank.
pub(super) fn name(value: &DeValue<'_>) -> Read<String> {
    let name = text(value)?;
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(Refusal::value("a name", quoted(&name)));
    }
    Ok(name)
}

/// Reads a language: a tag like `pt-BR`, or `auto`.
pub(super) fn language(value: &DeValue<'_>) -> Read<String> {
    let language = text(value)?;
    if language != AUTO_LANGUAGE && words::candidates(&language).is_empty() {
        let refusal = Refusal::value("a language like \"de\" or \"pt-BR\"", quoted(&language));
        return Err(refusal);
    }
    Ok(language)
}

/// Reads one name or a list of them.
pub(super) fn names(value: &DeValue<'_>) -> Read<Vec<String>> {
    if value.is_array() { list(value) } else { Ok(vec![name(value)?]) }
}

/// Reads a list of names.
pub(super) fn list(value: &DeValue<'_>) -> Read<Vec<String>> {
    let items = value.as_array().ok_or_else(|| Refusal::kind("a list of strings", value))?;
    let read = |item: &toml::Spanned<DeValue<'_>>| match text(item.get_ref()) {
        Ok(text) if text.is_empty() => {
            Err(Refusal::value("a list of strings", "one with an empty string"))
        }
        Ok(text) => Ok(text),
        Err(other) => Err(Refusal::value("a list of strings", format!("one with {}", other.found))),
    };
    items.iter().map(read).collect()
}

/// Reads `true` or `false`.
pub(super) fn flag(value: &DeValue<'_>) -> Read<bool> {
    value.as_bool().ok_or_else(|| Refusal::kind("true or false", value))
}

/// Makes a reader of whole numbers within `range`.
pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&DeValue<'_>) -> Read<T>
where
    T: Copy + Display + PartialOrd + TryFrom<i128>,
{
    move |value| {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let number = value.as_integer().ok_or_else(|| Refusal::kind(&expected, value))?;
        let wide = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let found = wide.and_then(|wide| T::try_from(wide).ok());
        found
            .filter(|number| range.contains(number))
            .ok_or_else(|| Refusal::value(expected, number.to_string()))
    }
}

/// Makes a reader of `"auto"`, which is `None`, or a whole number within `range`.
pub(super) fn auto_or(range: RangeInclusive<u32>) -> impl Fn(&DeValue<'_>) -> Read<Option<u32>> {
    let read = whole(range);
    move |value| {
        if value.as_str() == Some("auto") {
            return Ok(None);
        }
        read(value).map(Some).map_err(|refusal| Refusal {
            expected: format!("\"auto\" or {}", refusal.expected),
            found: value.as_str().map_or(refusal.found, quoted),
            hint: None,
        })
    }
}

/// Reads a number of at least 0.
pub(super) fn positive_or_zero(value: &DeValue<'_>) -> Read<f32> {
    number(value, "a number of at least 0", |number| number >= 0.0)
}

/// Reads a number above 0.
pub(super) fn positive(value: &DeValue<'_>) -> Read<f32> {
    number(value, "a number above 0", |number| number > 0.0)
}

/// Reads a number from 0 to 1.
pub(super) fn share(value: &DeValue<'_>) -> Read<f32> {
    number(value, "a number from 0 to 1", |number| (0.0..=1.0).contains(&number))
}

/// Reads whole or fractional numbers that are finite and `valid`.
fn number(value: &DeValue<'_>, expected: &str, valid: impl Fn(f32) -> bool) -> Read<f32> {
    let text = match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        other => return Err(Refusal::kind(expected, other)),
    };
    let number = text.parse::<f32>().ok().filter(|number| number.is_finite() && valid(*number));
    number.ok_or_else(|| Refusal::value(expected, text))
}

/// Reads milliseconds, at least 1.
pub(super) fn millis(value: &DeValue<'_>) -> Read<Duration> {
    let millis = whole(1..=u32::MAX)(value)?;
    Ok(Duration::from_millis(millis.into()))
}

/// Reads a duration.
pub(super) fn span(value: &DeValue<'_>) -> Read<Duration> {
    let expected = "a duration of at most a year, like \"90s\", \"5m\" or \"1h30m\"";
    let text = value.as_str().ok_or_else(|| Refusal::kind(expected, value))?;
    duration::parse(text).ok_or_else(|| Refusal::value(expected, quoted(text)))
}

/// Makes a reader of one of a few words.
pub(super) fn choice<T: Copy>(names: &'static [(&str, T)]) -> impl Fn(&DeValue<'_>) -> Read<T> {
    move |value| {
        let words: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let expected = format!("one of {}", words.join(", "));
        let word = value.as_str().ok_or_else(|| Refusal::kind(&expected, value))?;
        if let Some((_, choice)) = names.iter().find(|(name, _)| *name == word) {
            return Ok(*choice);
        }
        let near = nearest(word, words);
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        Err(Refusal { hint, ..Refusal::value(expected, quoted(word)) })
    }
}

/// Reads a list of headers, each written `name: value`.
///
/// A refused header's value is not repeated in the message: it may be a secret.
pub(super) fn headers(value: &DeValue<'_>) -> Read<Vec<(String, String)>> {
    let expected = "a list of headers like \"x-title: notes\"";
    let read = |header: String| {
        let found = |found: &str| Refusal::value(expected, found);
        let Some((name, text)) = header.split_once(':') else {
            return Err(found("one with a header without a colon"));
        };
        let (name, text) = (name.trim().to_ascii_lowercase(), text.trim());
        let token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            return Err(found("one with a header whose name is none"));
        }
        if privacy::RESERVED_HEADERS.contains(&name.as_str()) {
            let hint = "keys come from key_env, key_command or the keyring".to_owned();
            let refusal = found(&format!("one that sets {}", quoted(&name)));
            return Err(Refusal { hint: Some(hint), ..refusal });
        }
        if !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            return Err(found("one with a value that cannot be sent"));
        }
        Ok((name, text.to_owned()))
    };
    list(value)?.into_iter().map(read).collect()
}

/// Reads the address of a server.
///
/// A refused address is not repeated in the message: it may hold a password.
pub(super) fn url(value: &DeValue<'_>) -> Read<String> {
    let expected = "an address that begins with http:// or https://";
    let url = value.as_str().ok_or_else(|| Refusal::kind(expected, value))?;
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(Refusal::value(expected, "one without a scheme"));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Refusal::value(expected, format!("with {}", quoted(scheme))));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        let hint = Some("name the variable that holds the key with `key_env`".to_owned());
        let refusal = Refusal::value("an address alone", "one with a user name or password in it");
        return Err(Refusal { hint, ..refusal });
    }
    if rest.contains(['?', '#']) {
        return Err(Refusal::value("an address alone", "one with a query or a fragment"));
    }
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        // The colons of an IPv6 address in brackets are no port's.
        if port.ends_with(']') { authority } else { host }
    });
    if host.is_empty() || rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Refusal::value("an address with a host", "one without"));
    }
    Ok(url.to_owned())
}
