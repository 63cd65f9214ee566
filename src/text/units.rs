//! Numbers as people read them.

/// Writes bytes with three digits or so, in powers of 1000.
pub fn bytes(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    // From 999.5 on it would be rounded to four digits.
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && value < 9.95);
    format!("{value:.decimals$} {}", units[unit])
}

/// Writes a speed in tokens per second.
pub fn tokens_per_second(rate: f64) -> String {
    if rate < 9.95 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_at_a_glance() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (98_362_432, "98 MB"),
            (999_600_000, "1.0 GB"),
            (1_250_000_000, "1.2 GB"),
            (u64::MAX, "18447 PB"),
        ];
        for (number, text) in table {
            assert_eq!(bytes(number), text);
        }
    }
}
