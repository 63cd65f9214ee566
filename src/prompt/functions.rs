//! What templates call besides Jinja's own: the functions that transformers gives them.

use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value;
use time::Date;

use super::error::Raised;

/// The function `raise_exception`: the template refuses the conversation.
#[expect(clippy::needless_pass_by_value, reason = "the shape of a function")]
pub(super) fn raise_exception(message: Value) -> Result<Value, Error> {
    let raised = Raised(message.to_string());
    Err(Error::new(ErrorKind::InvalidOperation, "raised").with_source(raised))
}

/// Formats `date` by Python's `strftime`. The day is all there is: a time of day would make every
/// prompt a new one, so hours, minutes and seconds are those of midnight. Unknown directives stay.
pub(super) fn strftime(date: Date, format: &str) -> String {
    let mut out = String::with_capacity(format.len() * 2);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('-') => match chars.next() {
                Some(code) => out.push_str(without_zeros(&directive(date, code))),
                None => out.push_str("%-"),
            },
            Some(code) => out.push_str(&directive(date, code)),
            None => out.push('%'),
        }
    }
    out
}

fn without_zeros(number: &str) -> &str {
    let short = number.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }
}

fn directive(date: Date, code: char) -> String {
    let (month, weekday) = (date.month().to_string(), date.weekday().to_string());
    match code {
        'd' => format!("{:02}", date.day()),
        'm' => format!("{:02}", u8::from(date.month())),
        'Y' => format!("{:04}", date.year()),
        'y' => format!("{:02}", date.year().rem_euclid(100)),
        'j' => format!("{:03}", date.ordinal()),
        'B' => month,
        'b' | 'h' => month[..3].to_owned(),
        'A' => weekday,
        'a' => weekday[..3].to_owned(),
        'F' => strftime(date, "%Y-%m-%d"),
        'H' | 'M' | 'S' => "00".to_owned(),
        'I' => "12".to_owned(),
        'p' => "AM".to_owned(),
        '%' => "%".to_owned(),
        other => format!("%{other}"),
    }
}
