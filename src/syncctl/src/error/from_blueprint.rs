//! A blueprint's findings: shown as they are, with source lines, under exit code 65.

use blueprint::Diagnostics;

use super::{CliError, Kind};

/// The error for a blueprint that cannot be used.
pub(crate) fn error(diagnostics: &Diagnostics, color: bool) -> CliError {
    let count = diagnostics.error_count();
    let message = match count {
        1 => "the blueprint has 1 error".to_owned(),
        count => format!("the blueprint has {count} errors"),
    };
    let mut error = CliError::new(Kind::BlueprintInvalid, message);
    error.rendered = Some(diagnostics.render(color));
    error.causes = diagnostics.list().iter().map(|found| found.message.clone()).collect();
    error
}
