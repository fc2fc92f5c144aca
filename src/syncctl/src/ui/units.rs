//! Numbers as people read them.

use std::time::Duration;

/// Bytes with a binary unit: `512 B`, `1.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The largest unit or two: `45 s`, `3 min`, `2 h 5 min`, `4 d`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => with_rest(hours, "h", minutes % 60, "min"),
        (days, hours, _) => with_rest(days, "d", hours % 24, "h"),
    }
}

/// As [`duration`], but in smaller units where something would be left out: `90 s`.
pub(crate) fn exact(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds % 60 != 0 => format!("{} s", grouped(seconds)),
        _ => duration(time),
    }
}

/// The largest unit alone, without a blank, for narrow columns: `45s`, `3m`, `2h`, `4d`.
pub(crate) fn age(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Short waits: `0.8 s`.
pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

/// Waits of any length: `12 ms`, `0.8 s` from a tenth on.
pub(crate) fn wait(elapsed: Duration) -> String {
    match elapsed.as_millis() {
        millis @ 0..100 => format!("{millis} ms"),
        _ => seconds(elapsed),
    }
}

/// `1 file`, `2 files`, `12,345 files`.
pub(crate) fn count(number: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { singular } else { plural })
}

fn with_rest(value: u64, unit: &str, rest: u64, rest_unit: &str) -> String {
    match rest {
        0 => format!("{value} {unit}"),
        rest => format!("{value} {unit} {rest} {rest_unit}"),
    }
}

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_change_unit_before_four_digits() {
        let shown: Vec<_> =
            [0, 1023, 1024, 1_572_864, 1_073_700_000, u64::MAX].map(bytes).into_iter().collect();
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1.0 GiB", "16384.0 PiB"]);
    }

    #[test]
    fn durations_show_at_most_two_units() {
        let shown =
            [0, 59, 60, 3_600, 7_500, 86_400, 90_000].map(Duration::from_secs).map(duration);
        assert_eq!(shown, ["0 s", "59 s", "1 min", "1 h", "2 h 5 min", "1 d", "1 d 1 h"]);
    }

    #[test]
    fn ages_stay_within_four_characters() {
        let shown = [0, 59, 60, 3_599, 3_600, 86_399, 86_400].map(Duration::from_secs).map(age);
        assert_eq!(shown, ["0s", "59s", "1m", "59m", "1h", "23h", "1d"]);
    }

    #[test]
    fn counts_agree_in_number_and_group_digits() {
        assert_eq!(count(1, "space", "spaces"), "1 space");
        assert_eq!(count(0, "space", "spaces"), "0 spaces");
        assert_eq!(count(1_234_567, "file", "files"), "1,234,567 files");
    }
}
