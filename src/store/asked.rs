//! A question as it is typed into one line: words, and conditions like `tag:work`.

use time::Date;
use time::Month;
use time::OffsetDateTime;
use time::UtcOffset;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Timestamp;
use crate::store::list::Filter;

impl Filter {
    /// Takes the conditions out of a question: `profile:`, `model:`, `route:`, `tag:`, `since:`
    /// and `before:`, each with its value right behind it and outside of quotes. Returns the words
    /// that are left.
    ///
    /// # Errors
    /// What is to be a day is none (`Usage`).
    pub fn typed(question: &str) -> Result<(String, Self), Fault> {
        let (mut words, mut filter) = (String::new(), Self::default());
        for (at, part) in question.split('"').enumerate() {
            if at % 2 == 1 {
                // What is in quotes is looked for as it is.
                words.extend(["\"", part, "\" "]);
                continue;
            }
            for word in part.split_whitespace() {
                if !filter.takes(word)? {
                    words.push_str(word);
                    words.push(' ');
                }
            }
        }
        Ok((words.trim_end().to_owned(), filter))
    }

    /// Takes a condition; `false` if the word is none.
    fn takes(&mut self, word: &str) -> Result<bool, Fault> {
        let Some((name, value)) = word.split_once(':') else { return Ok(false) };
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        let on = || if value.is_empty() { Ok(None) } else { day(value).map(Some) };
        match name {
            "profile" => self.profile = text(),
            "model" => self.model = text(),
            "route" => self.route = text(),
            "tag" => self.tag = text(),
            "since" => self.since = on()?,
            "before" => self.before = on()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads a day as `YYYY-MM-DD`; it begins when it begins where the user is.
///
/// # Errors
/// It is no day (`Usage`).
pub fn day(text: &str) -> Result<Timestamp, Fault> {
    let parse = || {
        let mut numbers = text.split('-');
        let (year, month, day) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
        numbers.next().is_none().then_some(date)
    };
    let date = parse().ok_or_else(|| Fault::new("a day is YYYY-MM-DD").kind(FaultKind::Usage))?;
    let utc = date.midnight().assume_utc();
    let offset = UtcOffset::local_offset_at(utc).unwrap_or(UtcOffset::UTC);
    let begins: OffsetDateTime = utc.replace_offset(offset);
    Ok(Timestamp(begins.unix_timestamp() * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_taken_out_of_the_words() {
        let typed = |question| Filter::typed(question).expect("a question");
        let (words, filter) =
            typed("river tag:work \"tag:x of\" model:qwen route:remote:lan profile:quick wat");
        assert_eq!(words, "river \"tag:x of\" wat");
        let expected = Filter {
            profile: Some("quick".to_owned()),
            model: Some("qwen".to_owned()),
            route: Some("remote:lan".to_owned()),
            tag: Some("work".to_owned()),
            ..Filter::default()
        };
        assert_eq!(filter, expected);
        let (words, filter) = typed("https://example.org since:2026-01-02 before:");
        assert_eq!(words, "https://example.org");
        assert_eq!(filter, Filter { since: day("2026-01-02").ok(), ..Filter::default() });
        let day_before = day("2026-01-01").expect("a day").0;
        assert_eq!(filter.since.expect("a day").0 - day_before, 86_400_000);
        for wrong in ["since:2026-13-01", "before:yesterday", "since:2026-02-30"] {
            let fault = Filter::typed(wrong).expect_err(wrong);
            assert_eq!(fault.message, "a day is YYYY-MM-DD");
        }
    }
}
