//! Numbers as people read them, and lines of them that fit.

use std::time::Duration;

use time::OffsetDateTime;

use crate::chat::Timestamp;
use crate::text::Clean;
use crate::text::width;
use crate::ui::bar::filled;
use crate::words::word;

/// Levels of a bar, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What stands between two figures.
pub(super) const DOT: &str = " · ";

/// One figure of a line. The ones with the highest `rank` go first when room is short.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    rank: u8,
    text: String,
}

/// Makes a figure.
pub(super) fn figure(rank: u8, text: impl Into<String>) -> Figure {
    Figure { rank, text: text.into() }
}

/// Returns the figures that fit in `columns`, in their order, the least important ones dropped.
pub(super) fn fit(mut figures: Vec<Figure>, columns: u16) -> Clean {
    figures.retain(|figure| !figure.text.is_empty());
    while figures.len() > 1 && length(&figures) > usize::from(columns) {
        let least = figures.iter().map(|figure| figure.rank).max().unwrap_or(0);
        let index = figures.iter().rposition(|figure| figure.rank == least).unwrap_or(0);
        figures.remove(index);
    }
    let texts = figures.iter().map(|figure| figure.text.as_str()).collect::<Vec<_>>();
    Clean::one_line(&texts.join(DOT), usize::from(columns))
}

/// Returns the figures that fit in `columns`; nothing where not even the most important one does.
pub(super) fn fit_whole(figures: Vec<Figure>, columns: u16) -> Clean {
    let best = figures.iter().min_by_key(|figure| figure.rank);
    let fits = best.is_some_and(|figure| width(&figure.text) <= usize::from(columns));
    if fits { fit(figures, columns) } else { Clean::default() }
}

fn length(figures: &[Figure]) -> usize {
    let texts = figures.iter().map(|figure| width(&figure.text)).sum::<usize>();
    texts + figures.len().saturating_sub(1) * width(DOT)
}

/// Returns a time with three digits that matter.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.9995 => format!("{:.0} ms", seconds * 1000.0),
        ..9.995 => format!("{seconds:.2} s"),
        ..59.95 => format!("{seconds:.1} s"),
        _ => {
            let seconds = seconds.round();
            format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0)
        }
    }
}

/// Returns a time that is a guess: no more digits than it deserves.
pub(super) fn guess(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds @ ..9.95 => format!("{seconds:.1} s"),
        seconds @ ..59.5 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} min", (seconds / 60.0).ceil()),
    }
}

/// Returns how long ago a moment was; beyond a week, its day (UTC).
pub(super) fn age(moment: Timestamp, now: Timestamp) -> String {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    match now.0.saturating_sub(moment.0) {
        ..MINUTE => word("age-now").to_owned(),
        ms @ ..HOUR => format!("{} min", ms / MINUTE),
        ms @ ..DAY => format!("{} h", ms / HOUR),
        ms if ms < 7 * DAY => format!("{} d", ms / DAY),
        _ => {
            let day = OffsetDateTime::from_unix_timestamp(moment.0.div_euclid(1000));
            day.map(|day| day.date().to_string()).unwrap_or_default()
        }
    }
}

/// Returns a speed with three digits that matter.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        ..9.995 => format!("{per_second:.2}"),
        ..99.95 => format!("{per_second:.1}"),
        _ => format!("{per_second:.0}"),
    }
}

/// Returns a size in decimal units.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        size @ ..999_500_000.0 => format!("{:.0} MB", size / 1e6),
        size => format!("{:.2} GB", size / 1e9),
    }
}

/// Draws the newest `columns` of a history, newest last, by their own highest value; what is unknown
/// is a gap.
pub(super) fn bars(history: &[Option<f64>], columns: usize) -> String {
    let shown = &history[history.len().saturating_sub(columns)..];
    let most = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |rate: &Option<f64>| {
        let Some(rate) = rate.filter(|_| most > 0.0) else { return ' ' };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of at most 1, of 8"
        )]
        let level = (rate / most * BARS.len() as f64).ceil() as usize;
        BARS[level.clamp(1, BARS.len()) - 1]
    };
    shown.iter().map(bar).collect()
}

/// Draws a share, 0 to 1, over so many columns; all of them are full only when it is.
pub(super) fn meter(share: f64, columns: u16) -> String {
    let full = filled(columns, share);
    let part = |glyph: &str, columns: u16| glyph.repeat(usize::from(columns));
    part("━", full) + &part("─", columns - full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let ms = Duration::from_millis;
        assert_eq!(
            [ms(0), ms(142), ms(999), ms(1000)].map(time),
            ["0 ms", "142 ms", "999 ms", "1.00 s"]
        );
        assert_eq!([ms(9994), ms(12_340)].map(time), ["9.99 s", "12.3 s"]);
        assert_eq!([ms(59_960), ms(125_000)].map(time), ["1 min 00 s", "2 min 05 s"]);
        assert_eq!([ms(1240), ms(12_400), ms(61_000)].map(guess), ["1.2 s", "12 s", "2 min"]);
        assert_eq!([0.5, 9.6, 96.25, 310.4].map(rate), ["0.50", "9.60", "96.2", "310"]);
        assert_eq!([181_600_000, 1_250_000_000].map(bytes), ["182 MB", "1.25 GB"]);
    }

    #[test]
    fn bars_are_relative_to_the_highest_and_gaps_stay() {
        let history = [Some(10.0), None, Some(80.0), Some(40.0), Some(0.1)];
        assert_eq!(bars(&history, 9), "▁ █▄▁");
        assert_eq!(bars(&history, 2), "█▁");
        assert_eq!((bars(&[], 9).as_str(), bars(&[Some(0.0)], 9).as_str()), ("", " "));
    }

    #[test]
    fn a_meter_is_full_when_all_is_used() {
        assert_eq!(
            [0.0, 0.3, 0.999, 1.0, 7.0].map(|it| meter(it, 4)),
            ["────", "━───", "━━━─", "━━━━", "━━━━"]
        );
    }

    #[test]
    fn an_age_is_as_exact_as_it_is_young() {
        let now = Timestamp(1_800_000_000_000);
        let ago = |minutes: i64| age(Timestamp(now.0 - minutes * 60_000), now);
        assert_eq!([0, 5, 65, 49 * 60].map(ago), ["now", "5 min", "1 h", "2 d"]);
        assert_eq!((ago(60 * 24 * 30).as_str(), ago(-5).as_str()), ("2026-12-16", "now"));
    }

    #[test]
    fn the_least_important_figures_go_first() {
        let line = |columns| {
            let figures = vec![figure(2, "local"), figure(1, "TTFT 1 ms"), figure(3, "漢字")];
            fit(figures, columns).into_string()
        };
        assert_eq!(line(24), "local · TTFT 1 ms · 漢字");
        assert_eq!(line(23), "local · TTFT 1 ms");
        assert_eq!(line(16), "TTFT 1 ms");
        assert_eq!(line(5), "TTFT…");
        assert!(fit_whole(vec![figure(1, "TTFT 1 ms"), figure(2, "a")], 5).is_empty());
        assert_eq!(fit_whole(vec![figure(1, "a"), figure(2, "TTFT")], 5).as_str(), "a");
    }
}
