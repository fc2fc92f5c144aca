//! Numbers and times as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Binary units, three digits: `4.00 KiB`, `131 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// How long, and how fast that was, where there was enough to tell.
pub(crate) fn speed(count: u64, time: Duration) -> String {
    const ENOUGH: u64 = 1024 * 1024;
    let seconds = time.as_secs_f64().max(0.001);
    if count < ENOUGH {
        return format!("{seconds:.1} s");
    }
    format!("{seconds:.1} s, {}/s", bytes((count as f64 / seconds) as u64))
}

/// `2026-11-20 17:03` in the local time zone; `-` where none is known.
pub(crate) fn time(nanoseconds: Option<i64>) -> String {
    let instant = nanoseconds.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
    instant.map_or_else(|| "-".to_owned(), local)
}

/// An RFC 3339 time of the server's.
pub(crate) fn server_time(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), local)
}

fn local(instant: Timestamp) -> String {
    let zoned = instant.to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A name that can't disturb the terminal.
pub(crate) fn name(text: &str) -> String {
    if text.chars().any(char::is_control) { format!("{text:?}") } else { text.to_owned() }
}

/// A path on one line: of a very long one, the beginning and the end.
pub(crate) fn path(text: &str) -> String {
    const KEPT: usize = 100;
    let length = text.chars().count();
    if length <= 2 * KEPT + 1 {
        return name(text);
    }
    let begin: String = text.chars().take(KEPT).collect();
    let end: String = text.chars().skip(length - KEPT).collect();
    name(&format!("{begin}…{end}"))
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Columns of even width; the last is left ragged.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let line: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        line.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let shown = [0, 1023, 1024, 10 * 1024, 1_048_575, 1 << 30].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.00 KiB", "10.0 KiB", "1.00 MiB", "1.00 GiB"]);
    }

    #[test]
    fn a_speed_is_told_where_there_is_one() {
        assert_eq!(speed(40, Duration::from_millis(1_200)), "1.2 s");
        assert_eq!(speed(4 << 20, Duration::from_secs(2)), "2.0 s, 2.00 MiB/s");
    }

    #[test]
    fn names_with_control_characters_are_escaped() {
        assert_eq!(name("a b"), "a b");
        assert_eq!(path(&format!("/a{}z", "-".repeat(4_000))).chars().count(), 201);
        assert_eq!(name("a\nb\u{1b}[31m"), r#""a\nb\u{1b}[31m""#);
    }
}
