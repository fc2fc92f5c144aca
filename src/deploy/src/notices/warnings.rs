//! What CloudFormation warns of and lets be carried out: buckets that are not empty, quotas, configuration recorders,
//! image repositories (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>).

use crate::deployer::Deployer;
use crate::explain;
use crate::plan::{Level, Notice};

/// The warnings of a change set that is ready. That they cannot be read keeps nobody from anything.
pub(crate) async fn of_change_set(deployer: &Deployer<'_>, stack: &str, id: &str) -> Vec<Notice> {
    let found = deployer.cloud.validations(stack, id).await.unwrap_or_default();
    let causes = explain::warnings(&found).into_iter();
    let notice = |cause: explain::Cause| Notice {
        level: Level::Warning,
        text: match cause.logical_id.as_str() {
            "" => format!("CloudFormation warns: {}", cause.message),
            id => format!("CloudFormation warns of {id}: {}", cause.message),
        },
        advice: cause.advice,
        line: cause.line,
    };
    causes.map(|cause| notice(cause.with_line(deployer.blueprint))).collect()
}
