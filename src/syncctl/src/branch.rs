//! `--name auto`: a deployment's name from the branch.

use std::process::{Command, Stdio};

use blueprint::StackName;

use crate::error::{CliError, Kind, Result};
use crate::ui::Ui;
use crate::ui::log_line::printable;

/// What `--name` takes for it.
const AUTO: &str = "auto";

/// Where pipelines say which branch they run for, those that name a pull request's own branch first: what is checked
/// out there is often a merge that has no name.
const VARIABLES: [&str; 12] = [
    "GITHUB_HEAD_REF",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CHANGE_BRANCH",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "GITHUB_REF_NAME",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_SLUG",
    "BRANCH_NAME",
    "BITBUCKET_BRANCH",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "BUILD_SOURCEBRANCH",
];

/// Puts the branch's name where `--name auto` was typed. The same branch has the same name on every machine.
pub(crate) fn settle(ui: &mut Ui) -> Result<()> {
    if ui.settings().name.as_deref() != Some(AUTO) {
        return Ok(());
    }
    let variable = |name: &str| std::env::var(name).ok();
    let Some(branch) = checked_out().or_else(|| of_pipeline(variable)) else {
        return Err(CliError::new(
            Kind::Usage,
            "--name auto needs a branch, and none is checked out here",
        )
        .hint("run it in a checkout of a branch, or write the name: --name NAME"));
    };
    let name = StackName::from_branch(&branch).to_string();
    ui.detail(&format!("Branch {} is deployed as {name}.", printable(&branch)));
    ui.rename(&name);
    Ok(())
}

/// The branch of the working directory's checkout; `None` without git, outside of a checkout, and on no branch.
fn checked_out() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["symbolic-ref", "--quiet", "HEAD"]);
    let done = git.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    // In full: the short form depends on what else has that name.
    let head = String::from_utf8(done.stdout).ok()?;
    let branch = head.trim().strip_prefix("refs/heads/")?.to_owned();
    (done.status.success() && !branch.is_empty()).then_some(branch)
}

fn of_pipeline(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let branches = VARIABLES
        .into_iter()
        .filter_map(variable)
        .map(|found| found.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(found));
    branches.into_iter().find(|branch| !branch.is_empty())
}

#[cfg(test)]
mod tests {
    use super::of_pipeline;

    fn found(variables: &[(&str, &str)]) -> Option<String> {
        of_pipeline(|name| {
            let pair = variables.iter().find(|(variable, _)| *variable == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_branch_of_a_pull_request_wins_over_the_merge_that_is_built() {
        let pull_request = [("GITHUB_REF_NAME", "12/merge"), ("GITHUB_HEAD_REF", "feature/a")];
        assert_eq!(found(&pull_request).as_deref(), Some("feature/a"));
        let push = [("GITHUB_REF_NAME", "main"), ("GITHUB_HEAD_REF", "")];
        assert_eq!(found(&push).as_deref(), Some("main"), "GitHub sets it to nothing");
        let azure = [("BUILD_SOURCEBRANCH", "refs/heads/feature/a")];
        assert_eq!(found(&azure).as_deref(), Some("feature/a"));
        assert_eq!(found(&[]), None);
    }
}
