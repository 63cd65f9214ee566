//! Durations as a person writes them.

use std::time::Duration;

/// A year: beyond it, a deadline would no longer fit the system's clocks.
const MAX: Duration = Duration::from_hours(365 * 24);

/// Units with their milliseconds; the longer name of two that begin alike comes first.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads whole numbers with units, such as `90s`, `5m` or `1h30m`; at most a year.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let (unit, millis) = UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = &tail[unit.len()..];
    }
    Some(Duration::from_millis(total)).filter(|duration| *duration <= MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        let table = [
            ("5m", Some(300_000)),
            ("90s", Some(90_000)),
            ("250ms", Some(250)),
            ("1h30m", Some(5_400_000)),
            (" 0s ", Some(0)),
            ("365d", Some(31_536_000_000)),
            ("366d", None),
            ("", None),
            ("5", None),
            ("m", None),
            ("-5m", None),
            ("1.5h", None),
            ("5 minutes", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
        ];
        for (text, millis) in table {
            assert_eq!(parse(text), millis.map(Duration::from_millis), "{text:?}");
        }
    }
}
