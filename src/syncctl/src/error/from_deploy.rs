//! The deployer's errors as a person at the command line meets them.

use cloud::{CloudError, Reason};
use deploy::DeployError;
use deploy::advice;
use deploy::explain::Cause;
use deploy::plan::Notice;

use super::{CliError, Kind};
use crate::ui::log_line::printable;

impl From<DeployError> for CliError {
    fn from(error: DeployError) -> Self {
        let found = Self::new(kind(&error), printable_lines(&error.to_string()));
        match error {
            DeployError::Call(error) => call(found, &error),
            DeployError::Foreign { .. } => {
                found.hint("choose another name in the blueprint, or with --name")
            }
            DeployError::Taken { .. } => found
                .hint("if it is your own: `syncctl permissions` prints the policy that a deployer needs")
                .hint("if it is not: choose another name in the blueprint, or with --name"),
            DeployError::Busy { .. } => found
                .hint("`--wait-for-other 15m` waits for the end, plans anew and goes on")
                .hint("follow it with `syncctl attach`, undo it with `syncctl cancel`, or wait and try again"),
            DeployError::Stuck { reason, .. } => {
                let found = match reason {
                    Some(reason) => found.cause(printable(&reason)),
                    None => found,
                };
                found.hint("`syncctl recover` shows why and what can be done")
            }
            DeployError::Absent { .. } => found.hint("`syncctl up` makes it; --region and --profile choose where to look"),
            DeployError::NoPreview { .. } => {
                found.hint("a deployment gets an end with `ttl` in its blueprint, or `syncctl up --ttl 48h`, when it is first made")
            }
            DeployError::Blocked(notices) => notices.iter().fold(found, blocker),
            DeployError::Failed { cause: Some(cause), status, .. } if status.is_stuck() => {
                with_cause(found, &cause).hint("`syncctl recover` gets it out of there")
            }
            DeployError::Refused { cause, .. } | DeployError::Failed { cause, .. } => match cause {
                Some(cause) => with_cause(found, &cause),
                None => found.hint("`syncctl events --failures` shows what AWS said"),
            },
            DeployError::NotReady(_) => found
                .hint("`syncctl status` shows the servers, `syncctl logs` what they say")
                .hint("`syncctl up` goes on waiting; `syncctl rollback` returns to the release before"),
            DeployError::Stale(_) => found.hint("seal a new plan with `syncctl plan --out FILE` and look at it again"),
            DeployError::Losses(_) => found,
            DeployError::Protected { .. } | DeployError::Cancelled(_) => found,
            DeployError::Release(_) => found
                .hint("`make release` builds servers that any image runs; name one with servers.release"),
            DeployError::Unfit(_) => {
                found.hint("choose another servers.instance, fewer network.zones, or another region")
            }
            DeployError::Detached(_) => found
                .hint("`syncctl attach` follows it from any machine; the same command, run again, does what is left"),
            DeployError::Render(_) | DeployError::Diff(_) | DeployError::NoRelease => found,
        }
    }
}

/// Written out in full, so that a new error asks for a decision.
fn kind(error: &DeployError) -> Kind {
    match error {
        DeployError::Call(error) => match error.reason {
            Reason::Denied | Reason::Credentials => Kind::NoPermission,
            Reason::Overloaded | Reason::Unreachable => Kind::Unavailable,
            Reason::Conflict => Kind::Busy,
            Reason::NotFound => Kind::NotFound,
            Reason::Unsupported | Reason::Invalid | Reason::Other => Kind::Failed,
        },
        DeployError::Foreign { .. } | DeployError::Taken { .. } => Kind::CannotCreate,
        DeployError::Busy { .. } => Kind::Busy,
        DeployError::Absent { .. } => Kind::NotFound,
        DeployError::NotReady(_) => Kind::Unavailable,
        DeployError::Stale(_) => Kind::Stale,
        DeployError::Failed { status, stack, .. }
            if status.as_str() == "UPDATE_ROLLBACK_COMPLETE" && !stack.ends_with("-data") =>
        {
            Kind::ReleaseUndone
        }
        DeployError::Detached(_) => Kind::Detached,
        DeployError::Cancelled(_) => Kind::Interrupted,
        DeployError::Stuck { .. }
        | DeployError::NoPreview { .. }
        | DeployError::Blocked(_)
        | DeployError::Refused { .. }
        | DeployError::Failed { .. }
        | DeployError::Losses(_)
        | DeployError::Protected { .. }
        | DeployError::Release(_)
        | DeployError::Unfit(_)
        | DeployError::Render(_)
        | DeployError::Diff(_)
        | DeployError::NoRelease => Kind::Failed,
    }
}

fn call(found: CliError, error: &CloudError) -> CliError {
    let advice = advice::of_call(error);
    let is_advised = advice.is_some();
    let tells_what_goes_on =
        advice.as_ref().is_some_and(|advice| advice.contains("`syncctl attach`"));
    let found = advice.into_iter().fold(found, CliError::hint);
    match error.reason {
        // Where there never were any, nothing can have begun.
        Reason::Credentials if error.code.is_some() && !tells_what_goes_on => found
            .hint("what had begun on AWS goes on; with fresh credentials `syncctl attach` follows it, and the same command again does what is left"),
        Reason::Denied if !is_advised => {
            found.hint("`syncctl permissions` prints the policy that a deployer needs")
        }
        Reason::Unreachable => match std::env::var("AWS_ENDPOINT_URL") {
            Ok(url) if !url.is_empty() => found
                .hint(format!("AWS_ENDPOINT_URL is {}: is that meant, and does it run?", printable(&without_secret(&url)))),
            _ => found.hint("look at the network and `HTTPS_PROXY`, then run it again: it goes on where it stopped"),
        },
        Reason::Overloaded => found.hint("run it again: it goes on where it stopped"),
        _ => found,
    }
}

fn blocker(found: CliError, notice: &Notice) -> CliError {
    let place = notice.line.as_deref().map(|line| format!(" ({line})")).unwrap_or_default();
    let found = found.cause(format!("{}{place}", printable(&notice.text)));
    match &notice.advice {
        Some(advice) => found.hint(printable(advice)),
        None => found,
    }
}

fn with_cause(found: CliError, cause: &Cause) -> CliError {
    let place = cause.line.as_deref().map(|line| format!(" ({line})")).unwrap_or_default();
    let found = found.cause(format!("{}{place}", printable(&cause.sentence())));
    let found =
        cause.also.iter().fold(found, |found, also| found.cause(printable(&also.sentence())));
    let found = match &cause.advice {
        Some(advice) => found.hint(printable(advice)),
        None => found,
    };
    match cause.hidden {
        0 => found,
        1 => {
            found.hint("one more failure followed from it; `syncctl events --failures` shows both")
        }
        hidden => found.hint(format!(
            "{hidden} more failures followed from it; `syncctl events --failures` shows them all"
        )),
    }
}

/// Line by line: some errors end with a server's last words.
fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// An address without a name and password in it.
fn without_secret(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}
