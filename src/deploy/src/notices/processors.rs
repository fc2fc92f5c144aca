//! A cheaper kind of processor, said when somebody chooses one.

use blueprint::values::Architecture;

use crate::deployer::Deployer;
use crate::plan::{ChangeAction, Level, Notice, Plan};

pub(super) fn check(deployer: &Deployer<'_>, plan: &Plan) -> Option<Notice> {
    let instance = &deployer.deployment().servers.instance;
    let is_dearer = instance.architecture() == Architecture::X86;
    (is_dearer && chooses(plan)).then(|| Notice {
        level: Level::Note,
        text: format!(
            "{instance} is an x86-64 type; the same size with Graviton processors costs about a fifth less."
        ),
        advice: Some("needs a release built for arm64 (servers.release)".to_owned()),
        line: crate::lines::of_key(deployer.blueprint, "servers.instance"),
    })
}

/// Whether servers are new, or become others: anybody else has decided long ago.
fn chooses(plan: &Plan) -> bool {
    let mut changes = plan.stacks.iter().flat_map(|stack| &stack.changes);
    changes.any(|change| match change.resource_type.as_str() {
        "AWS::AutoScaling::AutoScalingGroup" => change.action == ChangeAction::Add,
        "AWS::EC2::LaunchTemplate" => {
            let mut paths = change.properties.iter().map(|property| &property.path);
            change.action == ChangeAction::Modify
                && paths.any(|path| path.ends_with("InstanceType"))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::chooses;
    use crate::report::sample;

    #[test]
    fn whoever_changes_something_else_is_not_asked_again() {
        assert!(chooses(&sample::first()));
        assert!(!chooses(&sample::empty()));
        let mut plan = sample::harmful();
        assert!(chooses(&plan));
        let changes = &mut plan.stacks[1].changes;
        changes.retain(|change| change.resource_type != "AWS::EC2::LaunchTemplate");
        assert!(!chooses(&plan));
    }
}
