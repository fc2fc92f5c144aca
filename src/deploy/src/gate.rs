//! The alarms that undo a roll while it is carried out.

use blueprint::Deployment;
use stack::Stack;

use crate::observe::ObservedStack;

const LAUNCH_TEMPLATE: &str = "AWS::EC2::LaunchTemplate";

/// ARNs of the alarms that undo an update of the app stack: the deployed ones of `rollout.alarms` where servers are
/// replaced, none otherwise. The group watches the same ones while it replaces servers; CloudFormation watches them
/// until the rest of the stack is changed as well. A change without a roll may be what makes an alarm stop, and is
/// not undone because it rings. An alarm that is missing would fail the operation
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackTrigger.html>).
pub(crate) fn triggers(
    deployment: &Deployment,
    deployed: &ObservedStack,
    wanted: &Stack,
) -> Vec<String> {
    let mut templates = wanted
        .template
        .resources()
        .iter()
        .filter(|(_, resource)| resource["Type"] == LAUNCH_TEMPLATE);
    let is_roll = templates.any(|(id, _)| !deployed.holds(id));
    if !is_roll {
        return Vec::new();
    }
    let ids = deployed.physical_ids();
    let alarms = deployment.rollout.alarms.iter().filter_map(|it| ids.get(stack::alarm_id(*it)));
    alarms.filter_map(|name| arn(&deployed.summary.id, name)).collect()
}

/// An alarm's ARN, in the partition, Region and account of its stack's.
fn arn(stack: &str, alarm: &str) -> Option<String> {
    let mut parts = stack.split(':');
    let (_, partition, _, region, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm}"))
}

#[cfg(test)]
mod tests {
    use super::arn;

    #[test]
    fn an_alarm_is_where_its_stack_is() {
        let stack = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/acme/1";
        let found = arn(stack, "acme-BootFailed-1");
        let wanted = "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:acme-BootFailed-1";
        assert_eq!(found.as_deref(), Some(wanted));
        assert_eq!(arn("acme", "it"), None);
    }
}
