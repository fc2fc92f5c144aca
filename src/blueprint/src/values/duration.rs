use super::{Problem, display_value, quote};
use std::fmt;

/// Units from long to short, with their length in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A length of time in whole seconds, written `30d`, `72h`, `2m`, `5s` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Duration {
    /// Reads a number with a unit, or several from long to short.
    ///
    /// # Errors
    /// When there is no unit, an unknown one, a fraction, or units in the wrong order.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let mut rest = text;
        let mut seconds = 0_u64;
        let mut shortest = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let mut letters = tail.chars();
            let unit = letters.next().and_then(|letter| {
                let known = UNITS.iter().find(|(name, _)| *name == letter);
                known.map(|(_, length)| *length)
            });
            let (Ok(number), Some(unit)) = (number.parse::<u64>(), unit) else {
                return Err(explain(text));
            };
            if unit >= shortest {
                return Err(explain(text));
            }
            shortest = unit;
            let part = number.checked_mul(unit);
            let Some(sum) = part.and_then(|part| part.checked_add(seconds)) else {
                return Err(Problem::new(format!("{} is too long", quote(text))));
            };
            seconds = sum;
            rest = letters.as_str();
        }
        if shortest == u64::MAX {
            return Err(explain(text));
        }
        Ok(Self(seconds))
    }

    /// A duration of this many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The same length as the standard library has it.
    #[must_use]
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0)
    }
}

/// Guesses what was meant: a missing unit, a unit in words, a fraction, milliseconds.
fn explain(text: &str) -> Problem {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).take(40).collect();
    let digits = compact.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = compact.get(..compact.len() - digits.len()).unwrap_or("");
    if !number.is_empty() && digits.is_empty() && !number.contains('.') {
        let problem = Problem::new(format!("{} has no unit", quote(text)));
        return problem.instead(format!("{number}s"));
    }
    let word = digits.to_ascii_lowercase();
    let unit = match word.as_str() {
        "ms" | "msec" | "milliseconds" => {
            let seconds =
                number.parse::<u64>().ok().map(|milliseconds| milliseconds.div_ceil(1_000));
            let problem = Problem::new("the shortest unit is a whole second");
            return match seconds {
                Some(seconds) => problem.instead(Duration(seconds.max(1)).to_string()),
                None => problem,
            };
        }
        "w" | "week" | "weeks" => Some(7 * 86_400),
        _ => word.chars().next().and_then(|letter| {
            let known = UNITS.iter().find(|(name, _)| *name == letter);
            known.map(|(_, length)| *length)
        }),
    };
    let problem = Problem::new(format!("{} is not a duration", quote(text)));
    match (number.parse::<f64>(), unit) {
        (Ok(number), Some(unit)) if number < 1e9 && digits.chars().all(char::is_alphabetic) => {
            // The result is only a suggestion, so rounding is welcome; the bound keeps it exact enough.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "bounded above, never negative"
            )]
            let seconds = (number * unit as f64).round() as u64;
            problem.instead(Duration(seconds).to_string())
        }
        _ => problem,
    }
}

impl fmt::Display for Duration {
    /// The fewest units that say it exactly: `2m`, `1h30m`, `3d`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return formatter.write_str("0s");
        }
        let mut rest = self.0;
        for (name, length) in UNITS {
            if rest >= length {
                write!(formatter, "{}{name}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

display_value!(Duration);

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn durations_read_and_write() {
        for (text, seconds, written) in [
            ("5s", 5, "5s"),
            ("120s", 120, "2m"),
            ("72h", 259_200, "3d"),
            ("1h30m", 5_400, "1h30m"),
            ("30d", 2_592_000, "30d"),
            ("0s", 0, "0s"),
        ] {
            let duration = Duration::new(text).unwrap();
            assert_eq!(duration.seconds(), seconds, "{text}");
            assert_eq!(duration.to_string(), written);
        }
    }

    #[test]
    fn what_is_no_duration_says_what_was_meant() {
        for (text, instead) in [
            ("5", Some("5s")),
            ("5 s", Some("5s")),
            ("5 minutes", Some("5m")),
            ("1.5h", Some("1h30m")),
            ("500ms", Some("1s")),
            ("2w", Some("14d")),
            ("soon", None),
            ("", None),
            ("-5s", None),
            ("5s5s", None),
            ("99999999999999999999d", None),
        ] {
            let problem = Duration::new(text).unwrap_err();
            assert_eq!(problem.instead.as_deref(), instead, "{text}: {problem}");
        }
    }
}
