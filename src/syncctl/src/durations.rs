//! Lengths of time on the command line, written as in a blueprint.

use std::time::Duration;

/// Reads `30s`, `2m` or `1h30m`; whole seconds, for clap.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    blueprint::Duration::new(text).map(blueprint::Duration::to_std).map_err(|problem| {
        let instead = problem.instead.map(|instead| format!("; did you mean `{instead}`?"));
        format!("{}{}", problem.message, instead.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_in_a_blueprint() {
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
        assert!(parse("10").is_err_and(|why| why.contains("10")));
    }
}
